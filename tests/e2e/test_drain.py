"""SIGTERM to an API with listeners: all are sent away over a while, and nobody holds it up."""

import asyncio
import re
import signal
import time
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.support.bare_socket import BareSocket, bare
from tests.support.processes import Process, answers, free_port, running
from tests.support.service import writing
from tests.support.store import embedded_store
from tests.support.wait import wait_until

pytestmark = pytest.mark.timeout(180)

COME_BACK = re.compile(rb"retry: (\d+)\n")
LISTENERS = 100
EXIT_S = 8.0
"""uvicorn waits ten seconds for what does not end, and then says so."""


async def test_at_sigterm_listeners_go_one_by_one_and_a_stuck_one_holds_nothing_up(tmp_path: Path):
    port = free_port()
    with embedded_store(tmp_path / "store") as store:
        env = {
            "TAILRACE_REDIS_URL": store.url,
            "TAILRACE_PORT": str(port),
            "TAILRACE_HEARTBEAT_S": "30",
            "PYTHON_DOTENV_DISABLED": "1",
        }
        async with (
            AsyncExitStack() as stack,
            writing(store.url) as logs,
            running(Process("api", "tailrace.api", env, tmp_path)) as api,
        ):
            await answers(f"http://127.0.0.1:{port}/livez", (api,))
            large, quiet = await logs.opened(), await logs.opened()
            for _ in range(6):
                await large.append(*["x" * 60_000] * 17)
            stuck = await stack.enter_async_context(bare(port, large.events_path))
            listeners = [
                await stack.enter_async_context(bare(port, quiet.events_path))
                for _ in range(LISTENERS)
            ]
            for listener in listeners:
                await _hears(listener, b"id: 2\n\n")
            ends = [asyncio.ensure_future(_ended_at(listener)) for listener in listeners]
            api.send(signal.SIGTERM)
            # uvicorn raises the signal again when it is through.
            assert await api.exited(EXIT_S) == -signal.SIGTERM
            moments = sorted(await asyncio.gather(*ends))
            await stuck.rest()
            assert stuck.ending == "cut"
            frames = await quiet.frames()
        assert "Cancel" not in api.output()
    # A hundred take half a second.
    assert moments[-1] - moments[0] > 0.25
    for listener in listeners:
        told = COME_BACK.fullmatch(listener.body.removeprefix(frames))
        assert told
        assert 1000 <= int(told[1]) <= 3000
        assert listener.ending == "cut"


async def _hears(listener: BareSocket, mark: bytes) -> None:
    async def heard() -> bool:
        await listener.read(65536)
        return mark in listener.body

    await wait_until(heard, f"{mark!r}", 20)


async def _ended_at(listener: BareSocket) -> float:
    await listener.rest()
    return time.monotonic()
