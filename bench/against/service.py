"""One side's service: a store, an API and a worker, from its own tree and environment."""

import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.against.side import Side
from bench.chain.wire import Connection, create, listen
from bench.relay.cores import pin_server
from bench.server import answering, api_on_store, end, start
from bench.store import embedded
from tailrace.deploy.local.ports import LOOPBACK, take_port

GRAPHS: Final = Path(__file__).with_name("langgraph.json")
_WARM_UP: Final = 30
_WARM_EVENTS: Final = 1000


@dataclass(frozen=True, slots=True)
class Service:
    """One that runs; the API has a core to itself, all else shares the other."""

    side: Side
    port: int
    folder: Path
    api: int
    """Its process id."""
    worker: int
    """Its process id."""


@asynccontextmanager
async def serving(side: Side) -> AsyncGenerator[Service]:
    """A warm service on a free port; ended on the way out.

    Raises:
        Failed: a process ended, or did not respond within a minute.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        port = take_port(LOOPBACK, 0)
        env = {
            **api_on_store(stack.enter_context(embedded("everysec")).url, port),
            "TAILRACE_GRAPHS": str(GRAPHS),
            "TAILRACE_LOG_LEVEL": "WARNING",
        }

        async def begin(room: str) -> tuple[Process, Path]:
            log = folder / f"{room}.log"
            process = await start((str(side.python), "-I", "-m", side.module(room)), log, env)
            stack.push_async_callback(end, process)
            return process, log

        api, api_log = await begin("api")
        pin_server(api.pid)
        await answering(api, port, "/livez", api_log)
        worker, worker_log = await begin("worker")
        await answering(worker, port, "/readyz", worker_log)
        await _warm_up(port)
        yield Service(side, port, folder, api.pid, worker.pid)


async def _warm_up(port: int) -> None:
    connection = await Connection.open(port)
    try:
        for events in [1] * _WARM_UP + [_WARM_EVENTS]:
            await listen(port, await create(connection, events))
    finally:
        connection.close()
