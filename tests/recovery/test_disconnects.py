"""A run that is cancelled when its caller leaves, where replicas are killed and stopped as well."""

import asyncio
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from langgraph_sdk import get_client

from tests.support.replicas import Replicas, telling
from tests.support.wait import wait_until
from tests.support.wire import Exchange, asking

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

Client = Any
SOON_S = 30.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replicas(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Replicas]:
    """Two replicas, which are there again after every test."""
    folder = tmp_path_factory.mktemp("replicas")
    async with telling(
        folder, 1, TAILRACE_HEARTBEAT_S="0.5", TAILRACE_DISCONNECT_S="1"
    ) as replicas:
        yield replicas


@pytest_asyncio.fixture(loop_scope="module")
async def client(replicas: Replicas) -> AsyncGenerator[Client]:
    """The SDK's client of the second replica, which no test kills."""
    async with get_client(url=f"{replicas.urls[1]}/langgraph", api_key="none") as client:
        yield client


async def started(client: Client, gate: Path) -> tuple[str, str]:
    """A run on a new thread that asks to be cancelled when its caller leaves."""
    thread = (await client.threads.create())["thread_id"]
    run = await client.runs.create(thread, "tale", input={"gate": str(gate)})
    return thread, run["run_id"]


@asynccontextmanager
async def followed(port: int, thread: str, run: str) -> AsyncGenerator[Exchange]:
    """A listener that one replica serves, and that wants the run cancelled when it has left."""
    path = f"/langgraph/threads/{thread}/runs/{run}/stream?cancel_on_disconnect=true"
    async with asking(port, "GET", path) as stream:
        await stream.until(b"event: metadata")
        yield stream


async def until_cancelled(client: Client, thread: str, run: str) -> None:
    async def cancelled() -> bool:
        return (await client.runs.get(thread, run))["status"] == "interrupted"

    await wait_until(cancelled, "the run to be cancelled", SOON_S)


async def leave_another(client: Client, replicas: Replicas, gate: Path) -> None:
    """Leave another run, and wait until it is cancelled: one that was left before would be, too."""
    thread, run = await started(client, gate)
    async with followed(replicas.ports[1], thread, run):
        pass
    await until_cancelled(client, thread, run)


async def goes_on(client: Client, replicas: Replicas, thread: str, run: str, gate: Path) -> None:
    """Expect that the run is not cancelled, however long one waits, and let it end."""
    await leave_another(client, replicas, gate)
    assert (await client.runs.get(thread, run))["status"] == "running"
    await asyncio.to_thread(gate.touch)
    await client.runs.join(thread, run)
    assert (await client.runs.get(thread, run))["status"] == "success"


async def test_a_caller_who_leaves_after_a_replica_was_killed_is_not_outlived(
    replicas: Replicas, client: Client, tmp_path: Path
) -> None:
    """The killed replica never said that its listener has left."""
    thread, run = await started(client, tmp_path / "gate")
    async with followed(replicas.ports[0], thread, run) as stream:
        await replicas.restart(signal.SIGKILL, replicas.apis[0])
        await stream.rest()
    assert stream.ending == "cut"
    async with followed(replicas.ports[1], thread, run):
        pass
    await until_cancelled(client, thread, run)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
async def test_a_replica_that_ends_is_no_caller_that_leaves(
    replicas: Replicas, client: Client, tmp_path: Path, number: signal.Signals
) -> None:
    gate = tmp_path / "gate"
    thread, run = await started(client, gate)
    async with followed(replicas.ports[0], thread, run) as stream:
        await replicas.restart(number, replicas.apis[0])
        await stream.rest()
    assert stream.ending == "cut"
    await goes_on(client, replicas, thread, run, gate)


async def test_a_caller_who_comes_back_at_another_replica_keeps_the_run(
    replicas: Replicas, client: Client, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    thread, run = await started(client, gate)
    async with followed(replicas.ports[0], thread, run):
        pass
    async with followed(replicas.ports[1], thread, run) as stream:
        await goes_on(client, replicas, thread, run, gate)
        await stream.rest()
    assert stream.ending == "clean"


async def test_a_caller_who_has_left_when_the_replica_stops_is_not_forgotten(
    replicas: Replicas, client: Client, tmp_path: Path
) -> None:
    thread, run = await started(client, tmp_path / "gate")
    async with followed(replicas.ports[0], thread, run):
        pass
    await replicas.restart(signal.SIGTERM, replicas.apis[0])
    await until_cancelled(client, thread, run)
