"""The seam between catching up and the tail: whatever happens when, a listener gets the log.

Listeners here are ASGI clients in the test's own loop, so that hypothesis can order every step.
"""

import asyncio
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson
import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st
from starlette.types import Message

from tailrace.api.relay.cursor import AtTheEnd, Cursor, StartPosition
from tailrace.api.relay.frames import EVENT_STREAM, STREAM_FORMATS, StreamFormat
from tailrace.api.relay.relay import Relay
from tailrace.api.settings import ApiSettings
from tailrace.shared.events import LoggedEvent
from tailrace.shared.process.tasks import cancel_and_wait
from tailrace.shared.redis.connection import connect
from tests.support.service import Attempt, writing
from tests.support.wait import wait_until

FRAME = re.compile(rb"event: (\w+)\ndata: (.*)\n(?:retry: 86400000\n)?id: (\d+)\n\n")
LEAVE_S = 15.0
BETWEEN = re.compile(rb"(?:: hb\n|retry: [123]\d{3}\n)*")
"""What may stand between frames."""


@dataclass(slots=True)
class Client:
    """Listens to one log, and comes back with the last number that it has when it was cut."""

    relay: Relay
    job: Attempt
    stream_format: StreamFormat
    events: list[LoggedEvent] = field(default_factory=list[LoggedEvent])
    flows: asyncio.Event = field(default_factory=asyncio.Event)
    left: asyncio.Event = field(default_factory=asyncio.Event)
    task: "asyncio.Task[None] | None" = None

    @property
    def done(self) -> bool:
        return bool(self.events) and self.events[-1].name == "end"

    @property
    def settled(self) -> bool:
        """Whether it is at the tail with all events, or can't get there."""
        if self.task is None or self.task.done() or not self.flows.is_set():
            return True
        channel = self.relay.hub.channels.get(self.job.job_id)
        waits = channel is not None and any(
            one.stream_format is self.stream_format for one in channel.tail
        )
        return waits and bool(self.events) and self.events[-1].seq == self.job.seq

    async def send(self, message: Message) -> None:
        """As uvicorn does: wait while the socket is full, say nothing when the client has left."""
        if not self.flows.is_set():
            await self.flows.wait()
        if not self.left.is_set():
            self.events += parsed(message["body"], self.stream_format)
            if not message["more_body"]:
                self.left.set()

    async def receive(self) -> Message:
        await self.left.wait()
        return {"type": "http.disconnect"}

    async def connect(self) -> None:
        """One connection, from the number that this client has."""
        seq = self.events[-1].seq if self.events else 0
        summary = await self.relay.summaries.get(self.job.job_id)
        try:
            start = StartPosition.of(self.job.job_id, summary, Cursor(seq, from_header=True))
        except AtTheEnd:
            return
        await self.relay.serve(start, self.stream_format, {"type": "http"}, self.receive, self.send)

    async def come(self) -> None:
        """Connect, leaving an older connection as it stands."""
        await self.leave()
        self.left.clear()
        self.flows.set()
        self.task = asyncio.ensure_future(self.connect())

    async def leave(self) -> None:
        """Vanish, in the middle of whatever is on its way."""
        self.left.set()
        self.flows.set()
        if self.task is not None:
            async with asyncio.timeout(LEAVE_S):
                await self.task


def parsed(body: bytes, stream_format: StreamFormat) -> list[LoggedEvent]:
    """The events in whole frames; nothing else but signs of life may be there."""
    if stream_format is not EVENT_STREAM:
        lines = [orjson.loads(line) for line in body.splitlines() if line]
        return [LoggedEvent(e["id"], e["event"], orjson.dumps(e["data"])) for e in lines]
    assert BETWEEN.fullmatch(FRAME.sub(b"", body)), body
    return [LoggedEvent(int(seq), name.decode(), data) for name, data, seq in FRAME.findall(body)]


@asynccontextmanager
async def running(store_url: str) -> AsyncGenerator[Relay]:
    """A relay without a server around it."""
    store = connect(store_url)
    relay = Relay(store, ApiSettings(redis_url=store_url, heartbeat_s=0.2))
    task = asyncio.ensure_future(relay.run())
    try:
        yield relay
    finally:
        await cancel_and_wait(task)
        await store.aclose()


NUMBER = st.integers(0, 3)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), st.sampled_from([(1, 10), (3, 10), (200, 10), (9, 30_000)])),
        st.tuples(st.just("append"), st.sampled_from([(2, 70_000), (6, 250_000)])),
        st.tuples(st.just("come"), NUMBER),
        st.tuples(st.just("leave"), NUMBER),
        st.tuples(st.just("fill"), NUMBER),
        st.tuples(st.just("flow"), NUMBER),
        st.tuples(st.just("turns"), st.integers(1, 30)),
        st.tuples(st.just("wait"), st.sampled_from([0.001, 0.01])),
        st.tuples(st.just("settle"), st.none()),
        st.tuples(st.just("settle"), st.none()),
        st.tuples(st.just("send away"), st.none()),
    ),
    min_size=4,
    max_size=30,
)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
@pytest.mark.timeout(240)
async def test_invariant_02_any_order_of_appends_cuts_and_joins_gives_every_listener_the_log(
    store_url: str, steps: list[tuple[str, object]]
):
    async with writing(store_url) as logs, running(store_url) as relay:
        job = await logs.opened()
        clients = [
            Client(relay, job, stream_format)
            for stream_format in (*STREAM_FORMATS.values(), EVENT_STREAM, EVENT_STREAM)
        ]
        for step in steps:
            await act(step, clients, job)
        await job.close()
        log = await job.events()
        for client in clients:
            await to_the_end(client)
            got = [event[:2] for event in client.events]
            note(f"{client.stream_format.content_type}: {len(got)} of {len(log)}")
            assert got == [event[:2] for event in log]
            if client.stream_format is EVENT_STREAM:
                assert client.events == log
        await logs.store.flushdb()


async def act(  # noqa: C901 - a case for each step
    step: tuple[str, object], clients: list[Client], job: Attempt
) -> None:
    match step:
        case ("append", (int(count), int(size))):
            await job.append(*["x" * size] * count)
        case ("come", int(number)):
            await clients[number].come()
        case ("leave", int(number)):
            await clients[number].leave()
        case ("fill", int(number)):
            clients[number].flows.clear()
        case ("flow", int(number)):
            clients[number].flows.set()
        case ("turns", int(count)):
            for _ in range(count):
                await asyncio.sleep(0)
        case ("wait", float(seconds)):
            await asyncio.sleep(seconds)
        case ("settle", None):
            await wait_until(lambda: all(c.settled for c in clients), "all are at the tail")
        case ("send away", None):
            # As a reader does whose store is lost.
            for channel in clients[0].relay.hub.channels.values():
                channel.forget()
        case unknown:
            raise AssertionError(unknown)


async def to_the_end(client: Client) -> None:
    """Let everything flow; come back as often as it takes."""
    client.flows.set()

    async def has_ended() -> bool:
        if client.task is None or client.task.done():
            await client.come()
        return client.done

    await wait_until(has_ended, "the listener has `end`")
    await client.leave()
