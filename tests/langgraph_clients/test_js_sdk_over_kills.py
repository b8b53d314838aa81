"""The JavaScript SDK, as npm has it, over replicas and workers that are killed and stopped."""

import asyncio
import json
import signal
from collections import defaultdict
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.graphs.tale import BEGINNING, ENDING
from tests.langgraph_clients.conftest import HERE, NODE
from tests.support.cutting_proxy import cutting
from tests.support.replicas import Replicas, telling
from tests.support.wait import wait_until

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

SOON_S = 60.0


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replicas(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Replicas]:
    """Two of each, which are there again after every test."""
    async with telling(tmp_path_factory.mktemp("replicas"), workers=2) as replicas:
        yield replicas


class Told:
    """What the SDK got, by what it followed."""

    def __init__(self) -> None:
        self.parts: dict[str, list[Any]] = defaultdict(list)

    def take(self, line: bytes) -> None:
        said = json.loads(line)
        self.parts[said["name"]].append(said["value"])

    def of(self, node: str) -> int:
        """How many pieces of messages of this node have come."""
        own = self.parts["own"]
        pieces = [part["data"][1] for part in own if part["event"] == "messages"]
        return sum(metadata["langgraph_node"] == node for metadata in pieces)

    def at_the_gate(self) -> bool:
        return bool(self.parts["own"]) and self.parts["own"][-1]["event"] == "custom"


async def until(process: Any, condition: Callable[[], bool], what: str) -> None:
    await wait_until(lambda: condition() or process.returncode is not None, what, SOON_S)
    assert process.returncode is None, f"the SDK has ended before {what}"


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
@pytest.mark.parametrize("kind", ["api", "worker"])
async def test_invariant_02_the_sdk_gets_a_whole_run_although_all_processes_end(
    replicas: Replicas, tmp_path: Path, kind: str, number: signal.Signals
) -> None:
    told, gate = Told(), tmp_path / "gate"
    apis, workers = replicas.apis, replicas.service.workers
    turns = [[apis[0]], [apis[1]], [apis[0]]] if kind == "api" else [workers] * 3
    async with cutting(replicas.ports, lambda _: None) as proxy, asyncio.TaskGroup() as tasks:
        process = await asyncio.create_subprocess_exec(
            *(NODE, HERE / "follow.mjs", f"{proxy.url}/langgraph", gate),
            stdout=asyncio.subprocess.PIPE,
            limit=2**24,
            cwd=HERE,
        )
        output = process.stdout
        assert output is not None

        async def read() -> None:
            async for line in output:
                told.take(line)

        reading = tasks.create_task(read())
        await until(process, lambda: told.of("begin") >= 10, "the first message")
        await replicas.restart(number, *turns[0])
        await until(process, told.at_the_gate, "the first message to be whole")
        await replicas.restart(number, *turns[1])
        await until(process, told.at_the_gate, "the run to continue")
        gate.touch()
        await until(process, lambda: told.of("finish") >= 10, "the second message")
        await replicas.restart(number, *turns[2])
        await reading
        assert await process.wait() == 0
    for name in ("own", "joined"):
        assert told.parts[name] == told.parts[f"whole {name}"]
        assert told.parts[name][-1]["event"] == "end"
    [state], [run] = told.parts["state"], told.parts["run"]
    assert [message["content"] for message in state["messages"]] == ["Tell me.", BEGINNING, ENDING]
    assert state["steps"] == ["begin", "wait", "finish"]
    assert run["status"] == "success"
