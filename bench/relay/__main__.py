"""`python -m bench.relay [--only W1,W6] [--contenders tailrace,nchan] [--rounds N] [--full]`."""

import argparse
import asyncio
import sys
from collections.abc import Collection
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.py_spy import NotProfiled
from bench.relay.contenders import BY_NAME
from bench.relay.profile import profile
from bench.relay.programs import Unprepared
from bench.relay.suite import measure
from bench.relay.workloads import WORKLOADS
from bench.report import console
from bench.section import Section

_EX_MISSING: Final = 2


def main() -> int:
    """Measure or profile, and print; the exit status."""
    options = _options()
    page = console()
    try:
        if options.profile:
            page.print(f"written: {asyncio.run(profile(options.profile))}")
        else:
            _show(page, asyncio.run(_measure(options, page)))
    except (Unprepared, NotProfiled) as error:
        sys.stderr.write(f"bench.relay: {error}\n")
        return _EX_MISSING
    return 0


async def _measure(options: argparse.Namespace, page: Console) -> Section:
    return await measure(
        full=options.full,
        say=lambda text: page.print(text, style="dim"),
        only=options.only,
        names=options.contenders,
        rounds=options.rounds,
        before_others=options.before_others,
    )


def _show(page: Console, section: Section) -> None:
    figures = Table(title=section.title, title_justify="left")
    for place, column in enumerate(section.columns):
        figures.add_column(column, justify="right" if place > 1 else "left")
    for row in section.rows:
        figures.add_row(*row)
    goals = Table(title="Goals", title_justify="left")
    for column in ("", "reached", "goal", ""):
        goals.add_column(column, justify="right" if column == "reached" else "left")
    for goal in section.goals:
        reached = "not measured" if goal.value is None else f"{goal.value:.3g}"
        goals.add_row(goal.name, reached, goal.goal, "[green]met" if goal.met else "[red]missed")
    page.print(figures, goals, *section.notes, sep="\n")


def _names(text: str, known: Collection[str]) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - set(known):
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not among {', '.join(known)}")
    return names


def _workloads(text: str) -> list[str]:
    return _names(text, WORKLOADS)


def _contenders(text: str) -> list[str]:
    return _names(text, BY_NAME)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.relay", description=__doc__)
    parser.add_argument("--only", type=_workloads, default=list(WORKLOADS), help="W1,W6")
    parser.add_argument("--contenders", type=_contenders, default=list(BY_NAME), help="names")
    parser.add_argument("--rounds", type=int)
    parser.add_argument("--full", action="store_true", help="five whole rounds of everything")
    parser.add_argument("--before-others", action="store_true", help="as root, on a busy machine")
    parser.add_argument("--profile", choices=tuple(WORKLOADS), help="record the API under one")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
