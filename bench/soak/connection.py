"""One connection of a listener: a request, and a chunked body as it comes."""

import asyncio
import re
import socket
import struct
import sys
from contextlib import suppress
from typing import Final, cast

from bench.soak.frames import Reading

_OK: Final = b"HTTP/1.1 200 "
_NOTHING_LEFT: Final = b"HTTP/1.1 204 "
_SIZE: Final = re.compile(rb"([0-9a-f]+)\r\n")
_CRLF: Final = 2
_HEAD_SHOWN: Final = 200
_SMALL_BUFFER: Final = 4096
_RESET: Final = struct.pack("ii", 1, 0)
"""A linger of no seconds turns a close into a reset."""


class Connection(asyncio.Protocol):
    """Reads into a `Reading`; `over` is done when the connection is gone."""

    def __init__(self, reading: Reading) -> None:
        self.over: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.clean = False
        """Whether the body had its last chunk."""
        self._reading = reading
        self._raw = bytearray()
        self._in_body = False
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for everything after the number that the listener has."""
        self._transport = cast("asyncio.Transport", transport)
        self._reading.connect()
        cursor = f"Last-Event-ID: {self._reading.seq}\r\n" if self._reading.seq else ""
        path = f"/jobs/{self._reading.job_id}/events"
        self._transport.write(f"GET {path} HTTP/1.1\r\nHost: soak\r\n{cursor}\r\n".encode())

    def data_received(self, data: bytes) -> None:
        """Take the next bytes."""
        self._raw += data
        if self._in_body or self._head():
            while not self.clean and self._chunk():
                pass
        if self.clean:
            self.leave("fin")

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature
        """Tell whoever waits."""
        if not self.over.done():
            self.over.set_result(None)

    def read_nothing(self) -> None:
        """Take nothing more from the kernel."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.pause_reading()

    def read_on(self) -> None:
        """Take what has come meanwhile."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()

    def leave(self, how: str) -> None:
        """Hang up, by FIN or RST."""
        if self._transport is None:
            return
        if how == "rst" and (sock := self._transport.get_extra_info("socket")) is not None:
            with suppress(OSError):  # it may be closed already
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            self._transport.abort()
        self._transport.close()

    def _head(self) -> bool:
        end = self._raw.find(b"\r\n\r\n")
        if end < 0:
            return False
        self._in_body = self._raw.startswith(_OK)
        if self._raw.startswith(_NOTHING_LEFT):
            self._reading.ended = self.clean = True
        elif not self._in_body:
            self._reading.counts["refused"] += 1
            sys.stderr.write(f"refused: {bytes(self._raw[:_HEAD_SHOWN])!r}\n")
            self.leave("fin")
        del self._raw[: end + 4]
        return self._in_body

    def _chunk(self) -> bool:
        """Take one chunk; False if it has not come whole."""
        size = _SIZE.match(self._raw)
        if size is None:
            return False
        start, length = size.end(), int(size[1], 16)
        if len(self._raw) < start + length + _CRLF:
            return False
        self._reading.feed(bytes(self._raw[start : start + length]))
        del self._raw[: start + length + _CRLF]
        self.clean = length == 0
        return True


async def connect(port: int, reading: Reading, *, small: bool) -> Connection:
    """Ask for a log.

    Args:
        port: the API's, on loopback.
        reading: where to resume, and what takes the frames.
        small: with as small a buffer as the kernel gives, so that a pause is felt by the server.
    """
    sock = socket.socket()
    sock.setblocking(False)
    if small:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _SMALL_BUFFER)
    loop = asyncio.get_running_loop()
    try:
        await loop.sock_connect(sock, ("127.0.0.1", port))
        _, connection = await loop.create_connection(lambda: Connection(reading), sock=sock)
    except BaseException:
        sock.close()
        raise
    return connection
