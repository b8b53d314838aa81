"""One log in this process: its listeners, and the frames that they share."""

from collections.abc import Sequence
from typing import Final

from tailrace.api.relay.frames import StreamFormat
from tailrace.api.relay.listener import Listener
from tailrace.api.relay.window import Window
from tailrace.shared.events import LoggedEvent
from tailrace.shared.jobs import JobId

ALL_WINDOWS: Final = 64 * 1024 * 1024
"""Memory that the windows of all logs share, in bytes."""

SMALLEST_WINDOW: Final = 16 * 1024
LARGEST_WINDOW: Final = 1024 * 1024
FIRST_PAGE: Final = 64
"""Events in a first read, while nobody knows how large they are."""


class Channel:
    """Listeners of one log. Those in `tail` have all that was read; others are catching up.

    `position` is the number behind which the tail reads for this channel; None while it does not.
    """

    __slots__ = (
        "_windows",
        "attached",
        "idle_ticks",
        "job_id",
        "lone_ticks",
        "page_events",
        "position",
        "tail",
        "window_bytes",
    )

    def __init__(self, job_id: JobId) -> None:
        self.job_id = job_id
        self.position: int | None = None
        self.tail: set[Listener] = set()
        self.attached = 0
        self.idle_ticks = 0
        """Ticks since the last event."""
        self.lone_ticks = 0
        """Ticks since the last listener left."""
        self.window_bytes = LARGEST_WINDOW
        self.page_events = FIRST_PAGE
        self._windows: dict[StreamFormat, Window] = {}

    def window(self, form: StreamFormat, known: int) -> Window:
        """The recent frames in this form; if there are none yet, an empty window.

        Args:
            form: of the frames.
            known: a number that the log has reached, from which an empty window goes on.
        """
        window = self._windows.get(form)
        if window is None:
            base = known if self.position is None else self.position
            window = self._windows[form] = Window(form, base)
        return window

    def join(self, listener: Listener) -> None:
        """Take a listener to the tail. Reading goes on where every window stops."""
        if self.position is None:
            self.position = min(window.last for window in self._windows.values())
        self.tail.add(listener)

    def feed(self, events: Sequence[LoggedEvent]) -> None:
        """Take the events behind `position`, and write them to everyone at the tail."""
        self.idle_ticks = 0
        self.position = None if events[-1].name == "end" else events[-1].seq
        for window in self._windows.values():
            window.add(events)
        behind = [one for one in self.tail if not one.advance(self._windows[one.form])]
        for listener in behind:
            self.fall_back(listener)
        # Who came to the end needs nothing more of this channel.
        self.tail = {listener for listener in self.tail if not listener.over}
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
        """Give everyone at the tail an `end` whose number they have: the store has gone back."""
        for form in self._windows:
            self._windows[form] = Window(form, end.seq - 1)
        self.feed([end])

    def forget(self) -> None:
        """Send everyone at the tail away: what was read here may not be the log any more."""
        for listener in self.tail:
            listener.cut(listener.form.farewell())
        self.tail.clear()
        self._windows.clear()
        self.position = None
