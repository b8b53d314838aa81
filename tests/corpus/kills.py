"""The corpus with workers that are killed: at a random event of a random job, again and again.

Each job then has to end as LangGraph ends it, and nothing that had finished may run again.
"""

import asyncio
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from tests.corpus.alone import FAILURES, How
from tests.corpus.case import Case
from tests.corpus.compare import Alone, run_served
from tests.corpus.counting import starts
from tests.corpus.distance import away
from tests.corpus.finished import Kills, ran_too_often
from tests.corpus.house import House
from tests.corpus.observed import Observed, final_differences
from tests.corpus.served import Served

SHOWN: Final = 5
STATUSES: Final = 3
"""Events of a log that no graph told: a kill may fall on them, too."""


@dataclass(frozen=True, slots=True)
class Round:
    """Jobs at the same time on one worker, and how often that is killed."""

    cases: Sequence[Case]
    durability: str
    far_ms: int
    """How long the store takes to answer."""
    kills: int

    @property
    def max_attempts(self) -> int:
        """A lost worker is a failure of its job, beside those that a job may have anyway."""
        return FAILURES + self.kills


@dataclass(slots=True)
class Tally:
    """What rounds have shown."""

    kills: int = 0
    cut: int = 0
    """Attempts that were cut off."""
    answers: int = 0
    retries: int = 0
    finished: int = 0
    """Tasks that had finished when a worker was killed."""
    again: int = 0
    """Of these, how many ran again."""
    runs: int = 0
    differences: list[str] = field(default_factory=list[str])


async def run_round(
    house: House, one: Round, alone: Alone, rng: random.Random, tally: Tally
) -> None:
    """Run the jobs, kill their worker, and judge what became of them."""
    async with away(house.store.url, one.far_ms / 1000) as url:
        pid = await house.start_worker(one.cases, url, one.durability)
        await house.has_announced(one.cases)
        jobs = [Served(house, case, How(case.modes), one.max_attempts) for case in one.cases]
        kills = [Kills() for _ in jobs]
        async with asyncio.TaskGroup() as tasks:
            running = [tasks.create_task(run_served(job)) for job in jobs]
            for _ in range(one.kills):
                await _target(jobs, alone, rng)
                if all(task.done() for task in running):
                    break
                await house.kill(pid)
                tally.kills += 1
                await _note(jobs, kills)
                await house.end_leases()
                pid = await house.start_worker(one.cases, url, one.durability)
        await house.kill(pid)
    for job, task, met in zip(jobs, running, kills, strict=True):
        _judge(job, task.result(), met, alone[job.case.name], one, tally)


async def _target(jobs: Sequence[Served], alone: Alone, rng: random.Random) -> None:
    """Wait until one of the jobs has told so and so much."""
    open_jobs = [job for job in jobs if job.seen.outcome == "running"]
    if not open_jobs:
        return
    job = rng.choice(open_jobs)
    told = sum(map(len, alone[job.case.name].parts)) + STATUSES
    await job.reached(job.seq + rng.randint(1, max(told - job.seq, 1)))
    # Between two events, too.
    await asyncio.sleep(rng.choice((0, 0, rng.random() / 50)))


async def _note(jobs: Sequence[Served], kills: Sequence[Kills]) -> None:
    for job, met in zip(jobs, kills, strict=True):
        if job.job_id and job.seen.outcome == "running":
            met.note(await job.log(), starts(job.posted))


def _judge(
    job: Served, served: Observed, met: Kills, alone: Observed, one: Round, tally: Tally
) -> None:
    tally.runs += 1
    tally.cut += met.cut
    tally.answers += len(served.stops)
    tally.retries += sum(1 for _, told in job.told if told.data.get("reason") == "retry")
    tally.finished += len(met.finished)
    if not job.case.steady:
        return
    found = list(final_differences(alone, served))
    if _counts(job, served, met, one):
        met.look(begun := starts(job.posted))
        tally.again += len(met.again)
        found += _repeated(met, ran_too_often(met, alone.ran, begun))
    name = f"{job.case.name} ({one.durability}, {one.far_ms} ms, cut off {met.cut} times)"
    tally.differences += [f"{name}: {text}" for text in found]


def _counts(job: Served, served: Observed, met: Kills, one: Round) -> bool:
    """Whether what had finished may not run again.

    It may where its write can't be stored, and at `exit`, where LangGraph stores nothing before its
    run ends: what a kill cuts off begins anew.
    """
    stored = not served.error.startswith("unserializable")
    return job.job_id is not None and stored and (one.durability != "exit" or not met.cut)


def _repeated(met: Kills, too_often: Iterator[str]) -> Iterator[str]:
    if met.again:
        yield f"finished, and ran again: {_some(met.again)}"
    if found := list(too_often):
        yield f"ran too often: {_some(found)}"


def _some(texts: Sequence[str]) -> str:
    more = f" and {len(texts) - SHOWN} more" if len(texts) > SHOWN else ""
    return ", ".join(texts[:SHOWN]) + more
