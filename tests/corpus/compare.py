"""Every graph once by LangGraph and once by the service, and in what they differ."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from tests.corpus.alone import How, run_alone
from tests.corpus.case import Case
from tests.corpus.house import House
from tests.corpus.observed import Observed, differences
from tests.corpus.served import Refused, Served

AT_ONCE: Final = 6
LONGEST_S: Final = 120.0

Alone = Mapping[str, Observed]
"""What LangGraph did with each graph, by its name."""


async def all_alone(cases: Sequence[Case], durability: str) -> Alone:
    """Run each by LangGraph."""
    turns = asyncio.Semaphore(AT_ONCE)

    async def run(case: Case) -> tuple[str, Observed]:
        async with turns, asyncio.timeout(LONGEST_S):
            return case.name, await run_alone(case, How(case.modes, durability))

    return dict(await asyncio.gather(*map(run, cases)))


async def compare(
    house: House, cases: Sequence[Case], alone: Alone, durability: str
) -> dict[str, list[str]]:
    """Run each by the service; the differences, by graph."""
    pid = await house.start_worker(cases, house.store.url, durability)
    await house.has_announced(cases)
    turns = asyncio.Semaphore(AT_ONCE)

    async def run(case: Case) -> tuple[str, list[str]]:
        async with turns:
            served = await run_served(Served(house, case, How(case.modes, durability)))
        return case.name, list(differences(alone[case.name], served))

    found = dict(await asyncio.gather(*map(run, cases)))
    await house.kill(pid)
    return {name: differing for name, differing in found.items() if differing}


async def run_served(served: Served) -> Observed:
    """Post a job and see it through; one that is refused or hangs is a difference like others."""
    try:
        async with asyncio.timeout(LONGEST_S):
            await served.post()
            return await served.run()
    except Refused as refused:
        return Observed("refused", str(refused))
    except TimeoutError:
        served.seen.outcome = f"stuck behind event {served.seq}"
        return served.seen
