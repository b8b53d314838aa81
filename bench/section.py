"""One part of the suite as the report shows it: a table, its goals, and all figures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Goal:
    """One goal beside what was measured; a row of the report."""

    name: str
    """What is measured, such as `W1 CPU of nchan's`."""
    value: float | None
    """The median over the rounds; None where it could not be measured, and then it is not met."""
    goal: str
    """Bound and unit, such as `<= 0.1` or `<= 30 ms`."""
    met: bool


@dataclass(frozen=True, slots=True)
class Section:
    """One part's results.

    Rows are text, ready to print, a contender or a step each; `figures` is JSON and holds every
    round's raw figures, from which the plots are drawn.
    """

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    goals: Sequence[Goal]
    figures: Mapping[str, object]
    notes: Sequence[str] = field(default=())
