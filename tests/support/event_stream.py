"""A browser's EventSource as far as its parser and its memory go (WHATWG HTML, section 9.2).

Byte by byte and as strict as the standard; no reconnecting, which is the test's own business.
"""

import re
from dataclasses import dataclass, field

FIELD = re.compile(rb"([^:]*)(?:: ?(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Dispatched:
    """An event as a page would get it."""

    name: str
    data: bytes
    last_event_id: str


@dataclass(slots=True)
class EventStreamReader:
    """What a page has heard over any number of connections."""

    events: list[Dispatched] = field(default_factory=list[Dispatched])
    last_event_id: str = ""
    retry_ms: int = 3000
    phantoms: int = 0
    """Blank lines that ended nothing: some clients deliver an empty event for each."""
    _rest: bytes = b""
    _name: bytes = b""
    _data: list[bytes] = field(default_factory=list[bytes])
    _id: str = ""

    @property
    def ended(self) -> bool:
        return bool(self.events) and self.events[-1].name == "end"

    @property
    def numbers(self) -> list[int]:
        return [int(event.last_event_id) for event in self.events]

    def connect(self) -> None:
        """A new connection: what an old one left unfinished is gone."""
        self._rest, self._name, self._data, self._id = b"", b"", [], self.last_event_id

    def feed(self, data: bytes) -> None:
        """Take the next bytes of a connection."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            assert b"\r" not in line, f"a carriage return in {line!r}"
            self._take(line)

    def as_frames(self) -> bytes:
        """All events in the service's own spelling."""
        return b"".join(map(spelled, self.events))

    def _take(self, line: bytes) -> None:
        if not line:
            self._dispatch()
            return
        match = FIELD.fullmatch(line)
        assert match is not None
        name, value = match[1], match[2] or b""
        if name == b"event":
            self._name = value
        elif name == b"data":
            self._data.append(value)
        elif name == b"id" and b"\0" not in value:
            self._id = value.decode()
        elif name == b"retry" and value.isdigit():
            self.retry_ms = int(value)

    def _dispatch(self) -> None:
        self.last_event_id = self._id
        if self._data:
            data = b"\n".join(self._data)
            self.events.append(Dispatched(self._name.decode() or "message", data, self._id))
        else:
            self.phantoms += 1
        self._name, self._data = b"", []


def spelled(event: Dispatched) -> bytes:
    """The frame that an event came in."""
    retry = b"retry: 86400000\n" if event.name == "end" else b""
    name, seq = event.name.encode(), event.last_event_id.encode()
    return b"event: %b\ndata: %b\n%bid: %b\n\n" % (name, event.data, retry, seq)
