"""The rounds: both sides side by side, each measure by the one and then by the other."""

import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median
from typing import Final

from bench.against.comparison import Comparison, Figures, Round
from bench.against.measures import MEASURES, Measure
from bench.against.service import Service, serving
from bench.against.side import Side, checked_out, this_tree
from bench.chain.wire import Refused
from bench.publisher.suite import RoundsFailed
from bench.relay import cores
from bench.relay.programs import Programs, raise_file_limit
from bench.server import Failed

SHORT: Final = (Failed, Refused, RoundsFailed, OSError, ExceptionGroup)
"""What a side that falls short of a measurement raises; a `TimeoutError` is an `OSError`."""
VOID: Final = 3
"""Rounds that may be void: a busy machine, and no habit."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides' services of one round."""

    ours: Service
    theirs: Service

    def in_order(self, turn: int) -> Sequence[Service]:
        """The order changes with every turn, so that neither always has the warmer caches."""
        return (self.theirs, self.ours) if turn % 2 else (self.ours, self.theirs)


async def compare(
    revision: str, only: Sequence[str], rounds: int, say: Callable[[str], None]
) -> Comparison:
    """Measure this tree and a revision.

    Args:
        revision: what git knows it as.
        only: names of measures.
        rounds: each with fresh processes of both sides.
        say: is told what happens.

    Raises:
        NoSide: the revision can't be had.
        Unprepared: something is missing on this machine; says how to get it.
        Failed: a side fell short of a measurement again and again; so do the others of `SHORT`.
    """
    raise_file_limit()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        programs = Programs.compiled(folder)
        say(f"installing {revision}")
        theirs = await stack.enter_async_context(checked_out(revision))
        ours = await this_tree()
        stack.enter_context(cores.load_pinned())
        measured = partial(_round, ours, theirs, only, programs)
        return Comparison.of(theirs.name, await complete(measured, rounds, say))


async def complete(
    measured: Callable[[int], Awaitable[Round]], rounds: int, say: Callable[[str], None]
) -> Sequence[Round]:
    """So many rounds; one in which a side fell short is told, left out of both, and made up for.

    Raises:
        Failed: that happened more than three times; so do the others of `SHORT`.
    """
    done: list[Round] = []
    void = 0
    while len(done) < rounds:
        number = len(done) + 1
        say(f"round {number} of {rounds}")
        try:
            done.append(await measured(number))
        except SHORT as error:
            void += 1
            say(f"round {number} is void: {error!r}")
            if void > VOID:
                raise
    return done


@asynccontextmanager
async def _pair(ours: Side, theirs: Side, number: int) -> AsyncGenerator[Pair]:
    """Both, warm; who is started first changes with every round too."""
    first, second = (theirs, ours) if number % 2 else (ours, theirs)
    async with serving(first) as one, serving(second) as other:
        yield Pair(one, other) if first is ours else Pair(other, one)


async def _round(
    ours: Side, theirs: Side, only: Sequence[str], programs: Programs, number: int
) -> Round:
    our_figures: dict[tuple[str, str], float] = {}
    their_figures: dict[tuple[str, str], float] = {}
    async with _pair(ours, theirs, number) as pair:
        for name in only:
            taken = await _turns(pair, MEASURES[name], number, programs)
            our_figures |= _named(name, taken[pair.ours.port])
            their_figures |= _named(name, taken[pair.theirs.port])
    return Round(our_figures, their_figures)


async def _turns(
    pair: Pair, measure: Measure, number: int, programs: Programs
) -> Mapping[int, Sequence[Mapping[str, float]]]:
    """What each side's turns came to, by its port."""
    taken: dict[int, list[Mapping[str, float]]] = {pair.ours.port: [], pair.theirs.port: []}
    for turn in range(number, number + measure.turns):
        for service in pair.in_order(turn):
            taken[service.port].append(await measure.take(service, programs))
    return taken


def _named(name: str, turns: Sequence[Mapping[str, float]]) -> Figures:
    return {(name, figure): median(turn[figure] for turn in turns) for figure in turns[0]}
