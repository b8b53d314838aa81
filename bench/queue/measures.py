"""What is measured of one contender in one round: pick-up, idle cost, enqueues, jobs a second."""

import asyncio
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, cast

from bench.queue.contenders import Contender, Enqueue
from bench.queue.crew import Crew, crew
from tailrace.shared.redis.connection import Client

IDLE_S: Final = 5.0
_SETTLE_S: Final = 1.5
_WITHIN_S: Final = 300.0
"""Far above what the slowest takes; a contender that needs longer does not work."""
_LONGEST_PAUSE_S: Final = 0.6
"""Pauses of random length hit every phase of a poll each half second."""
_WARM_UP: Final = 3
_AT_ONCE: Final = 50
_EDGE: Final = 0.1
"""Rates leave out the first and the last tenth: workers start and end one after the other."""


@dataclass(frozen=True, slots=True)
class Size:
    """How much is measured in a round."""

    jobs: int
    samples: int


@dataclass(frozen=True, slots=True)
class Figures:
    """One contender in one round."""

    pickups_ms: tuple[float, ...]
    idle_commands: float
    """Commands a second, those within scripts included."""
    enqueues_alone: float
    enqueues_at_once: float
    jobs_one: float
    jobs_two: float


async def measure_contender(contender: Contender, store: Client, url: str, size: Size) -> Figures:
    """Measure a contender on an empty store."""
    pickups, idle = await _one_idle_worker(contender, store, url, size.samples)
    alone_1, at_once_1, jobs_one = await _backlog(contender, store, url, size.jobs, workers=1)
    alone_2, at_once_2, jobs_two = await _backlog(contender, store, url, size.jobs, workers=2)
    return Figures(
        tuple(pickups),
        idle,
        enqueues_alone=(alone_1 + alone_2) / 2,
        enqueues_at_once=(at_once_1 + at_once_2) / 2,
        jobs_one=jobs_one,
        jobs_two=jobs_two,
    )


async def _one_idle_worker(
    contender: Contender, store: Client, url: str, samples: int
) -> tuple[list[float], float]:
    await cast("Any", store).flushall()
    async with crew(contender, 1, url) as workers, contender.load().producer(url) as enqueue:
        workers.go()
        for _ in range(_WARM_UP):
            await _pickup_ms(enqueue, workers)
        pickups = [await _pickup_ms(enqueue, workers) for _ in range(samples)]
        return pickups, await _idle_commands(store)


async def _pickup_ms(enqueue: Enqueue, workers: Crew) -> float:
    """From before the enqueue to the start of the job, after a pause of random length."""
    await asyncio.sleep(random.uniform(0.05, _LONGEST_PAUSE_S))  # noqa: S311 - spreads samples
    asked_ns = time.time_ns()
    await enqueue()
    [started_ns] = await workers.stamps.take(1, _WITHIN_S)
    return (started_ns - asked_ns) / 1e6


async def _idle_commands(store: Client) -> float:
    await asyncio.sleep(_SETTLE_S)
    before, since = await _commands(store), time.monotonic()
    await asyncio.sleep(IDLE_S)
    own = 1
    return (await _commands(store) - before - own) / (time.monotonic() - since)


async def _commands(store: Client) -> int:
    info = await cast("Any", store).info("stats")
    return int(info["total_commands_processed"])


async def _backlog(
    contender: Contender, store: Client, url: str, jobs: int, workers: int
) -> tuple[float, float, float]:
    """Enqueues a second, one by one and at once, and jobs a second that drain them."""
    await cast("Any", store).flushall()
    async with crew(contender, workers, url) as ready:
        async with contender.load().producer(url) as enqueue:
            alone = await _enqueues(enqueue, jobs // 4, at_once=1)
            at_once = await _enqueues(enqueue, jobs - jobs // 4, at_once=_AT_ONCE)
        ready.go()
        starts = await ready.stamps.take(jobs, _WITHIN_S)
    return alone, at_once, rate(starts)


async def _enqueues(enqueue: Enqueue, count: int, at_once: int) -> float:
    turns, since = iter(range(count)), time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(at_once):
            group.create_task(_in_turn(enqueue, turns))
    return count / (time.perf_counter() - since)


async def _in_turn(enqueue: Enqueue, turns: Iterator[int]) -> None:
    for _ in turns:
        await enqueue()


def rate(starts_ns: list[int]) -> float:
    """Jobs a second between the first and the last tenth of the starts, which are in order."""
    edge = int(len(starts_ns) * _EDGE)
    inner = starts_ns[edge : len(starts_ns) - edge]
    return (len(inner) - 1) * 1e9 / max(inner[-1] - inner[0], 1)
