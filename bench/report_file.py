"""What was measured: `summary.json`, which is kept, and `figures.json`, which is not.

The summary has the goals of each part, with its own date, machine and mode. The raw figures,
of every round of the last run, stay on the machine that measured them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import orjson

from bench.section import Goal, Section

RESULTS: Final = Path(__file__).with_name("results")
SUMMARY: Final = RESULTS / "summary.json"
FIGURES: Final = RESULTS / "figures.json"
_KEPT: Final = ("machine", "date", "mode", "title", "goals")
"""What the summary keeps of a section."""
PARTS: Final = ("relay", "chain", "queue", "publisher")
"""In the order in which goals are listed."""

Report = dict[str, Any]


def read(file: Path = SUMMARY) -> Report:
    """What was measured before; empty where nothing was."""
    return orjson.loads(file.read_bytes()) if file.exists() else {"sections": {}}


def merged(
    before: Report, new: Mapping[str, Section], machine: Mapping[str, object], mode: str
) -> Report:
    """The report with the new sections, whole; parts that were not run keep their summary."""
    head = {"machine": dict(machine), "date": _now(), "mode": mode}
    sections = dict(before["sections"])
    sections.update({name: {**head, **asdict(section)} for name, section in new.items()})
    return {"sections": {name: sections[name] for name in PARTS if name in sections}}


def goals(report: Report) -> Sequence[Goal]:
    """The goals of all parts."""
    return [Goal(**goal) for section in report["sections"].values() for goal in section["goals"]]


def write(report: Report, folder: Path = RESULTS) -> list[Path]:
    """Write the summary, and beside it the figures of the parts that were run."""
    sections = report["sections"].items()
    kept = {name: {key: section[key] for key in _KEPT} for name, section in sections}
    new = {name: section for name, section in sections if "figures" in section}
    return [
        _written(folder / SUMMARY.name, {"sections": kept}),
        _written(folder / FIGURES.name, {"sections": new}),
    ]


def _written(file: Path, report: Report) -> Path:
    """Write it such that a reader never sees half of it."""
    file.parent.mkdir(exist_ok=True)
    new = file.with_suffix(".new")
    new.write_bytes(orjson.dumps(report, option=orjson.OPT_INDENT_2) + b"\n")
    return new.replace(file)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
