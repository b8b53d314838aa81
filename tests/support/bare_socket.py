"""A listener that reads when the test says so, over a socket with as small a buffer as there is."""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

from tests.support.wire import Ending, request

How = Literal["fin", "rst"]

WAIT_S = 25.0
"""For the next bytes, on a machine that does much else."""
BUFFER = 4096


@dataclass(slots=True)
class BareSocket:
    """One request; nothing is read but by `read` and `rest`."""

    sock: socket.socket
    raw: bytearray = field(default_factory=bytearray)
    ending: Ending = "open"
    """Known after `rest`."""

    @property
    def body(self) -> bytes:
        """The whole chunks so far, without their framing."""
        return b"".join(self._chunks())

    async def read(self, most: int) -> int:
        """Read once; the number of bytes, 0 where the connection is over."""
        async with asyncio.timeout(WAIT_S):
            try:
                data = await asyncio.get_running_loop().sock_recv(self.sock, most)
            except ConnectionError:
                return 0
        self.raw += data
        return len(data)

    async def rest(self) -> bytes:
        """Read to the end; the whole body."""
        while await self.read(2**20):
            if self.raw.endswith(b"\r\n0\r\n\r\n"):
                self.ending = "clean"
                return self.body
        self.ending = "cut"
        return self.body

    def hang_up(self, how: How) -> None:
        """Close by FIN or by RST."""
        if how == "rst":
            # A linger of zero seconds turns close into a reset.
            self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.sock.close()

    def _chunks(self) -> list[bytes]:
        chunks: list[bytes] = []
        at = self.raw.find(b"\r\n\r\n") + 4
        while (line := self.raw.find(b"\r\n", at)) > 0:
            size = int(self.raw[at:line], 16)
            chunk = bytes(self.raw[line + 2 : line + 2 + size])
            if len(chunk) < size:
                break
            chunks.append(chunk)
            at = line + 2 + size + 2
        return chunks


@asynccontextmanager
async def bare(
    port: int, path: str, *headers: str, buffer: int = BUFFER
) -> AsyncGenerator[BareSocket]:
    """Ask for a stream; reset at the end if it is still there."""
    sock = socket.socket()
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
    loop = asyncio.get_running_loop()
    listener = BareSocket(sock)
    try:
        await loop.sock_connect(sock, ("127.0.0.1", port))
        await loop.sock_sendall(sock, request("GET", path, *headers))
        yield listener
    finally:
        if sock.fileno() >= 0:
            listener.hang_up("rst")
