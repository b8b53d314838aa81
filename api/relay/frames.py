"""Events as the bytes of an event stream (WHATWG HTML, section 9.2). The order of lines matters.

`event`, `data`, then `id`, because fetch-event-source keeps an id as soon as its line arrives; and
nothing ends with a blank line but an event, because clients deliver what a blank line ends.
"""

import random
from collections.abc import Iterable, Iterator
from typing import Final

from shared.events import LoggedEvent

HEARTBEAT: Final = b": hb\n"
MAX_WRITE_BYTES: Final = 64 * 1024
"""Frames are joined up to this size; a larger frame travels alone."""

_NEVER_AGAIN_MS: Final = 86_400_000


def frame(event: LoggedEvent) -> bytes:
    """One event. The last one also tells EventSource to stay away for a day.

    That `retry` stands behind the data: it takes effect as its line arrives, and a cut before the
    data must not leave a page waiting.
    """
    retry = b"retry: %d\n" % _NEVER_AGAIN_MS if event.name == "end" else b""
    return b"event: %b\ndata: %b\n%bid: %d\n\n" % (
        event.name.encode(),
        event.data,
        retry,
        event.seq,
    )


def come_back() -> bytes:
    """A line that asks for a reconnect in 1 to 3 s, at random so that not all come at once."""
    return b"retry: %d\n" % random.randint(1000, 3000)  # noqa: S311 - spreads load, keeps no secret


def joined(events: Iterable[LoggedEvent]) -> Iterator[bytes]:
    """Whole frames, joined into writes of at most `MAX_WRITE_BYTES`."""
    write = b""
    for event in events:
        part = frame(event)
        if write and len(write) + len(part) > MAX_WRITE_BYTES:
            yield write
            write = b""
        write += part
    if write:
        yield write
