"""Tailrace's API as it is deployed: `python -m tailrace.api`, with keys, on the shared store."""

import hashlib
import secrets
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final

from bench.relay.contenders.over_store import OverStore
from bench.relay.contenders.relay import Ground, Relay
from bench.relay.processes import server
from bench.relay.store_logs import TENANT
from bench.server import api_on_store
from tailrace.deploy.local.ports import LOOPBACK, take_port

_COMMAND: Final = (sys.executable, "-m", "tailrace.api")


@asynccontextmanager
async def serve(ground: Ground) -> AsyncGenerator[Relay]:
    """One API process."""
    port, key = take_port(LOOPBACK, 0), secrets.token_urlsafe(24)
    env = {
        **api_on_store(ground.store_url, port),
        "TAILRACE_API_KEYS": f"{TENANT}:{hashlib.sha256(key.encode()).hexdigest()}",
        "TAILRACE_LOG_LEVEL": "WARNING",
    }
    log = ground.folder / "tailrace.log"
    async with server(_COMMAND, port, "/livez", log, env) as process:
        header = f"Authorization: Bearer {key}\r\n"
        yield OverStore(process.pid, port, ground.logs, {"store": ground.store_pid}, header)
