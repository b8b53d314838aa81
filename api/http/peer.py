"""A client's end of a connection, as far as a listener has to know it beside ASGI."""

import asyncio
import socket
import struct
import sys
from typing import Final, cast

from starlette.types import Scope

if sys.platform == "linux":
    import fcntl
    import termios

EXTENSION: Final = "tailrace.peer"
"""Where `tailrace.api.http.protocol` puts the peer among a scope's extensions."""

_GONE_AFTER_S: Final = 30
"""A peer that acknowledges nothing for so long is gone."""

_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER: close by a reset, and drop what the kernel holds."""

_PROBE_AFTER_S: Final = 30
_PROBE_EVERY_S: Final = 10
_PROBES: Final = 3
_INTERNET: Final = (socket.AF_INET, socket.AF_INET6)


class Peer:
    """The transport behind a request."""

    __slots__ = ("_transport",)

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def watch(self) -> None:
        """Have the kernel find out when the peer is gone, as far as this platform can."""
        if (sock := self._socket) is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._set("TCP_KEEPIDLE", _PROBE_AFTER_S)
        self._set("TCP_KEEPINTVL", _PROBE_EVERY_S)
        self._set("TCP_KEEPCNT", _PROBES)
        self._set("TCP_USER_TIMEOUT", _GONE_AFTER_S * 1000)

    def bound(self, max_bytes: int, stall_s: float) -> None:
        """Begin a stream: its sends wait while more than `max_bytes` are pending in this process.

        On Linux whoever calls looks at `unacknowledged`. The kernel's own timeout would take a
        client that reads slowly, and so has no room for a whole segment, for one that is gone.
        """
        self._transport.set_write_buffer_limits(high=max_bytes)
        self._set("TCP_USER_TIMEOUT", 0 if sys.platform == "linux" else round(stall_s * 1000))

    def write(self, chunk: bytes) -> bool:
        """Write a chunk of a response that has begun, and goes on, past the server's `send`.

        That would make the same chunk anew for each listener, which is most of what Python adds to
        a listener's system call. False, and nothing is written, where something is pending or the
        connection goes: `send` knows what to do then.
        """
        if self._transport.get_write_buffer_size() or self._transport.is_closing():
            return False
        self._transport.write(chunk)
        return True

    @property
    def pending(self) -> int:
        """Bytes that this process still holds."""
        return self._transport.get_write_buffer_size()

    @property
    def unacknowledged(self) -> int:
        """Bytes that the peer has not got yet: here, and where Linux tells, in the kernel."""
        sock = self._socket
        if sys.platform != "linux" or sock is None:
            return self.pending
        in_kernel = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
        return self.pending + int(struct.unpack("i", in_kernel)[0])

    def abort(self) -> None:
        """Drop the connection and what it holds, here and in the kernel, at once."""
        if (sock := self._socket) is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    @property
    def _socket(self) -> socket.socket | None:
        sock = cast("socket.socket | None", self._transport.get_extra_info("socket"))
        # A client may be gone by now, and its socket closed.
        there = sock is not None and sock.fileno() >= 0 and sock.family in _INTERNET
        return sock if there else None

    def _set(self, name: str, value: int) -> None:
        option = cast("int | None", getattr(socket, name, None))
        if option is not None and (sock := self._socket) is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


def peer_of(scope: Scope) -> Peer | None:
    """The peer of a request; None where the server is not ours, and tells nothing of it."""
    extension = scope.get("extensions", {}).get(EXTENSION)
    return extension["peer"] if extension else None
