"""POST /jobs alone: how many a second one API process accepts, and how soon at 100 a second.

No worker runs: what is measured is the API and the store. The load's own ceiling is measured the
same way against a server that does nothing.
"""

import asyncio
import sys
import time
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from bench.chain.service import GRAPHS, Service, service
from bench.chain.wire import Connection, job
from bench.polling import until
from tailrace.deploy.local.die_with_parent import tied_to_parent
from tailrace.deploy.local.health import answers_ok
from tailrace.deploy.local.ports import LOOPBACK, take_port
from tailrace.shared.process.tasks import cancel_and_wait
from tailrace.shared.project.file import read_project
from tailrace.shared.queue_store import catalogue
from tailrace.shared.queue_store.catalogue import BEAT_S, GraphSpec
from tailrace.shared.redis.connection import Client, connect
from tailrace.worker.catalogue.description import describe
from tailrace.worker.catalogue.registry import load_registry

POST_PACE: Final = 100
"""POSTs per second at which the response time is measured."""
AT_ONCE: Final = 16
"""Connections of the load that is not paced."""
_SPARE: Final = 50
"""Connections of the paced load: a slow response must not delay the next POST."""
_WARM_UP: Final = 500
_START_S: Final = 20.0


@dataclass(frozen=True, slots=True)
class Accepting:
    """How POST /jobs fared."""

    rates: Sequence[float]
    """POSTs a second, `AT_ONCE` at once, round by round."""
    ceiling: float
    """The same load against a server that does nothing."""
    latencies_ms: Sequence[float]
    """At `POST_PACE` per second: from when each was due to its response."""


async def accepting(rounds: int, posts: int, paced_s: float) -> Accepting:
    """Measure one API process."""
    async with service() as running, _announced(running):
        await _rate(running.port, _WARM_UP)
        rates = [await _rate(running.port, posts) for _ in range(rounds)]
        latencies = await _paced(running.port, round(paced_s * POST_PACE))
    async with _idle_server() as port:
        await _rate(port, _WARM_UP)
        ceiling = await _rate(port, posts)
    return Accepting(rates, ceiling, latencies)


@asynccontextmanager
async def _announced(running: Service) -> AsyncGenerator[None]:
    """Say what a worker would, as often: the API refuses graphs that nobody serves."""
    sources = load_registry(read_project(GRAPHS))
    specs = [(await describe(source)).spec for source in sources]
    async with aclosing(connect(running.store.url)) as store, asyncio.TaskGroup() as tasks:
        await catalogue.announce(store, "bench", specs)
        beating = tasks.create_task(_beat(store, specs))
        yield
        await cancel_and_wait(beating)


async def _beat(store: Client, specs: Sequence[GraphSpec]) -> None:
    while True:
        await asyncio.sleep(BEAT_S)
        await catalogue.announce(store, "bench", specs)


async def _rate(port: int, posts: int) -> float:
    turns = iter(range(posts))
    connections = [await Connection.open(port) for _ in range(AT_ONCE)]
    since = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        for connection in connections:
            tasks.create_task(_in_turn(connection, turns))
    took_s = time.perf_counter() - since
    for connection in connections:
        connection.close()
    return posts / took_s


async def _in_turn(connection: Connection, turns: Iterator[int]) -> None:
    body = job(1)
    for _ in turns:
        await connection.post("/jobs", body)


async def _paced(port: int, posts: int) -> list[float]:
    """Milliseconds of each, counted from when it was due, so that no wait is left out."""
    free: asyncio.Queue[Connection] = asyncio.Queue()
    connections = [await Connection.open(port) for _ in range(_SPARE)]
    for connection in connections:
        free.put_nowait(connection)
    began = time.perf_counter()
    async with asyncio.TaskGroup() as tasks:
        timed = [tasks.create_task(_due(free, began + n / POST_PACE)) for n in range(posts)]
    for connection in connections:
        connection.close()
    return [task.result() for task in timed]


async def _due(free: asyncio.Queue[Connection], at: float) -> float:
    await asyncio.sleep(at - time.perf_counter())
    connection = await free.get()
    await connection.post("/jobs", job(1))
    free.put_nowait(connection)
    return (time.perf_counter() - at) * 1e3


@asynccontextmanager
async def _idle_server() -> AsyncGenerator[int]:
    """A server in a process of its own that says 202 to whatever comes; its port."""
    port = take_port(LOOPBACK, 0)
    command = tied_to_parent((sys.executable, "-m", "bench.chain.idle_server", str(port)))
    process = await asyncio.create_subprocess_exec(*command, stdin=DEVNULL)
    try:
        await until(lambda: answers_ok(LOOPBACK, port, "/"), _START_S)
        yield port
    finally:
        process.kill()
        await process.wait()
