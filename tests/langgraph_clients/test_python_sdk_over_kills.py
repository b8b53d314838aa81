"""LangGraph's SDK as it is, over two replicas and two workers that are killed and stopped.

Whatever it got, put end to end, is the stream of the same run as it is read afterwards.
"""

import asyncio
import random
import signal
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import orjson
import pytest
import pytest_asyncio
from langgraph_sdk import get_client

from tests.graphs.tale import BEGINNING, ENDING
from tests.support.cutting_proxy import cutting
from tests.support.event_stream import EventStreamReader
from tests.support.replicas import Replicas, telling
from tests.support.wait import wait_until
from tests.support.wire import Exchange, asking

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(180),
    # The SDK's own words when it asks again for the values of a run.
    pytest.mark.filterwarnings("ignore:Request failed, attempting reconnect"),
]

Client = Any
MODES: Any = ["values", "updates", "custom", "messages-tuple", "messages"]
READ_AS: Any = (["custom", "values"], ["messages"], ["messages-tuple", "updates"])
"""The modes in which others follow the run."""
SOON_S = 60.0
FAULTS = 5
TOLD = ["Tell me.", BEGINNING, ENDING]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def replicas(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Replicas]:
    """Two of each, which are there again after every test."""
    async with telling(tmp_path_factory.mktemp("replicas"), workers=2) as replicas:
        yield replicas


@asynccontextmanager
async def connected(replicas: Replicas) -> AsyncGenerator[Client]:
    """A client that finds whichever replica listens."""
    async with (
        cutting(replicas.ports, lambda _: None) as proxy,
        get_client(url=f"{proxy.url}/langgraph", api_key="none") as client,
    ):
        yield client


@dataclass
class Following:
    """A client that follows a run, and what it got."""

    modes: Any
    parts: list[Any] = field(default_factory=list[Any])

    async def take(self, stream: Any) -> None:
        async for part in stream:
            self.parts.append(part)

    def told(self, node: str) -> int:
        """How many pieces of messages of this node have come."""
        pieces = [part for part in self.parts if part.event == "messages"]
        return sum(metadata["langgraph_node"] == node for _, (_, metadata), *_ in pieces)

    def has(self, name: str, count: int = 1) -> bool:
        return sum(part.event == name for part in self.parts) >= count

    def at_the_gate(self) -> bool:
        return bool(self.parts) and self.parts[-1].event == "custom"


@dataclass
class Run:
    """A run that several clients follow at once, each over connections of its own."""

    replicas: Replicas
    gate: Path
    client: Client
    thread: str = ""
    run: str = ""
    own: Following = field(default_factory=lambda: Following(MODES))
    others: list[Following] = field(default_factory=lambda: [Following(m) for m in READ_AS])
    of_thread: EventStreamReader = field(default_factory=EventStreamReader)
    values: Any = None
    """What waiting for it has led to."""
    _tasks: list["asyncio.Task[None]"] = field(default_factory=list["asyncio.Task[None]"])

    async def start(self, stack: AsyncExitStack) -> None:
        """Begin, and wait until everyone hears of it."""
        self.thread = (await self.client.threads.create())["thread_id"]
        tasks = await stack.enter_async_context(asyncio.TaskGroup())

        def created(told: Any) -> None:
            self.run = told["run_id"]

        stream = self.client.runs.stream(
            self.thread,
            "tale",
            input={"messages": [{"role": "user", "content": TOLD[0]}], "gate": str(self.gate)},
            stream_mode=MODES,
            stream_resumable=True,
            on_run_created=created,
        )
        self._tasks.append(tasks.create_task(self.own.take(stream)))
        await wait_until(lambda: self.run, "the run to be created", SOON_S)
        follow = [self._join(other) for other in self.others]
        for following in (*follow, self._wait(), self._follow_thread()):
            self._tasks.append(tasks.create_task(following))
        everyone = [self.own, *self.others]
        await wait_until(
            lambda: all(f.has("metadata") for f in everyone) and self.of_thread.events,
            "everyone to follow",
            SOON_S,
        )

    async def until(self, condition: Callable[[], bool], what: str) -> None:
        """Wait for what the run's own client hears."""
        await wait_until(lambda: condition() or self.is_over(), what, SOON_S)
        assert not self.is_over(), f"the run is over before {what}"

    def is_over(self) -> bool:
        return any(task.done() for task in self._tasks)

    async def _join(self, following: Following) -> None:
        async with connected(self.replicas) as client:
            await following.take(
                client.runs.join_stream(
                    self.thread, self.run, stream_mode=following.modes, last_event_id="-1"
                )
            )

    async def _wait(self) -> None:
        async with connected(self.replicas) as client:
            self.values = await client.runs.join(self.thread, self.run)

    async def _follow_thread(self) -> None:
        """Follow the thread's events as PROTOCOL.md says, at whichever replica listens."""
        heard = self.of_thread
        async with cutting(self.replicas.ports, lambda _: None) as proxy:
            while not heard.ended:
                last = heard.last_event_id
                heard.connect()
                more = (f"Last-Event-ID: {last}",) if last else ()
                path = f"/threads/{self.thread}/events"
                with suppress(ConnectionError, asyncio.IncompleteReadError):
                    async with asking(proxy.port, "GET", path, *more) as stream:
                        await read_to_the_end(stream, heard)


