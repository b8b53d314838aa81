"""What came of a run: each figure of both sides, their ratio and the verdict."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Final

from rich.table import Table

from bench.against.ratio import BOUND, Ratio, ratio
from bench.report import measured

Name = tuple[str, str]
"""A measure, and one of its figures."""
Figures = Mapping[Name, float]
_STYLES: Final = {"slower": "red", "within 5 %": "green", "unclear": "yellow"}


@dataclass(frozen=True, slots=True)
class Round:
    """The figures of both sides in one round."""

    ours: Figures
    theirs: Figures


@dataclass(frozen=True, slots=True)
class Line:
    """One figure over all rounds."""

    name: Name
    ours: Sequence[float]
    theirs: Sequence[float]
    ratio: Ratio


@dataclass(frozen=True, slots=True)
class Comparison:
    """This tree beside a revision."""

    revision: str
    lines: Sequence[Line]

    @classmethod
    def of(cls, revision: str, rounds: Sequence[Round]) -> "Comparison":
        """Over all rounds; there are at least `ratio.FEWEST`."""
        return cls(revision, [_line(name, rounds) for name in rounds[0].ours])

    @property
    def slower(self) -> Sequence[Line]:
        """Where this tree is slower by more than the bound, beyond what chance explains."""
        return [line for line in self.lines if line.ratio.verdict == "slower"]

    def table(self) -> Table:
        """A row for each figure: medians in milliseconds, and the ratio with its interval."""
        rounds = len(self.lines[0].ours)
        title = f"This tree against {self.revision}, {rounds} rounds; the bound is {BOUND:g}"
        table = Table(title=title, title_justify="left")
        for column in ("", "in ms"):
            table.add_column(column)
        for column in (self.revision, "this tree", "ratio", "95 % interval", ""):
            table.add_column(column, justify="right")
        for row in self._rows():
            table.add_row(*row)
        return table

    def _rows(self) -> Iterator[Sequence[str]]:
        for line in self.lines:
            ours, theirs = measured(median(line.ours)), measured(median(line.theirs))
            found, style = line.ratio, _STYLES[line.ratio.verdict]
            interval = f"{found.low:.3f} to {found.high:.3f}"
            verdict = f"[{style}]{found.verdict}"
            yield [*line.name, theirs, ours, f"{found.value:.3f}", interval, verdict]

    def raw(self) -> dict[str, object]:
        """Everything, as JSON."""
        lines = [{**asdict(line), "verdict": line.ratio.verdict} for line in self.lines]
        return {"revision": self.revision, "bound": BOUND, "lines": lines}


def _line(name: Name, rounds: Sequence[Round]) -> Line:
    ours, theirs = [each.ours[name] for each in rounds], [each.theirs[name] for each in rounds]
    return Line(name, ours, theirs, ratio(ours, theirs))
