"""`python -m bench.against REVISION [--rounds N] [--only first-event,w6]`."""

import argparse
import asyncio
import sys
from functools import partial
from typing import Final

import orjson

from bench import machine
from bench.against.comparison import Comparison
from bench.against.measures import MEASURES
from bench.against.run import SHORT, compare
from bench.against.side import NoSide
from bench.relay.programs import Unprepared
from bench.report import console
from bench.report_file import RESULTS

WRITTEN: Final = RESULTS / "against.json"
_ROUNDS: Final = 10
_EX_SLOWER: Final = 1
_EX_FAILED: Final = 2


def main() -> int:
    """0 where nothing is shown to be slower, 1 where something is, 2 where nothing was measured."""
    options = _options()
    page = console()
    say = partial(page.print, style="dim", highlight=False)
    try:
        found = asyncio.run(compare(options.revision, options.only, options.rounds, say))
    except (Unprepared, NoSide, *SHORT) as error:
        sys.stderr.write(f"bench.against: {type(error).__name__}: {error}\n")
        return _EX_FAILED
    _keep(found)
    page.print(found.table())
    for line in found.slower:
        page.print(f"[red]slower[/]: {', '.join(line.name)}")
    return _EX_SLOWER if found.slower else 0


def _keep(found: Comparison) -> None:
    kept = {"machine": machine.describe(), **found.raw()}
    WRITTEN.write_bytes(orjson.dumps(kept, option=orjson.OPT_INDENT_2) + b"\n")


def _measures(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - set(MEASURES):
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not among {', '.join(MEASURES)}")
    return names


def _rounds(text: str) -> int:
    if (rounds := int(text)) < _ROUNDS:
        raise argparse.ArgumentTypeError(f"a verdict takes at least {_ROUNDS} rounds")
    return rounds


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.against", description=__doc__)
    parser.add_argument("revision", help="a commit, as git knows it")
    parser.add_argument("--rounds", type=_rounds, default=_ROUNDS, help="at least ten")
    parser.add_argument("--only", type=_measures, default=list(MEASURES), help=", ".join(MEASURES))
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
