"""The plots that README shows, drawn from the figures of a run: SVG, readable on light and dark."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Patch

from bench.figures import percentile
from bench.report import measured
from bench.report_file import Report

INK: Final = "#7a7f87"
"""Grey that can be read on white and on black; the background stays clear."""
COLOURS: Final = {"tailrace": "#2f8f83", "nchan": "#c98a2b", "naive": "#9a9fa8"}
NAMES: Final = {
    "tailrace": "Tailrace",
    "nchan": "nchan (nginx, C)",
    "naive": "naive: an XREAD a listener",
}
_HOP_COLOURS: Final = ("#2f8f83", "#5aa9a0", "#8cc4bd", "#c98a2b", "#dcae6b", "#8d7fb0")
_FSYNCS: Final = {"always": "fsync always", "everysec": "fsync everysec"}
_STYLE: Final[Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "bench",
    "font.family": "sans-serif",
    "font.size": 9,
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "legend.frameon": False,
}

Section = Mapping[str, Any]
Medians = Mapping[str, float]


def draw(report: Report, folder: Path) -> list[Path]:
    """Every plot for which this run has figures; the others stay as they are."""
    drawn: list[Path] = []
    with mpl.rc_context(_STYLE):
        for part, name, plot in _PLOTS:
            section = report["sections"].get(part)
            if section is None or "figures" not in section:
                continue
            figure = plot(section)
            if figure is not None:
                file = folder / f"{name}.svg"
                figure.savefig(file, transparent=True, metadata={"Date": None})
                drawn.append(file)
    return drawn


def _cpu(section: Section) -> Figure | None:
    panels = [
        ("W1", "server_cpu_per_million", "W1: 1,000 listeners,\n2,000 events at once"),
        ("W2", "server_cpu_per_million", "W2: 500 jobs\nat 50 events/s"),
        ("W6", "server_cpu_per_million", "W6: 1,000 listeners\nat 50 events/s"),
    ]
    return _panels(section, "CPU seconds per million delivered events", panels)


def _latency(section: Section) -> Figure | None:
    panels = [
        ("W2", "latency_p50_ms", "W2: latency p50, ms"),
        ("W6", "latency_p99_ms", "W6: latency p99, ms"),
        ("W3", "caught_up_p99_ms", "W3: 1,000 come back,\nall caught up (p99), ms"),
        ("W5", "replays_per_s", "W5: replays/s of one log\n(more is better)"),
        ("W7", "replays_per_s", "W7: replays/s of 300 logs\n(more is better)"),
    ]
    return _panels(section, "Latency, catching up and replays", panels)


def _panels(section: Section, title: str, panels: Sequence[tuple[str, str, str]]) -> Figure | None:
    """Bars for each contender, on a logarithmic scale: they are powers of ten apart."""
    found = [(medians(section, work, figure), text) for work, figure, text in panels]
    found = [(values, text) for values, text in found if values]
    if not found:
        return None
    figure = Figure(figsize=(2.3 * len(found), 3.1))
    axes = figure.subplots(1, len(found), squeeze=False)[0]
    for place, (values, text) in zip(axes, found, strict=True):
        _bars(place, values)
        place.set_title(text, fontsize=8, color=INK)
    figure.legend(
        _patches(COLOURS.values()),
        NAMES.values(),
        loc="lower center",
        ncols=3,
        bbox_to_anchor=(0.5, 0.055),
    )
    figure.suptitle(f"{title} (logarithmic)", color=INK, fontsize=10)
    figure.subplots_adjust(left=0.06, right=0.985, top=0.78, bottom=0.2, wspace=0.35)
    _caption(figure, section)
    return figure


def _bars(axes: Axes, values: Medians) -> None:
    colours = [COLOURS[name] for name in values]
    bars = axes.bar(range(len(values)), list(values.values()), width=0.7, color=colours)
    axes.bar_label(bars, [measured(v) for v in values.values()], fontsize=8, color=INK, padding=2)
    axes.set_yscale("log")
    axes.set_ylim(min(values.values()) / 3, max(values.values()) * 3)
    axes.set_xticks([])
    # The bars carry their values; ticks of a short logarithmic axis only crowd them.
    axes.yaxis.set_visible(False)
    axes.spines["left"].set_visible(False)


def medians(section: Section, workload: str, figure: str) -> Medians:
    """A figure of each contender over its rounds; those without one are left out."""
    found: dict[str, list[float]] = {}
    for entry in section["figures"]["rounds"]:
        value: float | None = entry["round"] and entry["round"]["figures"].get(figure)
        if entry["workload"] == workload and value:
            found.setdefault(entry["contender"], []).append(value)
    return {name: median(found[name]) for name in COLOURS if name in found}


def _chain(section: Section) -> Figure:
    """The hops, one behind the other, as long as each takes at the median."""
    figure = Figure(figsize=(8.2, 2.6))
    axes = figure.subplots()
    runs: Mapping[str, Sequence[Mapping[str, Any]]] = section["figures"]["first_event"]
    for row, fsync in enumerate(runs):
        _stack(axes, row, [chain["hops"] for chain in runs[fsync]])
        whole = [sum(chain["hops"]) for chain in runs[fsync]]
        words = f"  p50 {percentile(whole, 50):.1f}   p99 {percentile(whole, 99):.1f} ms"
        axes.text(_length(runs[fsync]), row, words, va="center", fontsize=8)
    axes.invert_yaxis()
    axes.set_yticks(range(len(runs)), [_FSYNCS[fsync] for fsync in runs])
    axes.set_xlim(0, max(map(_length, runs.values())) * 1.3)
    axes.set_xlabel("milliseconds since the POST, medians of the hops")
    figure.legend(
        _patches(_HOP_COLOURS), section["figures"]["hops"], loc="upper center", ncols=3, fontsize=8
    )
    figure.subplots_adjust(left=0.15, right=0.98, top=0.76, bottom=0.3)
    _caption(figure, section)
    return figure


def _stack(axes: Axes, row: int, chains: Sequence[Sequence[float]]) -> None:
    left = 0.0
    for hop, colour in zip(zip(*chains, strict=True), _HOP_COLOURS, strict=True):
        axes.barh(row, median(hop), left=left, height=0.55, color=colour)
        left += median(hop)


def _length(chains: Sequence[Mapping[str, Any]]) -> float:
    return sum(median(hop) for hop in zip(*(chain["hops"] for chain in chains), strict=True))


def _patches(colours: Iterable[str]) -> list[Patch]:
    return [Patch(color=colour) for colour in colours]


def _caption(figure: Figure, section: Section) -> None:
    machine, day = section["machine"], section["date"][:10]
    words = (
        f"{machine['cpu']}, {machine['cores']} cores, {machine['store']}, "
        f"Python {machine['python']}; {day}, {section['mode']} run"
    )
    figure.text(0.5, 0.015, words, ha="center", fontsize=7, color=INK)


_PLOTS: Final[Sequence[tuple[str, str, Callable[[Section], Figure | None]]]] = (
    ("relay", "cpu", _cpu),
    ("relay", "latency", _latency),
    ("chain", "chain", _chain),
)
