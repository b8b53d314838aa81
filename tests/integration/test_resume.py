"""Any interleaving of appends, joins and cuts gives every listener the log, no more and no less."""

from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Literal, cast

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.event_stream import EventStreamReader
from tests.support.service import Api, Attempt, Logs
from tests.support.wire import Exchange, asking

Cursor = Literal["header", "after", "last_event_id"]


@dataclass(slots=True)
class Listener:
    """One client over all its connections."""

    api: Api
    path: str
    heard: EventStreamReader = field(default_factory=EventStreamReader)
    connection: AsyncExitStack | None = None
    stream: Exchange | None = None

    async def join(self, how: Cursor) -> None:
        """Come back with the last number heard; nothing if connected already."""
        if self.stream is not None:
            return
        last = self.heard.last_event_id
        self.heard.connect()
        self.connection = AsyncExitStack()
        target = self.path if how == "header" else f"{self.path}?{how}={last}"
        headers = [f"Last-Event-ID: {last}"] if how == "header" else []
        asked = asking(self.api.port, "GET", target, *headers)
        self.stream = await self.connection.enter_async_context(asked)
        assert self.stream.head.status == 200

    async def hear(self, upto: int) -> None:
        """Read at least to this number, or to the end of the stream."""
        if self.stream is not None and upto > int(self.heard.last_event_id or 0):
            await self.stream.until(b"id: %d\n\n" % upto)

    async def cut(self, lost: int) -> None:
        """Lose the connection, and the last bytes of what it brought."""
        if self.stream is None or self.connection is None:
            return
        body = self.stream.body
        self.heard.feed(body[: len(body) - min(lost, len(body))])
        await self.connection.aclose()
        self.stream = None


APPEND = st.tuples(st.just("append"), st.integers(1, 6), st.integers(0, 40_000))
JOIN = st.tuples(
    st.just("join"), st.integers(0, 2), st.sampled_from(["header", "after", "last_event_id"])
)
HEAR = st.tuples(st.just("hear"), st.integers(0, 2), st.just(0))
CUT = st.tuples(st.just("cut"), st.integers(0, 2), st.integers(0, 200))
STEPS = st.lists(APPEND | JOIN | HEAR | CUT, max_size=30)


async def play(job: Attempt, listeners: list[Listener], step: tuple[str, int, object]) -> None:
    match step:
        case ("append", count, int(size)):
            await job.append(*("x" * size for _ in range(count)))
        case ("join", who, how):
            await listeners[who].join(cast("Cursor", how))
        case ("hear", who, _):
            await listeners[who].hear(job.seq)
        case ("cut", who, int(lost)):
            await listeners[who].cut(lost)
        case _:
            raise AssertionError(step)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(STEPS)
async def test_invariant_02_what_was_received_put_end_to_end_is_the_log(
    api: Api, logs: Logs, steps: list[tuple[str, int, object]]
):
    job = await logs.opened()
    listeners = [Listener(api, job.events_path) for _ in range(3)]
    for step in steps:
        await play(job, listeners, step)
    await job.close(result=b"1")
    for listener in listeners:
        await listener.join("after")
        assert listener.stream is not None
        await listener.stream.rest()
        assert listener.stream.ending == "clean"
        await listener.cut(0)
    for listener in listeners:
        assert listener.heard.as_frames() == await job.frames()
        assert listener.heard.retry_ms == 86_400_000
        assert listener.heard.phantoms == 0
