"""`python -m tests.corpus --seed 7 --kills 200`: the whole corpus, and a table of what it showed.

Ends with 1 where anything differs from what LangGraph does.
"""

import argparse
import asyncio
import logging
import secrets
import sys

from tests.corpus.campaign import Plan, run_campaign
from tests.corpus.graphs import ALL


def main() -> int:
    """Run what the command line asks for; the exit status."""
    asked = _arguments()
    # Graphs that fail are part of the corpus, and their tracebacks are not news.
    logging.disable(logging.ERROR)
    cases = [case for case in ALL.values() if asked.graphs in case.name]
    plan = Plan(cases, asked.seed, asked.kills)
    _say(f"seed {asked.seed}, {len(cases)} graphs, {asked.kills} kills")
    found = asyncio.run(run_campaign(plan, _say))
    for text in found.all_differences:
        _say(text[: asked.width])
    for text in found.table():
        _say(text)
    return bool(found.all_differences)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.corpus", description=__doc__)
    parser.add_argument("--seed", type=int, default=secrets.randbelow(10_000))
    parser.add_argument("--kills", type=int, default=200, help="0 only compares")
    parser.add_argument("--graphs", default="", help="only those with this in their names")
    parser.add_argument("--width", type=int, default=400, help="of a difference, in characters")
    return parser.parse_args()


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
