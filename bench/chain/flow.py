"""How fast events flow to listeners: one job flat out, and fifty at their own pace."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.chain.service import Service, service
from bench.chain.wire import Arrival, Connection, arrivals, create, listen
from bench.figures import percentile

EVENTS: Final = 20_000
JOBS: Final = 50
EVENTS_EACH: Final = 200
PACE: Final = 50
"""Events a second that each of them is to write."""
WORKERS: Final = 2
_SLOTS: Final = 25
_WARM_UP: Final = 3


class Lost(Exception):
    """A listener got other events than the job wrote."""


@dataclass(frozen=True, slots=True)
class Flow:
    """A round of fifty jobs at once; latencies are from the node that writes to the listener."""

    p50_ms: float
    p99_ms: float
    pace: float
    """Events a second that each job reached; a graph that is late writes fewer than `PACE`."""


async def flat_out(rounds: int) -> list[float]:
    """Events a second from one graph to one listener, from the first written to the last read."""
    async with service() as running:
        await running.start("tailrace.worker", probe="/readyz")
        for _ in range(_WARM_UP):
            await _heard(running, 1000, 0)
        return [await flood(running) for _ in range(rounds)]


async def flood(running: Service) -> float:
    """One job flat out; its events a second."""
    events = await _heard(running, EVENTS, 0)
    return len(events) * 1e9 / (events[-1].at_ns - events[0].data["data"]["t"])


async def fifty_jobs(rounds: int) -> list[Flow]:
    """Fifty jobs of 200 events at 50 a second, each with a listener; and again."""
    async with service(TAILRACE_SLOTS=str(_SLOTS)) as running:
        for _ in range(WORKERS):
            await running.start("tailrace.worker", probe="/readyz")
        await _at_once(running, JOBS, 10)
        return [_flow(await _at_once(running, JOBS, EVENTS_EACH)) for _ in range(rounds)]


def _flow(heard: Sequence[Sequence[Arrival]]) -> Flow:
    latencies = [(e.at_ns - e.data["data"]["t"]) / 1e6 for events in heard for e in events]
    return Flow(percentile(latencies, 50), percentile(latencies, 99), median(map(_pace, heard)))


async def _at_once(running: Service, jobs: int, events: int) -> list[list[Arrival]]:
    async with asyncio.TaskGroup() as tasks:
        hearing = [tasks.create_task(_heard(running, events, 1 / PACE)) for _ in range(jobs)]
    return [task.result() for task in hearing]


async def _heard(running: Service, count: int, interval_s: float) -> list[Arrival]:
    """The custom events of one job.

    Raises:
        Lost: they are not those that the job wrote, each once and in order.
    """
    connection = await Connection.open(running.port)
    try:
        job_id = await create(connection, count, interval_s)
    finally:
        connection.close()
    events = [e for e in arrivals(await listen(running.port, job_id)) if e.name == "custom"]
    if [e.data["data"]["i"] for e in events] != list(range(1, count + 1)):
        raise Lost(f"{len(events)} events of {count}")
    return events


def _pace(events: Sequence[Arrival]) -> float:
    first, last = events[0].data["data"]["t"], events[-1].data["data"]["t"]
    return (len(events) - 1) * 1e9 / (last - first)
