"""A client's connection, as far as ASGI does not show it.

ASGI doesn't say when a client has stopped reading. `ConnectionProtocol` is uvicorn's HTTP/1.1 that
puts the request's `Peer` into its scope, and `peer_of` finds it there.
"""

import asyncio
import socket
import struct
import sys
from typing import Any, Final, cast

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

if sys.platform == "linux":
    import fcntl
    import termios

_EXTENSION: Final = "tailrace.peer"

_GONE_AFTER_S: Final = 30
"""A peer that acknowledges nothing for this long is gone."""

_RESET: Final = struct.pack("ii", 1, 0)
"""SO_LINGER: close with a reset, and drop what the kernel holds."""

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
        """Have the kernel notice when the peer is gone, as far as this platform can."""
        if (sock := self._socket) is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        self._set("TCP_KEEPIDLE", _PROBE_AFTER_S)
        self._set("TCP_KEEPINTVL", _PROBE_EVERY_S)
        self._set("TCP_KEEPCNT", _PROBES)
        self._set("TCP_USER_TIMEOUT", _GONE_AFTER_S * 1000)

    def bound(self, max_bytes: int, stall_s: float) -> None:
        """Begin a stream: its sends wait while more than `max_bytes` are pending in this process.

        On Linux the caller has to check `unacknowledged`. The kernel's own timeout would mistake a
        client that reads slowly, and so has no room for a whole segment, for one that is gone.
        """
        self._transport.set_write_buffer_limits(high=max_bytes)
        self._set("TCP_USER_TIMEOUT", 0 if sys.platform == "linux" else round(stall_s * 1000))

    def write(self, chunk: bytes) -> bool:
        """Write a chunk of an unfinished response, bypassing the server's `send`.

        `send` would build the same chunk again for each listener, which is most of what Python adds
        to a listener's system call. If bytes are pending or the connection is closing, nothing is
        written and the result is False: `send` handles both.
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
        """Bytes that have not reached the peer: those pending here and, on Linux, in the kernel."""
        sock = self._socket
        if sys.platform != "linux" or sock is None:
            return self.pending
        in_kernel = fcntl.ioctl(sock.fileno(), termios.TIOCOUTQ, struct.pack("i", 0))
        return self.pending + int(struct.unpack("i", in_kernel)[0])

    def abort(self) -> None:
        """Drop the connection and everything pending, here and in the kernel, at once."""
        if (sock := self._socket) is not None:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self._transport.abort()

    @property
    def _socket(self) -> socket.socket | None:
        sock = cast("socket.socket | None", self._transport.get_extra_info("socket"))
        # The client may have left, and the socket may be closed.
        there = sock is not None and sock.fileno() >= 0 and sock.family in _INTERNET
        return sock if there else None

    def _set(self, name: str, value: int) -> None:
        option = cast("int | None", getattr(socket, name, None))
        if option is not None and (sock := self._socket) is not None:
            sock.setsockopt(socket.IPPROTO_TCP, option, value)


class ConnectionProtocol(HttpToolsProtocol):
    """One connection; for uvicorn's setting `http`."""

    def connection_made(self, transport: asyncio.Transport) -> None:
        """Begin to serve the connection, and have the kernel watch its peer."""
        super().connection_made(transport)
        self._peer = Peer(transport)
        self._peer.watch()

    def on_message_begin(self) -> None:
        """Begin a request, with the peer in its scope."""
        super().on_message_begin()
        cast("dict[str, Any]", self.scope)["extensions"] = {_EXTENSION: {"peer": self._peer}}


def peer_of(scope: Scope) -> Peer | None:
    """The peer of a request; None behind a server that is not ours, which doesn't reveal it."""
    extension = scope.get("extensions", {}).get(_EXTENSION)
    return extension["peer"] if extension else None
