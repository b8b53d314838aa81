"""The publisher's part of the suite: what it costs beside the bare graph, and its batches."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

import orjson

from bench.figures import at_most, percentile, spread
from bench.publisher.rounds import EVENTS
from bench.relay.cores import use_all
from bench.section import Goal, Section
from tailrace.deploy.local.die_with_parent import tied_to_parent

ROOT: Final = Path(__file__).parents[2]
_QUICK: Final = 25
_FULL: Final = 75
_WITHIN_S: Final = 300.0
_OVER: Final = 1.25
_WAYS: Final = {
    "bare": "bare graph.astream, plain process",
    "bare_worker_loop": "the same on the worker's event loop",
    "worker": "through the worker into a store",
}
Rounds = Sequence[Mapping[str, Any]]


class RoundsFailed(Exception):
    """The process with the rounds ended without figures; what it said is on stderr."""


async def measure(*, full: bool, say: Callable[[str], None]) -> Section:
    """Run the rounds in a process of their own, and count."""
    number = _FULL if full else _QUICK
    say(f"publisher: {number} rounds of {EVENTS:,} events, bare and through the worker")
    figures = await run_rounds(number)
    rounds: Rounds = figures["rounds"]
    return Section(
        title=f"Publisher: a graph that emits {EVENTS:,} custom events",
        columns=("", "wall, ms", "CPU, ms", "wall to bare", "CPU to bare"),
        rows=[*(_row(name, rounds) for name in _WAYS), *_batches(figures)],
        goals=[_goal("CPU", "cpu", rounds), _goal("wall time", "wall", rounds)],
        figures=figures,
        notes=(
            "Ratios are taken within rounds. CPU is the process's own; the store has its own core.",
            "Bare is what a script has: asyncio's loop, the same stream modes, no checkpointer.",
        ),
    )


def ratios(kind: str, way: str, rounds: Rounds) -> list[float]:
    """A way's cost over the bare graph's, round by round."""
    return [each[way][kind] / each["bare"][kind] for each in rounds]


async def run_rounds(
    rounds: int, python: Path = Path(sys.executable), root: Path = ROOT
) -> dict[str, Any]:
    """What `bench.publisher.rounds` of a tree says, run by the interpreter of its environment.

    Raises:
        RoundsFailed: it ended without figures.
    """
    command = tied_to_parent((str(python), "-P", "-m", "bench.publisher.rounds", str(rounds)))
    env = os.environ | {"PYTHONPATH": str(root)}
    process = await asyncio.create_subprocess_exec(*command, stdout=PIPE, env=env)
    use_all(process.pid)
    async with asyncio.timeout(_WITHIN_S):
        output, _ = await process.communicate()
    if process.returncode != 0:
        raise RoundsFailed(f"it ended with {process.returncode}")
    return orjson.loads(output)


def _row(way: str, rounds: Rounds) -> Sequence[str]:
    costs = [spread([each[way][kind] for each in rounds]) for kind in ("wall", "cpu")]
    over = [spread(ratios(kind, way, rounds), 2) for kind in ("wall", "cpu")]
    return [_WAYS[way], *costs, *over]


def _batches(figures: Mapping[str, Any]) -> Sequence[Sequence[str]]:
    flat = [size for each in figures["rounds"] for size in each["sizes"]]
    rows = {"events a batch, flat out": flat, "events a batch, 50/s": figures["slow_sizes"]}
    return [[name, *_deciles(sizes)] for name, sizes in rows.items()]


def _deciles(sizes: Sequence[int]) -> Sequence[str]:
    return [*(f"p{p} {percentile(sizes, p):.0f}" for p in (10, 50, 90)), f"{len(sizes)} batches"]


def _goal(name: str, kind: str, rounds: Rounds) -> Goal:
    value = median(ratios(kind, "worker", rounds))
    return at_most(f"publisher: {name} over the bare graph's", value, _OVER, "x")
