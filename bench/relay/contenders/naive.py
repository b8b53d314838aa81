"""What everyone writes first, `naive_app`, as one process on the shared store."""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from bench.relay.contenders.over_store import OverStore
from bench.relay.contenders.relay import Ground, Relay
from bench.relay.processes import server
from tailrace.deploy.local.ports import LOOPBACK, take_port

_MODULE: Final = "bench.relay.contenders.naive_app"


@asynccontextmanager
async def serve(ground: Ground) -> AsyncGenerator[Relay]:
    """One process of it."""
    port = take_port(LOOPBACK, 0)
    command = (sys.executable, "-m", _MODULE, str(port), ground.store_url)
    log = ground.folder / "naive.log"
    async with server(command, port, "/livez", log, {}) as process:
        yield OverStore(process.pid, port, ground.logs, {"store": ground.store_pid})
