"""One log in this process: its listeners and subscribers, and the frames that they share."""

from collections.abc import Sequence
from typing import Final, Protocol

from tailrace.api.relay.frames import StreamFormat
from tailrace.api.relay.listener import Listener
from tailrace.api.relay.whole_log import ChannelId
from tailrace.api.relay.window import Window
from tailrace.shared.events import LoggedEvent, ends_log

LARGEST_WINDOW: Final = 1024 * 1024
"""Memory that a window takes at most, in bytes."""

FIRST_PAGE: Final = 64
"""Events in a first read, before anybody knows how large they are."""


class Subscriber(Protocol):
    """Somebody in this process who hears a log's events themselves, not their frames."""

    def hear(self, events: Sequence[LoggedEvent]) -> None:
        """Take the next events."""
        ...

    def dismiss(self) -> None:
        """Stop waiting: no more events will come from here."""
        ...


class Channel:
    """The log of a job or of a thread.

    Those at the `tail` have everything that was read; other listeners are catching up.

    `position` is the number after which the tail reads for this channel; None while it does not.
    """

    __slots__ = (
        "_windows",
        "attached",
        "idle_ticks",
        "log_id",
        "page_events",
        "position",
        "subscribers",
        "tail",
        "unattended_ticks",
        "window_bytes",
    )

    def __init__(self, log_id: ChannelId) -> None:
        self.log_id = log_id
        self.position: int | None = None
        self.tail: set[Listener] = set()
        self.subscribers: set[Subscriber] = set()
        self.attached = 0
        """How many listeners and subscribers it has."""
        self.idle_ticks = 0
        """Ticks since the last event."""
        self.unattended_ticks = 0
        """Ticks since the last listener or subscriber left."""
        self.window_bytes = LARGEST_WINDOW
        self.page_events = FIRST_PAGE
        self._windows: dict[StreamFormat, Window] = {}

    def window(self, stream_format: StreamFormat, known: int) -> Window:
        """The recent frames in this format; if there are none yet, an empty window.

        Args:
            stream_format: of the frames.
            known: a number that the log has reached, where an empty window begins.
        """
        window = self._windows.get(stream_format)
        if window is None:
            base = known if self.position is None else self.position
            window = self._windows[stream_format] = Window(stream_format, base)
        return window

    def begin(self, known: int) -> None:
        """Set the position to where every window stops, or without windows to a known number."""
        self.position = min((window.last for window in self._windows.values()), default=known)

    def feed(self, events: Sequence[LoggedEvent]) -> None:
        """Take the events after `position`, and hand them to everyone at the tail."""
        self.idle_ticks = 0
        self.position = None if ends_log(events[-1]) else events[-1].seq
        for window in self._windows.values():
            window.add(events)
        behind = [one for one in self.tail if not one.advance(self._windows[one.stream_format])]
        for listener in behind:
            self.fall_back(listener)
        # Whoever has got `end` needs nothing more of this channel.
        self.tail = {listener for listener in self.tail if not listener.over}
        for subscriber in self.subscribers:
            subscriber.hear(events)
        self.bound(self.window_bytes)

    @property
    def size(self) -> int:
        """Memory that the windows take, in bytes."""
        return sum(window.size for window in self._windows.values())

    def bound(self, window_bytes: int) -> None:
        """Keep no more than this in each window."""
        self.window_bytes = window_bytes
        for window in self._windows.values():
            window.trim(window_bytes)

    def fall_back(self, listener: Listener) -> None:
        """Have a listener catch up by itself."""
        self.tail.discard(listener)
        listener.wake()

    def end_again(self, end: LoggedEvent) -> None:
        """Send everyone at the tail an `end` whose number they have: the store has gone back."""
        for stream_format in self._windows:
            made = stream_format.encoder
            self._windows[stream_format] = Window(stream_format, end.seq - 1, made and made())
        self.feed([end])

    def forget(self) -> None:
        """Dismiss everyone at the tail: what was read here may no longer be the log."""
        for listener in self.tail:
            listener.dismiss()
        for subscriber in self.subscribers:
            subscriber.dismiss()
        self.tail.clear()
        self._windows.clear()
        self.position = None
