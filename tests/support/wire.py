"""HTTP/1.1 spoken by hand, so that a test sees every byte: headers, chunks, and how a body ends."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Literal

WAIT_S = 25.0
"""For the next bytes, on a machine that does much else; heartbeats of the tests are far shorter."""
HEARTBEAT = b": hb\n"

Ending = Literal["open", "clean", "cut"]
"""`clean`: the body was complete (last chunk, declared length, or none). `cut`: it was not."""


@dataclass(frozen=True, slots=True)
class Head:
    """A response's status and headers, in the order in which they came."""

    raw: bytes

    @property
    def status(self) -> int:
        return int(self.raw.split(b" ", 2)[1])

    @property
    def fields(self) -> list[tuple[str, str]]:
        lines = self.raw.decode("latin-1").rstrip("\r\n").split("\r\n")[1:]
        parts = (line.partition(":") for line in lines)
        return [(name.lower(), value.strip()) for name, _, value in parts]

    def values(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name.lower()]

    def one(self, name: str) -> str:
        [value] = self.values(name)
        return value


@dataclass(slots=True)
class Exchange:
    """One request's answer, as it comes."""

    head: Head
    reader: asyncio.StreamReader
    ending: Ending = "open"
    chunks: list[bytes] = field(default_factory=list[bytes])
    """The body's parts as they were sent, framing removed."""

    @property
    def body(self) -> bytes:
        return b"".join(self.chunks)

    @property
    def frames(self) -> bytes:
        """The body without signs of life: how many there are says how fast the machine is."""
        return self.body.replace(HEARTBEAT, b"")

    async def until(self, mark: bytes) -> bytes:
        """Read until the body holds the mark; the body so far."""
        while mark not in self.body:
            assert await self.more(), f"no {mark!r} in {self.body!r}, {self.ending}"
        return self.body

    async def rest(self) -> bytes:
        """Read to the end, whatever end that is; the whole body."""
        while await self.more():
            pass
        return self.body

    async def more(self) -> bool:
        """Read the next part of the body; whether there may be another."""
        if self.ending != "open":
            return False
        try:
            async with asyncio.timeout(WAIT_S):
                chunk = await self._part()
        except (asyncio.IncompleteReadError, ConnectionError):
            self.ending = "cut"
            return False
        self.chunks.append(chunk)
        return self.ending == "open"

    async def _part(self) -> bytes:
        if self.head.values("transfer-encoding") == ["chunked"]:
            return await self._chunk()
        length = int(self.head.one("content-length"))
        body = await self.reader.readexactly(length)
        self.ending = "clean"
        return body

    async def _chunk(self) -> bytes:
        size = int(await self.reader.readuntil(b"\r\n"), 16)
        chunk = await self.reader.readexactly(size + 2)
        if size == 0:
            self.ending = "clean"
        return chunk[:-2]


@asynccontextmanager
async def asking(
    port: int, method: str, target: str, *headers: str, body: bytes = b""
) -> AsyncGenerator[Exchange]:
    """One request over a connection of its own; the answer's head has come, its body may go on."""
    async with connected(port) as (reader, writer):
        writer.write(request(method, target, *headers, body=body))
        yield await answered(reader, method)


async def ask(port: int, method: str, target: str, *headers: str, body: bytes = b"") -> Exchange:
    """One request and its whole answer."""
    async with asking(port, method, target, *headers, body=body) as exchange:
        await exchange.rest()
        return exchange


def request(method: str, target: str, *headers: str, body: bytes = b"") -> bytes:
    """A request's bytes, `Host` included, and `Content-Length` where there is a body."""
    length = [f"Content-Length: {len(body)}"] if body else []
    lines = [f"{method} {target} HTTP/1.1", "Host: 127.0.0.1", *length, *headers]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def answered(reader: asyncio.StreamReader, method: str = "GET") -> Exchange:
    """The next answer on a connection."""
    async with asyncio.timeout(WAIT_S):
        head = Head(await reader.readuntil(b"\r\n\r\n"))
    bodiless = method == "HEAD" or head.status in (204, 304)
    return Exchange(head, reader, "clean" if bodiless else "open")


@asynccontextmanager
async def connected(
    port: int,
) -> AsyncGenerator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to a port of loopback."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=2**24)
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(ConnectionError):
            await writer.wait_closed()
