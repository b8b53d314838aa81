"""`python -m bench [--full] [--only relay,chain,queue,publisher] [--profile chain|publisher]`."""

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from functools import partial
from importlib import import_module
from typing import Any, Final, cast

from rich.console import Console

from bench import machine, report_file
from bench.profile import PROFILES, profile
from bench.py_spy import NotProfiled
from bench.relay.programs import Unprepared
from bench.report import console, goal_table, section_table
from bench.report_file import PARTS, RESULTS
from bench.report_plots import draw
from bench.section import Section
from tools.documents.generate import write_generated_parts

Measure = Callable[..., Awaitable[Section]]
_MODES: Final = {False: "quick", True: "full"}
_EX_MISSING: Final = 2


def main() -> int:
    """Measure, print and save; 0 if everything was measured, even if a goal was missed."""
    options = _options()
    page = console()
    if options.profile:
        return _profiled(options.profile, page)
    parts = options.only or PARTS
    sections = _measured(parts, full=options.full, page=page)
    report = report_file.merged(
        report_file.read(), sections, machine.describe(), _MODES[options.full]
    )
    written = report_file.write(report)
    for section in sections.values():
        page.print(section_table(section))
    page.print(goal_table(report_file.goals(report)))
    _tell_older(page, report, sections)
    written += draw(report, RESULTS)
    write_generated_parts()
    page.print(f"written: {', '.join(file.name for file in written)} in {RESULTS}")
    return 0 if len(sections) == len(parts) else _EX_MISSING


def _profiled(name: str, page: Console) -> int:
    try:
        page.print(f"written: {asyncio.run(profile(name))}")
    except (NotProfiled, Unprepared) as error:
        sys.stderr.write(f"bench: {error}\n")
        return _EX_MISSING
    return 0


def _measured(parts: Sequence[str], *, full: bool, page: Console) -> Mapping[str, Section]:
    """One part after the other, each in a loop of its own; one that can't run is left out."""
    say = partial(page.print, style="dim", highlight=False)
    sections: dict[str, Section] = {}
    for part in parts:
        try:
            sections[part] = asyncio.run(_measure(part, full=full, say=say))
        except Unprepared as error:
            sys.stderr.write(f"bench: {part} is not measured: {error}\n")
    return sections


async def _measure(part: str, *, full: bool, say: Callable[[str], None]) -> Section:
    """Imported here: a part may need what is not installed on this machine."""
    suite = import_module(f"bench.{part}.suite")
    return await cast("Measure", suite.measure)(full=full, say=say)


def _tell_older(page: Console, report: Mapping[str, Any], new: Mapping[str, Section]) -> None:
    for name, section in report["sections"].items():
        if name not in new:
            page.print(f"{name}: not run now, from {section['date']} ({section['mode']})")


def _parts(text: str) -> list[str]:
    parts = text.split(",")
    if unknown := set(parts) - set(PARTS):
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not among {', '.join(PARTS)}")
    return [part for part in PARTS if part in parts]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--full", action="store_true", help="more rounds, longer; half an hour")
    parser.add_argument("--only", type=_parts, default=[], help=f"some of {', '.join(PARTS)}")
    parser.add_argument("--profile", choices=PROFILES, help="a flame graph instead of figures")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
