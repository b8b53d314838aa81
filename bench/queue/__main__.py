"""`python -m bench.queue [--jobs N] [--rounds R] [--with saq,streaq]`."""

import argparse
import asyncio
from collections.abc import Mapping
from dataclasses import asdict
from functools import partial
from typing import Final

import orjson

from bench.queue.contenders import ALWAYS, BY_NAME, ON_REQUEST, OURS, STOCK, Contender
from bench.queue.measures import Size
from bench.queue.suite import Results, rounds
from bench.queue.table import comparison, goals
from bench.report import console
from bench.report_file import RESULTS
from bench.store import embedded

FILE: Final = RESULTS / "queue.json"


def main() -> None:
    """Measure, print the tables, and keep the figures of every round."""
    options = _options()
    contenders = _chosen(options)
    present = [contender for contender in contenders if contender.installed]
    page = console()
    say = partial(page.print, style="dim")
    size = Size(options.jobs, options.samples)
    with embedded(options.fsync) as store:
        results = asyncio.run(rounds(present, store.url, size, options.rounds, say))
    _keep(results, vars(options))
    page.print(comparison(results, [c for c in contenders if not c.installed]))
    if {OURS, STOCK} <= results.keys():
        page.print(goals(results))
    page.print(f"{options.jobs} jobs, {options.samples} samples; fsync {options.fsync}; {FILE}")


def _keep(results: Results, options: Mapping[str, object]) -> None:
    figures = {contender.name: [asdict(f) for f in of] for contender, of in results.items()}
    RESULTS.mkdir(exist_ok=True)
    text = orjson.dumps({"options": options, "rounds": figures}, option=orjson.OPT_INDENT_2)
    FILE.write_bytes(text + b"\n")


def _chosen(options: argparse.Namespace) -> list[Contender]:
    if options.only:
        return [contender for name, contender in BY_NAME.items() if name in options.only]
    return [*ALWAYS, *(contender for contender in ON_REQUEST if contender.name in options.others)]


def _names(text: str) -> list[str]:
    names = text.split(",")
    if unknown := set(names) - BY_NAME.keys():
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not among {', '.join(BY_NAME)}")
    return names


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.queue", description=__doc__)
    parser.add_argument("--jobs", type=int, default=2000, help="backlog in each measurement")
    parser.add_argument("--samples", type=int, default=30, help="pick-ups in each round")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--with", dest="others", type=_names, default=[], help="saq,streaq")
    parser.add_argument("--only", type=_names, default=[], help=f"some of {', '.join(BY_NAME)}")
    parser.add_argument("--fsync", default="everysec", choices=("always", "everysec", "no"))
    return parser.parse_args()


if __name__ == "__main__":
    main()
