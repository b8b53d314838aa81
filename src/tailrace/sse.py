"""Bytes of an event stream to frames (WHATWG HTML, section 9.2.6), at whatever byte they are split.

Own, because a relay in trouble sends `retry` on a line of its own and cuts: parsers that only hand
out events, such as httpx-sse, keep that line to themselves. An unfinished frame is never handed
out. What a frame's number and data mean is not decided here.
"""

from dataclasses import dataclass

from tailrace.errors import ProtocolBroken


@dataclass(frozen=True, slots=True)
class Frame:
    """One event as it stood on the wire."""

    event: str
    data: str
    id: str


class FrameParser:
    """Parses one response's body; a new connection needs a new one."""

    def __init__(self) -> None:
        self._rest = b""
        self._fields: dict[str, str] = {}
        self.retry_ms: int | None = None
        """How long the service asks a client to stay away, from the last bare `retry` line."""

    def feed(self, chunk: bytes) -> list[Frame]:
        """Take the next bytes; give the frames that they complete.

        Raises:
            ProtocolBroken: not UTF-8, or a field that stands twice in a frame.
        """
        *lines, self._rest = (self._rest + chunk).split(b"\n")
        frames = [self._take(line.removesuffix(b"\r")) for line in lines]
        return [frame for frame in frames if frame is not None]

    def _take(self, line: bytes) -> Frame | None:
        if not line:
            return self._finish()
        name, value = _field(line)
        if name == "retry":
            self._take_retry(value)
        elif name in self._fields:
            raise ProtocolBroken(f"a frame with two {name} lines")
        elif name in {"event", "data", "id"}:
            self._fields[name] = value
        return None

    def _take_retry(self, value: str) -> None:
        # Inside a frame it belongs to `end`, and a cut there must not keep us away for a day.
        if not self._fields and value.isascii() and value.isdigit():
            self.retry_ms = int(value[:9])

    def _finish(self) -> Frame | None:
        fields, self._fields = self._fields, {}
        if "data" not in fields:
            return None
        return Frame(fields.get("event", "message"), fields["data"], fields.get("id", ""))


def _field(line: bytes) -> tuple[str, str]:
    try:
        name, _, value = line.decode().partition(":")
    except UnicodeDecodeError as error:
        raise ProtocolBroken("the event stream is not UTF-8") from error
    return name, value.removeprefix(" ")
