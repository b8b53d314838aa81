"""A thread's log as a response, in any form of it: where the client begins."""

from collections.abc import Sequence
from functools import partial
from typing import Final, Protocol
from weakref import WeakValueDictionary

from starlette.responses import Response

from tailrace.api.adapters.langgraph.streaming import ALL_PARTS
from tailrace.api.dependencies import Services
from tailrace.api.relay.cursor import Cursor, StartPosition
from tailrace.api.relay.frames import EVENT_STREAM, Encoder, StreamFormat
from tailrace.api.relay.response import stream_response
from tailrace.api.relay.whole_log import WholeLog
from tailrace.shared.events import LoggedEvent
from tailrace.shared.threads import ThreadName


class ThreadEncoder(Encoder, Protocol):
    """Writes a thread's events in their order."""

    def frames(self, event: LoggedEvent, after: int = 0) -> Sequence[bytes]:
        """What the next event is to the client, but for so many first parts of it."""
        ...


class ThreadForm(Protocol):
    """In which form a client reads a thread; equal forms share their frames."""

    def __hash__(self) -> int: ...

    def encoder(self) -> ThreadEncoder:
        """Writes a thread's log from its start on."""
        ...


_formats: Final[WeakValueDictionary[ThreadForm, StreamFormat]] = WeakValueDictionary()


async def stream_thread(
    services: Services, name: ThreadName, form: ThreadForm, seq: int, parts: int
) -> Response:
    """The thread's events after the cursor; the stream does not end by itself.

    Args:
        services: of this process.
        name: the thread.
        form: in which the client reads it.
        seq: the number of an event: the client has all before it.
        parts: how many parts of that event the client has.

    Raises:
        ThreadNotFound: there is no such thread.
    """
    starting = _start(services, name, form, seq, parts)
    return await stream_response(starting, services.relay, _format(form))


async def _start(
    services: Services, name: ThreadName, form: ThreadForm, seq: int, parts: int
) -> StartPosition:
    relay, log = services.relay, WholeLog(name)
    summary = await relay.summaries.get(name)
    start = StartPosition.of(log, summary, Cursor(seq, from_header=True))
    if not seq or seq > summary.seq or parts >= ALL_PARTS:
        return start
    event = await relay.event(log, seq)
    if event is None:
        return start
    encoder = form.encoder()
    await relay.replay(encoder, log, seq - 1)
    # The connection may have been lost between two parts of one event.
    rest = b"".join(encoder.frames(event, after=parts))
    return StartPosition(log, seq, seq, rest) if rest else start


def _format(form: ThreadForm) -> StreamFormat:
    known = _formats.get(form)
    if known is None:
        known = _formats[form] = StreamFormat(
            EVENT_STREAM.content_type,
            partial(_alone, form),
            EVENT_STREAM.heartbeat,
            EVENT_STREAM.farewell,
            _never,
            form.encoder,
        )
    return known


def _alone(form: ThreadForm, event: LoggedEvent) -> bytes:
    """An event that stands for itself: a gap, before anything is read."""
    return form.encoder()(event)


def _never(_: LoggedEvent) -> bool:
    """Whether the stream ends with this event: there may always be another run."""
    return False
