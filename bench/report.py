"""The results in the terminal: a table a section, and one of all goals."""

from collections.abc import Sequence

from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from bench.section import Goal, Section

WIDTH = 150
"""Where there is no terminal, so that no table is cut."""


def console() -> Console:
    """The terminal, or a wide enough page."""
    found = Console()
    if not found.is_terminal:
        found.width = WIDTH
    return found


def section_table(section: Section) -> Group:
    """A section's rows, and its notes below."""
    table = Table(title=section.title, title_justify="left")
    for place, column in enumerate(section.columns):
        table.add_column(column, justify="right" if place else "left")
    for row in section.rows:
        table.add_row(*(Text(cell) for cell in row))
    return Group(table, *(Text(note, style="dim") for note in section.notes), Text(""))


def goal_table(goals: Sequence[Goal]) -> Table:
    """What was reached beside what is asked for."""
    met = sum(goal.met for goal in goals)
    table = Table(title=f"Goals: {met} of {len(goals)} met", title_justify="left")
    for name in ("", "measured", "goal", "met"):
        table.add_column(name, justify="left" if not name else "right")
    for goal in goals:
        words = "[green]yes" if goal.met else "[red]no"
        table.add_row(goal.name, measured(goal.value), goal.goal, words)
    return table


def measured(value: float | None) -> str:
    """A value to three digits."""
    if value is None:
        return "not measured"
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"
