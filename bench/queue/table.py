"""The rounds as tables: every contender, and our figures beside the goals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from rich.table import Table

from bench.figures import at_least, at_most, percentile, spread
from bench.queue.contenders import OURS, STOCK, Contender
from bench.queue.measures import Figures
from bench.section import Goal

Rounds = Sequence[Figures]
NOT_MEASURED: Final = "-"


@dataclass(frozen=True, slots=True)
class Measure:
    """One figure, taken from each round."""

    name: str
    of: Callable[[Figures], float]
    digits: int = 0
    at_most: float | None = None
    at_least: float | None = None
    what: str = ""
    """What its goal is about, in the report; and the unit there."""
    unit: str = ""

    def each(self, rounds: Rounds) -> list[float]:
        """The figure of every round."""
        return [self.of(figures) for figures in rounds]

    def judged(self, value: float) -> Goal | None:
        """The value beside the goal, where there is one."""
        if self.at_most is not None:
            return at_most(self.what, value, self.at_most, self.unit)
        if self.at_least is not None:
            return at_least(self.what, value, self.at_least, self.unit)
        return None

    @property
    def goal(self) -> str:
        """The bound in words, or empty."""
        if self.at_most is not None:
            return f"at most {self.at_most:g}"
        return "" if self.at_least is None else f"at least {self.at_least:,.0f}"


MEASURES: Final = (
    Measure(
        "pick-up p50, ms",
        lambda f: median(f.pickups_ms),
        digits=1,
        at_most=3,
        what="pick-up by an idle worker, p50",
        unit="ms",
    ),
    Measure("pick-up p99, ms", lambda f: percentile(f.pickups_ms, 99), digits=1),
    Measure(
        "idle commands/s",
        lambda f: f.idle_commands,
        digits=1,
        at_most=5,
        what="idle worker",
        unit="commands/s",
    ),
    Measure(
        "jobs/s, 1 worker",
        lambda f: f.jobs_one,
        at_least=2000,
        what="queue alone, 1 worker",
        unit="jobs/s",
    ),
    Measure("jobs/s, 2 workers", lambda f: f.jobs_two),
    Measure("enqueue/s, 1 by 1", lambda f: f.enqueues_alone),
    Measure("enqueue/s, 50 at once", lambda f: f.enqueues_at_once),
)


def comparison(results: Mapping[Contender, Rounds], missing: Sequence[Contender]) -> Table:
    """A row for each contender: medians over the rounds, least and most in brackets."""
    table = Table(title="Median over rounds (least to most)", title_justify="left")
    table.add_column("")
    for measure in MEASURES:
        table.add_column(measure.name, justify="right")
    for contender, rounds in results.items():
        table.add_row(
            contender.title, *(spread(measure.each(rounds), measure.digits) for measure in MEASURES)
        )
    for contender in missing:
        how = f"not installed: pip install {contender.package}"
        table.add_row(contender.title, how, *[NOT_MEASURED] * (len(MEASURES) - 1))
    return table


def goals(results: Mapping[Contender, Rounds]) -> Table:
    """Our queue alone beside its goals, and as a ratio to stock arq in the same rounds."""
    table = Table(title=f"{OURS.title}: goals", title_justify="left")
    for name in ("", "goal", "reached", "", f"ratio to {STOCK.title}"):
        table.add_column(name, justify="right" if name in ("reached", "goal") else "left")
    for measure in MEASURES:
        reached = median(measure.each(results[OURS]))
        table.add_row(
            measure.name,
            measure.goal,
            _number(reached, measure.digits),
            verdict(measure, reached),
            f"{ratio(measure, results):.3g}",
        )
    return table


def verdict(measure: Measure, reached: float) -> str:
    """Met or missed; empty where there is no goal."""
    goal = measure.judged(reached)
    if goal is None:
        return ""
    return "[green]met" if goal.met else "[red]missed"


def ratio(measure: Measure, results: Mapping[Contender, Rounds]) -> float:
    """The median of our figure over stock arq's, round by round: neighbours in time."""
    pairs = zip(measure.each(results[OURS]), measure.each(results[STOCK]), strict=True)
    return median(ours / theirs if theirs else float("inf") for ours, theirs in pairs)


def _number(value: float, digits: int) -> str:
    return f"{value:,.{digits}f}"
