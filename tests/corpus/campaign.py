"""A whole run: every graph against LangGraph at every durability, then with kills."""

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tailrace.shared.jobs import StreamMode
from tests.corpus.case import Case
from tests.corpus.compare import Alone, all_alone, compare
from tests.corpus.house import House, open_house
from tests.corpus.kills import Round, Tally, run_round

DURABILITIES: Final = ("async", "sync", "exit")
FAR_MS: Final = (0, 20, 60)
"""How far away the store is, in milliseconds from a call to its reply."""
JOBS: Final = 12
"""At the same time, in a round of kills."""
KILLS: Final = 4
"""Of a round."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run; the same seed, the same plan."""

    cases: Sequence[Case]
    seed: int
    kills: int
    durabilities: Sequence[str] = DURABILITIES
    far_ms: Sequence[int] = FAR_MS
    some_modes: bool = True
    """Whether each graph is also run with only some of the stream's modes."""

    def passes(self) -> Iterator[tuple[str, Sequence[Case]]]:
        """What is compared without kills, by durability; with all modes at last, as the kills."""
        if self.some_modes:
            rng = random.Random(f"{self.seed} modes")
            yield (
                self.durabilities[0],
                [replace(case, modes=_some(case, rng)) for case in self.cases],
            )
        for durability in self.durabilities:
            yield durability, self.cases

    def rounds(self, rng: random.Random) -> Iterator[Round]:
        """Rounds without end: each graph comes as often as the others, at every distance."""
        settings = [(d, far) for far in self.far_ms for d in self.durabilities]
        for durability, far_ms in cycle(settings):
            cases = rng.sample(list(self.cases), min(JOBS, len(self.cases)))
            yield Round(cases, durability, far_ms, KILLS)


@dataclass(slots=True)
class Outcome:
    """What a run found."""

    graphs: int = 0
    runs: int = 0
    differences: list[str] = field(default_factory=list[str])
    tallies: dict[tuple[str, int], Tally] = field(default_factory=dict[tuple[str, int], Tally])

    @property
    def all_differences(self) -> list[str]:
        """Those of plain runs and those behind kills."""
        return [*self.differences, *(d for t in self.tallies.values() for d in t.differences)]

    def table(self) -> Iterator[str]:
        """The figures, a line each."""
        kills = sum(tally.kills for tally in self.tallies.values())
        differ = len(self.all_differences)
        yield f"{self.graphs} graphs, {self.runs} runs, {kills} kills, {differ} differences"
        if not self.tallies:
            return
        yield "durability  store ms  runs  kills  cut off  answers  retries  finished  ran again"
        for (durability, far_ms), t in sorted(self.tallies.items()):
            numbers = (t.runs, t.kills, t.cut, t.answers, t.retries, t.finished, t.again)
            widths = (6, 7, 9, 9, 9, 10, 11)
            row = "".join(f"{n:>{w}}" for n, w in zip(numbers, widths, strict=True))
            yield f"{durability:<10}{far_ms:>10}{row}"


async def run_campaign(plan: Plan, say: Say) -> Outcome:
    """Run all of it on a service of its own."""
    found = Outcome(graphs=len(plan.cases))
    with TemporaryDirectory(prefix="tailrace-") as folder:
        async with open_house(Path(folder)) as house:
            alone: Alone = {}
            for durability, cases in plan.passes():
                alone = await all_alone(cases, durability)
                await _compare(house, cases, alone, durability, found)
                say(f"{durability}: {len(found.differences)} differences so far")
            await _kill(house, plan, alone, found, say)
    return found


async def _compare(
    house: House, cases: Sequence[Case], alone: Alone, durability: str, found: Outcome
) -> None:
    differing = await compare(house, cases, alone, durability)
    found.runs += len(cases)
    modes = {case.name: " ".join(case.modes) for case in cases}
    for name, texts in differing.items():
        found.differences += [f"{name} ({durability}, {modes[name]}): {text}" for text in texts]


async def _kill(house: House, plan: Plan, alone: Alone, found: Outcome, say: Say) -> None:
    rng = random.Random(f"{plan.seed} kills")
    rounds, killed = plan.rounds(rng), 0
    while killed < plan.kills:
        one = next(rounds)
        tally = found.tallies.setdefault((one.durability, one.far_ms), Tally())
        before, runs = tally.kills, tally.runs
        await run_round(house, one, alone, rng, tally)
        killed += tally.kills - before
        found.runs += tally.runs - runs
        say(f"{killed} kills, {one.durability}, {one.far_ms} ms: {len(tally.differences)} differ")


def _some(case: Case, rng: random.Random) -> Sequence[StreamMode]:
    return rng.sample(list(case.modes), rng.randint(1, len(case.modes) - 1))


def chosen(cases: Sequence[Case], seed: int, count: int) -> Sequence[Case]:
    """So many of them, by a seed."""
    return random.Random(f"{seed} graphs").sample(list(islice(cases, None)), count)
