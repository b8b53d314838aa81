"""What is measured of each side, in turns short enough that the machine is the same for both.

Every figure is a time, so less is better. CPU seconds are told beside times because they depend
less on what else the machine does.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Final

import orjson

from bench.against.service import Service
from bench.chain.wire import Connection, arrivals, create, listen
from bench.publisher.suite import Rounds, ratios, run_rounds
from bench.relay.accounting import cpu_s
from bench.relay.crowd import Listening, crowd
from bench.relay.programs import Programs
from bench.relay.stage import SETTLE_S
from bench.server import Failed

Figures = Mapping[str, float]

_JOBS: Final = 10
_LONGEST_PAUSE_S: Final = 0.03
"""Pauses of random length: no sample may keep step with a timer of the service."""
_FLAT_OUT: Final = 20_000
_AT_ONCE: Final = 16
_POSTS_EACH: Final = 20
_POSTS: Final = _AT_ONCE * _POSTS_EACH
_LISTENERS: Final = 1000
_PACED: Final = 200
_INTERVAL_S: Final = 0.02
_NAP_US: Final = 500
_W6_S: Final = 120
"""It takes five; where the machine does much else, a minute is not enough."""
_PUBLISHER_ROUNDS: Final = 7


@dataclass(frozen=True, slots=True)
class Measure:
    """One measurement."""

    take: Callable[[Service, Programs], Awaitable[Figures]]
    turns: int
    """How often each side takes it in a round; the medians are the round's figures."""


@dataclass(slots=True)
class _Spent:
    """CPU time of a service's processes within a block, in milliseconds."""

    api_ms: float = 0
    worker_ms: float = 0


@contextmanager
def _spending(service: Service) -> Generator[_Spent]:
    spent = _Spent(-cpu_s(service.api) * 1e3, -cpu_s(service.worker) * 1e3)
    yield spent
    spent.api_ms += cpu_s(service.api) * 1e3
    spent.worker_ms += cpu_s(service.worker) * 1e3


@asynccontextmanager
async def _connections(service: Service, count: int) -> AsyncGenerator[Sequence[Connection]]:
    opened = [await Connection.open(service.port) for _ in range(count)]
    try:
        yield opened
    finally:
        for connection in opened:
            connection.close()


async def _first_event(service: Service, _programs: Programs) -> Figures:
    """Jobs of one event, one after the other."""
    took: list[float] = []
    async with _connections(service, 1) as [connection]:
        with _spending(service) as spent:
            for _ in range(_JOBS):
                await asyncio.sleep(random.uniform(0, _LONGEST_PAUSE_S))  # noqa: S311 - spreads samples
                took.append(await _first_event_ms(service.port, connection))
    return {
        "POST to the first event": median(took),
        "CPU of the API, a job": spent.api_ms / _JOBS,
        "CPU of the worker, a job": spent.worker_ms / _JOBS,
    }


async def _first_event_ms(port: int, connection: Connection) -> float:
    since_ns = time.time_ns()
    heard = await listen(port, await create(connection, 1))
    first = next(event for event in arrivals(heard) if event.name == "custom")
    return (first.at_ns - since_ns) / 1e6


async def _flat_out(service: Service, _programs: Programs) -> Figures:
    """One job that writes as fast as it can, to one listener."""
    async with _connections(service, 1) as [connection]:
        with _spending(service) as spent:
            since = time.perf_counter()
            await listen(service.port, await create(connection, _FLAT_OUT))
            took_ms = (time.perf_counter() - since) * 1e3
    return {
        "POST to the end": took_ms,
        "CPU of the API": spent.api_ms,
        "CPU of the worker": spent.worker_ms,
    }


async def _posts(service: Service, _programs: Programs) -> Figures:
    """Many clients post while the worker stands still; then it takes up all that waits."""
    async with _connections(service, _AT_ONCE) as connections:
        os.kill(service.worker, signal.SIGSTOP)
        try:
            with _spending(service) as posting:
                since = time.perf_counter()
                job_ids = await _posted(connections)
                took_ms = (time.perf_counter() - since) * 1e3
        finally:
            os.kill(service.worker, signal.SIGCONT)
    with _spending(service) as draining:
        for job_id in job_ids:
            await listen(service.port, job_id)
    return {
        "a POST": took_ms / _POSTS,
        "CPU of the API, a POST": posting.api_ms / _POSTS,
        "CPU of the worker, a waiting job": draining.worker_ms / _POSTS,
    }


async def _posted(connections: Sequence[Connection]) -> Sequence[str]:
    """The jobs that were posted, over all connections at once."""
    async with asyncio.TaskGroup() as tasks:
        posting = [tasks.create_task(_post(connection)) for connection in connections]
    return [job_id for task in posting for job_id in task.result()]


async def _post(connection: Connection) -> Sequence[str]:
    return [await create(connection, 1) for _ in range(_POSTS_EACH)]


async def _w6(service: Service, programs: Programs) -> Figures:
    """A thousand listeners of one job that writes 50 events a second.

    Raises:
        Failed: somebody did not get everything, once and in order.
    """
    go = service.folder / f"go-{time.monotonic_ns()}"
    async with _connections(service, 1) as [connection]:
        job_id = orjson.loads(await connection.post("/jobs", _paced_job(go)))["id"]
    async with crowd(programs.loadgen, _listening(service.port, job_id)) as listeners:
        await listeners.accepted()
        await asyncio.sleep(SETTLE_S)
        with _spending(service) as spent:
            go.touch()
            counted = await listeners.counted()
    if not counted.complete or counted.latency_ms is None:
        raise Failed(f"{service.side.name}: not every listener got every event: {counted}")
    return {
        "node to listener, p99": counted.latency_ms.p99,
        "CPU of the API, a thousand deliveries": spent.api_ms * 1e3 / counted.delivered,
        "CPU of the worker": spent.worker_ms,
    }


def _paced_job(go: Path) -> bytes:
    given = {"count": _PACED, "interval_s": _INTERVAL_S, "go": str(go)}
    return orjson.dumps({"graph": "paced", "input": given, "stream": ["custom"]})


def _listening(port: int, job_id: str) -> Listening:
    return Listening(
        port,
        [f"/jobs/{job_id}/events"],
        _LISTENERS,
        count="data",
        last=_PACED,
        seconds=_W6_S,
        nap_us=_NAP_US,
    )


async def _publisher(service: Service, _programs: Programs) -> Figures:
    """The commit's own `bench.publisher`, in a process of its own."""
    figures = await run_rounds(_PUBLISHER_ROUNDS, service.side.python, service.side.root)
    rounds: Rounds = figures["rounds"]
    return {
        "wall time": median(each["worker"]["wall"] for each in rounds),
        "CPU": median(each["worker"]["cpu"] for each in rounds),
        "CPU over the bare graph's": median(ratios("cpu", "worker", rounds)),
    }


MEASURES: Final[Mapping[str, Measure]] = {
    "first-event": Measure(_first_event, turns=6),
    "flat-out": Measure(_flat_out, turns=4),
    "posts": Measure(_posts, turns=4),
    "publisher": Measure(_publisher, turns=1),
    "w6": Measure(_w6, turns=1),
}