async def read_to_the_end(stream: Exchange, heard: EventStreamReader) -> None:
    """Read until a run's end, or the connection's."""
    fed = 0
    while await stream.more() and not heard.ended:
        heard.feed(b"".join(stream.chunks[fed:]))
        fed = len(stream.chunks)


@asynccontextmanager
async def followed(replicas: Replicas, gate: Path) -> AsyncGenerator[Run]:
    """A run that has begun; at the end it is over, and everyone has all of it."""
    async with connected(replicas) as client:
        run = Run(replicas, gate, client)
        async with AsyncExitStack() as stack:
            await run.start(stack)
            yield run
        for url in replicas.urls:
            await whole_at(run, f"{url}/langgraph")


async def whole_at(run: Run, url: str) -> None:
    """Expect that everyone got what a replica tells of the run now, no more and no less."""
    async with get_client(url=url, api_key="none") as client:
        for following in [run.own, *run.others]:
            stream: Any = client.runs.join_stream(
                run.thread, run.run, stream_mode=following.modes, last_event_id="-1"
            )
            whole = [part async for part in stream]
            assert following.parts == whole
            assert [whole[0].event, whole[-1].event] == ["metadata", "end"]
        state: Any = await client.threads.get_state(run.thread)
        values = state["values"]
        assert [message["content"] for message in values["messages"]] == TOLD
        assert values["steps"] == ["begin", "wait", "finish"]
        last = [part.data for part in run.own.parts if part.event == "values"][-1]
        assert last == values == run.values
        assert (await client.runs.get(run.thread, run.run))["status"] == "success"


async def whole_thread(run: Run) -> None:
    """Expect the same of the thread's events: its one job's, numbered densely."""
    heard = EventStreamReader()
    port = run.replicas.ports[0]
    async with asking(port, "GET", f"/threads/{run.thread}/events") as stream:
        await read_to_the_end(stream, heard)
    assert run.of_thread.events == heard.events
    numbers = [orjson.loads(event.data)["number"] for event in heard.events]
    assert numbers == heard.numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["killed", "stopped"])
@pytest.mark.parametrize("kind", ["api", "worker"])
async def test_invariant_02_everyone_gets_a_whole_run_although_all_processes_end(
    replicas: Replicas, tmp_path: Path, kind: str, number: signal.Signals
) -> None:
    """In the middle of the first message, between the two, and in the middle of the second."""
    gate = tmp_path / "gate"
    apis, workers = replicas.apis, replicas.service.workers
    # Clients that lose one replica are at the other one when it goes.
    turns = [[apis[0]], [apis[1]], [apis[0]]] if kind == "api" else [workers] * 3
    async with followed(replicas, gate) as run:
        await run.until(lambda: run.own.told("begin") >= 10, "the first message")
        await replicas.restart(number, *turns[0])
        await run.until(run.own.at_the_gate, "the first message to be whole")
        await replicas.restart(number, *turns[1])
        await run.until(run.own.at_the_gate, "the run to continue")
        gate.touch()
        await run.until(lambda: run.own.told("finish") >= 10, "the second message")
        await replicas.restart(number, *turns[2])
    await whole_thread(run)
    attempts = sum(part.event == "metadata" for part in run.own.parts)
    assert attempts == 1 if kind == "api" else attempts >= len(turns)


@pytest.mark.parametrize("seed", [1, 2])
async def test_invariant_02_everyone_gets_a_whole_run_whatever_ends_when(
    replicas: Replicas, tmp_path: Path, seed: int
) -> None:
    dice = random.Random(seed)
    gate = tmp_path / "gate"
    processes = [*replicas.apis, *replicas.service.workers]
    async with followed(replicas, gate) as run:
        for _ in range(FAULTS):
            more = len(run.own.parts) + dice.randrange(2, 60)
            await run.until(lambda more=more: len(run.own.parts) >= more, "more of the run")
            struck = dice.sample(processes, dice.choice([1, 1, 2]))
            await replicas.restart(dice.choice([signal.SIGKILL, signal.SIGTERM]), *struck)
        gate.touch()
    await whole_thread(run)


async def test_a_client_that_gave_up_at_a_killed_replica_joins_at_another(
    replicas: Replicas, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    async with followed(replicas, gate) as run:
        first = Following(["messages", "values"])
        urls = [f"{url}/langgraph" for url in replicas.urls]
        async with get_client(url=urls[0], api_key="none") as client:
            stream: Any = client.runs.join_stream(
                run.thread, run.run, stream_mode=first.modes, last_event_id="-1"
            )
            async for part in stream:
                first.parts.append(part)
                if first.has("messages/partial", 10):
                    break
            await replicas.restart(signal.SIGKILL, replicas.apis[0])
            await stream.aclose()
        gate.touch()
        async with get_client(url=urls[1], api_key="none") as client:
            last = first.parts[-1].id
            rest: Any = client.runs.join_stream(
                run.thread, run.run, stream_mode=first.modes, last_event_id=last
            )
            await first.take(rest)
            stream = client.runs.join_stream(
                run.thread, run.run, stream_mode=first.modes, last_event_id="-1"
            )
            assert first.parts == [part async for part in stream]
