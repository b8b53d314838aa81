"""Events as bytes: frames of an event stream (WHATWG HTML, section 9.2), or lines of JSON.

The order of a frame's lines matters: `event`, `data`, then `id`, because fetch-event-source keeps
an id as soon as its line arrives. And only an event ends with a blank line, because clients deliver
whatever a blank line ends.
"""

import random
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Final, Protocol

from tailrace.shared.events import LoggedEvent, ends_log

MAX_WRITE_BYTES: Final = 64 * 1024
"""Frames are joined up to this size; a larger frame travels alone."""

PAGE_BYTES: Final = 512 * 1024
"""Events are read up to this size; a larger one is read alone."""

_NEVER_AGAIN_MS: Final = 86_400_000


def fitting(sizes: Iterable[int]) -> int:
    """How many events of these sizes fit into a page, at least one; the others are read again."""
    return max(1, sum(1 for size in accumulate(sizes) if size <= PAGE_BYTES))


def frame(event: LoggedEvent) -> bytes:
    """One event. The last one also tells EventSource not to reconnect for a day.

    That `retry` comes after the data: it takes effect as its line arrives, and a connection lost
    before the data must not leave a page waiting.
    """
    seq, name, data = event
    retry = b"retry: %d\n" % _NEVER_AGAIN_MS if name == "end" else b""
    return b"event: %b\ndata: %b\n%bid: %d\n\n" % (name.encode(), data, retry, seq)


def thread_frame(event: LoggedEvent) -> bytes:
    """One event of a thread, which has no last one."""
    seq, name, data = event
    return b"event: %b\ndata: %b\nid: %d\n\n" % (name.encode(), data, seq)


def line(event: LoggedEvent) -> bytes:
    """One event as a line of JSON."""
    return b'{"id":%d,"event":"%b","data":%b}\n' % (event.seq, event.name.encode(), event.data)


def retry_hint() -> bytes:
    """A line that asks for a reconnect in 1 to 3 s, at random so that not all return at once."""
    return b"retry: %d\n" % random.randint(1000, 3000)  # noqa: S311 - spreads load, keeps no secret


def _nothing() -> bytes:
    return b""


class Encoder(Protocol):
    """Writes the events of one log in their order, where a frame depends on what came before."""

    def __call__(self, event: LoggedEvent) -> bytes:
        """The frames of the next event; several, one or none."""
        ...

    def copy(self) -> "Encoder":
        """One that continues from the same event."""
        ...


@dataclass(frozen=True, slots=True, eq=False, weakref_slot=True)
class StreamFormat:
    """A way to write a log. Compared by identity: those who share one share its frames."""

    content_type: str
    """Exactly this: strict clients reject a stream with the charset that frameworks add."""
    encode: Callable[[LoggedEvent], bytes]
    """An event's frame; several of them, or none, where the format is a view of the log."""
    heartbeat: bytes
    farewell: Callable[[], bytes]
    """What a listener is sent before it is dismissed."""
    closes: Callable[[LoggedEvent], bool] = ends_log
    """Whether the stream ends clean after this event; after the log's `end` it always does."""
    encoder: Callable[[], Encoder] | None = None
    """Where frames depend on what came before: makes what writes them from the log's start on."""


EVENT_STREAM: Final = StreamFormat("text/event-stream", frame, b": hb\n", retry_hint)
NDJSON: Final = StreamFormat("application/x-ndjson", line, b"\n", _nothing)
STREAM_FORMATS: Final = {known.content_type: known for known in (EVENT_STREAM, NDJSON)}
THREAD_FORMATS: Final = {
    EVENT_STREAM.content_type: replace(EVENT_STREAM, encode=thread_frame),
    NDJSON.content_type: replace(NDJSON),
}
"""The same for the logs of threads."""
