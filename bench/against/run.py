"""The rounds: both sides side by side, each measure by the one and then by the other."""

import tempfile
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from bench.against.comparison import Comparison, Figures, Round
from bench.against.measures import MEASURES, Measure
from bench.against.service import Service, serving
from bench.against.side import Side, checked_out, this_tree
from bench.relay import cores
from bench.relay.programs import Programs, raise_file_limit


@dataclass(frozen=True, slots=True)
class Pair:
    """Both sides' services of one round."""

    ours: Service
    theirs: Service

    def in_order(self, turn: int) -> Sequence[Service]:
        """Who comes first changes with every turn, so that neither has always the warmer caches."""
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
        Failed: a service fell short of a measurement.
    """
    raise_file_limit()
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        programs = Programs.compiled(folder)
        say(f"installing {revision}")
        theirs = await stack.enter_async_context(checked_out(revision))
        ours = await this_tree()
        stack.enter_context(cores.load_pinned())
        done: list[Round] = []
        for number in range(1, rounds + 1):
            say(f"round {number} of {rounds}")
            async with _pair(ours, theirs, number) as pair:
                done.append(await _round(pair, only, number, programs))
    return Comparison.of(theirs.name, done)


@asynccontextmanager
async def _pair(ours: Side, theirs: Side, number: int) -> AsyncGenerator[Pair]:
    """Both, warm; who is started first changes with every round too."""
    first, second = (theirs, ours) if number % 2 else (ours, theirs)
    async with serving(first) as one, serving(second) as other:
        yield Pair(one, other) if first is ours else Pair(other, one)


async def _round(pair: Pair, only: Sequence[str], number: int, programs: Programs) -> Round:
    ours: dict[tuple[str, str], float] = {}
    theirs: dict[tuple[str, str], float] = {}
    for name in only:
        taken = await _turns(pair, MEASURES[name], number, programs)
        ours |= _named(name, taken[pair.ours.port])
        theirs |= _named(name, taken[pair.theirs.port])
    return Round(ours, theirs)


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
