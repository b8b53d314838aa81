"""Jobs that count and many listeners to each, and the sum of what they heard through a fault.

The listeners are those of `tests.faults`, and so is the judgement; this only keeps them together.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx

from tailrace.shared.jobs import JobId
from tests.faults.audit import Findings, attempts, audit_job
from tests.faults.listener import Listener
from tests.faults.plan import PlannedJob
from tests.faults.record import Ear, PostedJob
from tests.faults.store_view import Kept, Logged
from tests.support.event_stream import Dispatched
from tests.support.wait import wait_until

JOBS: Final = 6
LISTENERS: Final = 4
COUNT: Final = 100
INTERVAL_S: Final = 0.06
UNDER_WAY: Final = 10
"""As many events have to be heard by everybody before a fault counts as one in mid-stream."""
START_S: Final = 60.0
END_S: Final = 90.0
ACCEPTED: Final = 202

ReadLog = Callable[[JobId], Awaitable[list[Logged]]]
ReadRecord = Callable[[JobId], Awaitable[Kept]]


@dataclass(frozen=True, slots=True)
class Figures:
    """What a fault did to the listeners."""

    fault: str
    jobs: int
    listeners: int
    logged: int
    """Events in all logs."""
    heard: int
    """Events that listeners got, over all their connections."""
    reconnects: int
    attempts: int
    lost: int
    repeated: int
    broken: tuple[str, ...]
    """Promises that were not kept, with examples."""

    def __str__(self) -> str:
        """One line for people."""
        return (
            f"{self.fault:<34} {self.jobs:>4} jobs {self.logged:>6} events in the logs,"
            f" {self.listeners:>3} listeners heard {self.heard:>6} over"
            f" {self.reconnects:>3} reconnects, {self.attempts:>3} attempts:"
            f" lost {self.lost}, repeated {self.repeated}"
        )


@dataclass(slots=True)
class Crowd:
    """The jobs of one test, and who listens to them."""

    url: str
    client: httpx.AsyncClient
    tasks: asyncio.TaskGroup
    jobs: list[PostedJob] = field(default_factory=list[PostedJob])

    async def post(self, number: int, count: int = COUNT) -> None:
        """More jobs, each with its listeners."""
        value = {"count": count, "interval_s": INTERVAL_S, "nodes": 4}
        planned = PlannedJob("counter", value, frozenset({"succeeded"}))
        port = httpx.URL(self.url).port or 80
        for _ in range(number):
            answer = await self.client.post("/jobs", json=planned.body)
            assert answer.status_code == ACCEPTED, answer.text
            job = PostedJob(JobId(answer.json()["id"]), planned)
            self.jobs.append(job)
            for n in range(LISTENERS):
                job.ears.append(ear := Ear())
                listener = Listener(job.id, [port], ear, f"{job.id} {n}", _no_reaction)
                self.tasks.create_task(listener.run())

    @property
    def ears(self) -> list[Ear]:
        """All listeners."""
        return [ear for job in self.jobs for ear in job.ears]

    async def under_way(self) -> None:
        """Wait until everybody has heard something, and nobody the end."""

        def everybody() -> bool:
            return all(len(ear.heard) >= UNDER_WAY for ear in self.ears)

        await wait_until(everybody, "every listener to hear something", START_S)
        assert not any(ear.ended for ear in self.ears), "the jobs are too short for a fault"

    async def figures(self, fault: str, log: ReadLog, record: ReadRecord) -> Figures:
        """Count, once all is over: every listener against the log as the store has it."""
        findings, logged, opened = Findings(), 0, 0
        for job in self.jobs:
            entries = await log(job.id)
            logged += len(entries)
            opened += len(attempts(entries))
            audit_job(job, entries, await record(job.id), findings)
        promises = (f"{what}: {n}" for what, n in findings.counts.items() if n)
        return Figures(
            fault=fault,
            jobs=len(self.jobs),
            listeners=len(self.ears),
            logged=logged,
            heard=sum(len(ear.heard) for ear in self.ears),
            reconnects=sum(ear.connections - 1 for ear in self.ears),
            attempts=opened,
            lost=findings.counts["events lost"],
            repeated=findings.counts["events repeated"],
            broken=(*promises, *findings.examples),
        )


@asynccontextmanager
async def crowd(url: str, jobs: int = JOBS, count: int = COUNT) -> AsyncGenerator[Crowd]:
    """Jobs under way; behind the block all listeners have heard the end.

    Raises:
        TimeoutError: somebody has not, a minute and a half after the block.
    """
    async with (
        httpx.AsyncClient(base_url=url, timeout=START_S) as client,
        asyncio.timeout(None) as limit,
        asyncio.TaskGroup() as tasks,
    ):
        everybody = Crowd(url, client, tasks)
        await everybody.post(jobs, count)
        await everybody.under_way()
        yield everybody
        limit.reschedule(asyncio.get_running_loop().time() + END_S)


def _no_reaction(_: Dispatched) -> None:
    """These jobs ask nothing."""
