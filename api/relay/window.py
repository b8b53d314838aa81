"""Consecutive events of one log as frames, made once for all who want them. Pure."""

from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from starlette.types import Message

from tailrace.api.relay.frames import MAX_WRITE_BYTES, Encoder, StreamFormat
from tailrace.shared.events import LoggedEvent, ends_log, gap_event

_WRITES_KEPT: Final = 4
"""Writes for listeners that have the same number: those at the tail, or replays."""

_SMALL_BYTES: Final = 4096

_OVERHEAD_BYTES: Final = 64
"""What a frame takes besides its bytes."""


class Write(NamedTuple):
    """Frames to be written at once."""

    data: bytes
    last: int
    """Number of the last event in it."""
    ends: bool
    """Whether the stream ends clean after it."""
    more: bool
    """Whether the window has more after it."""
    message: Message
    """The same for an ASGI `send`, made once for all listeners."""
    chunk: bytes
    """The same as a chunk of HTTP/1.1, for `Peer.write`. Empty for the last write, and for large
    ones, whose cost is by the byte and not by the call, and which would be held twice."""


def write_of(data: bytes, last: int, *, ends: bool = False, more: bool = False) -> Write:
    """A write in all its forms."""
    message = {"type": "http.response.body", "body": data, "more_body": not ends}
    # An empty chunk would end the body.
    small = not ends and 0 < len(data) <= _SMALL_BYTES
    chunk = b"%x\r\n%b\r\n" % (len(data), data) if small else b""
    return Write(data, last, ends, more, message, chunk)


class Window:
    """The frames numbered above `base`, up to the last one known. Numbers rise; gaps are frames.

    Args:
        stream_format: of the frames.
        base: where they begin.
        encoder: writes what follows, where that depends on what came before. Without it the window
            is blind: it only moves on, until it takes a page that continues it.
    """

    __slots__ = (
        "_closing",
        "_format",
        "_frames",
        "_numbers",
        "_writes",
        "base",
        "encoder",
        "ended",
        "size",
    )

    def __init__(
        self, stream_format: StreamFormat, base: int, encoder: Encoder | None = None
    ) -> None:
        self._format = stream_format
        self.encoder = encoder
        self._numbers = array("q")
        self._frames: list[bytes] = []
        self._writes: dict[int, Write] = {}
        self._closing = array("q")
        """Numbers after which the stream ends clean."""
        self.base = base
        self.ended = False
        self.size = 0
        """Memory that the frames take, in bytes."""

    @property
    def last(self) -> int:
        """The highest number that it reaches."""
        return self._numbers[-1] if self._numbers else self.base

    @property
    def blind(self) -> bool:
        """Whether it can't write what follows: it does not know what came before."""
        return self._format.encoder is not None and self.encoder is None

    def __len__(self) -> int:
        return len(self._frames)

    def covers(self, seq: int) -> bool:
        """Whether a listener that has `seq` can continue from here without a loss."""
        return self.base <= seq

    def add(self, events: Sequence[LoggedEvent]) -> None:
        """Take what follows; events that are known already are ignored."""
        last = self.last
        if events and events[0].seq <= last:
            events = [event for event in events if event.seq > last]
        if self.blind and events:
            self._drop_all(events[-1].seq)
            return
        encode, closes = self.encoder or self._format.encode, self._format.closes
        for event in with_gaps(events, last):
            self._append(event.seq, encode(event))
            if closes(event):
                self._closing.append(event.seq)
        self.ended = self.ended or bool(events and ends_log(events[-1]))

    def take(self, page: "Window") -> None:
        """Take over the frames of a page, if they continue where this window stops."""
        if self.blind and page.encoder is not None and page.last == self.last:
            self.encoder = page.encoder.copy()
        if not page.base <= self.last < page.last:
            return
        self.encoder = page.encoder and page.encoder.copy()
        reached = self.last
        first = bisect_right(page._numbers, reached)  # noqa: SLF001 - of the same class
        for seq, frame in zip(page._numbers[first:], page._frames[first:], strict=True):  # noqa: SLF001
            self._append(seq, frame)
        self._closing.extend(seq for seq in page._closing if seq > reached)  # noqa: SLF001
        self.ended = page.ended

    def after(self, seq: int) -> Write | None:
        """The next frames for a listener that has `seq`: at most 64 KiB, or one larger frame.

        None if there are none, or if this window does not cover the number. After the end, the end
        is given again: only a store that has forgotten events puts a listener there.
        """
        if (known := self._writes.get(seq)) is not None:
            return known
        if seq < self.base:
            return None
        if self.ended and self._frames:
            seq = min(seq, self.last - 1)
        elif seq >= self.last:
            return None
        write = self._join(bisect_right(self._numbers, seq))
        if len(self._writes) == _WRITES_KEPT:
            self._writes.clear()
        self._writes[seq] = write
        return write

    def trim(self, max_bytes: int) -> None:
        """Drop the oldest frames until half of `max_bytes` is left, but never the newest frame."""
        if self.size <= max_bytes:
            return
        dropped = 0
        while self.size > max_bytes // 2 and dropped < len(self._frames) - 1:
            self.size -= len(self._frames[dropped]) + _OVERHEAD_BYTES
            dropped += 1
        if not dropped:
            return
        self.base = self._numbers[dropped - 1]
        del self._frames[:dropped], self._numbers[:dropped]
        self._writes.clear()

    def _drop_all(self, base: int) -> None:
        self.base, self.size = base, 0
        self._frames.clear()
        self._writes.clear()
        del self._numbers[:], self._closing[:]

    def _append(self, seq: int, frame: bytes) -> None:
        self._numbers.append(seq)
        self._frames.append(frame)
        self.size += len(frame) + _OVERHEAD_BYTES
        self._writes.clear()

    def _join(self, first: int) -> Write:
        frames, stop, most = self._frames, first + 1, self._closed_at(first)
        size = len(frames[first])
        while stop < most and (size := size + len(frames[stop])) <= MAX_WRITE_BYTES:
            stop += 1
        data = frames[first] if stop == first + 1 else b"".join(frames[first:stop])
        last = self._numbers[stop - 1]
        ends = last in self._closing
        return write_of(data, last, ends=ends, more=not ends and stop < len(frames))

    def _closed_at(self, first: int) -> int:
        """Where the stream that begins with this frame ends, as far as frames are known."""
        following = bisect_left(self._closing, self._numbers[first])
        if following == len(self._closing):
            return len(self._frames)
        return bisect_right(self._numbers, self._closing[following])


def with_gaps(events: Sequence[LoggedEvent], seq: int) -> Iterator[LoggedEvent]:
    """The events after `seq`, with a `gap` wherever numbers are missing."""
    for event in events:
        if event.seq > seq + 1 and event.name != "gap":
            lost = event.name == "status" and b'"reason":"store_lost"' in event.data
            yield gap_event(seq + 1, event.seq - 1, "lost" if lost else "trimmed")
        yield event
        seq = event.seq
