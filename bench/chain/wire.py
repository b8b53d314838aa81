"""HTTP as the load speaks it: by hand, over connections that stay, a time beside all that comes."""

import asyncio
import time
from collections.abc import AsyncGenerator, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Self

import orjson

from tailrace.deploy.local.ports import LOOPBACK

WITHIN_S: Final = 120.0
"""Far longer than any response may take; a service that needs more is broken."""
_READ: Final = 256 * 1024
_END: Final = b"event: end\n"


class Refused(Exception):
    """The service returned an unexpected status; the message is its response."""


class Connection:
    """One connection that stays open, for one request at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    @classmethod
    async def open(cls, port: int) -> Self:
        """Connect to a port of loopback."""
        return cls(*await asyncio.open_connection(LOOPBACK, port, limit=_READ))

    async def post(self, path: str, body: bytes) -> bytes:
        """The response's body.

        Raises:
            Refused: it is not 202.
        """
        head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        self._writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
        async with asyncio.timeout(WITHIN_S):
            answer = await self._reader.readuntil(b"\r\n\r\n")
            content = await self._reader.readexactly(_length(answer))
        if not answer.startswith(b"HTTP/1.1 202"):
            raise Refused((answer + content).decode(errors="replace"))
        return content

    def close(self) -> None:
        """Hang up."""
        self._writer.close()


@dataclass(slots=True)
class Listening:
    """What has come of one job's events so far: each piece with the time it came, in ns."""

    opened_ns: int = 0
    """When the response's headers had arrived."""
    pieces: list[tuple[int, bytes]] = field(default_factory=list[tuple[int, bytes]])


@dataclass(frozen=True, slots=True)
class Arrival:
    """An event as it came."""

    at_ns: int
    """When the piece that completes it was read."""
    name: str
    data: Any


async def listen(port: int, job_id: str) -> Listening:
    """Read a job's events up to `end`.

    Raises:
        Refused: there is no stream, or it was cut.
        TimeoutError: two minutes have passed.
    """
    async with asyncio.timeout(WITHIN_S), _stream(port, job_id) as (reader, heard):
        tail = b""
        while _END not in tail:
            piece = await reader.read(_READ)
            if not piece:
                raise Refused(f"the stream of {job_id} was cut")
            heard.pieces.append((time.time_ns(), piece))
            tail = tail[-len(_END) :] + piece
        return heard


@asynccontextmanager
async def _stream(port: int, job_id: str) -> AsyncGenerator[tuple[asyncio.StreamReader, Listening]]:
    reader, writer = await asyncio.open_connection(LOOPBACK, port, limit=_READ)
    try:
        head = f"GET /jobs/{job_id}/events HTTP/1.1\r\nHost: x\r\nAccept: text/event-stream\r\n\r\n"
        writer.write(head.encode())
        answer = await reader.readuntil(b"\r\n\r\n")
        if not answer.startswith(b"HTTP/1.1 200"):
            raise Refused(answer.decode(errors="replace"))
        yield reader, Listening(time.time_ns())
    finally:
        writer.close()


def arrivals(heard: Listening) -> list[Arrival]:
    """The events of a stream, each at the time of the piece that completes it."""
    found: list[Arrival] = []
    rest = b""
    for at_ns, piece in _unchunked(heard.pieces):
        *frames, rest = (rest + piece).split(b"\n\n")
        found += [
            Arrival(at_ns, name, data) for name, data in map(_event, frames) if name is not None
        ]
    return found


def _unchunked(pieces: Iterable[tuple[int, bytes]]) -> Iterator[tuple[int, bytes]]:
    """The body of a chunked response (RFC 9112, section 7.1), each chunk when it was complete."""
    rest = b""
    for at_ns, piece in pieces:
        rest += piece
        while len(parts := rest.split(b"\r\n", 1)) == 2:
            size = int(parts[0], 16)
            if len(parts[1]) < size + 2:
                break
            yield at_ns, parts[1][:size]
            rest = parts[1][size + 2 :]


def _event(frame: bytes) -> tuple[str | None, Any]:
    name, data = None, None
    for line in frame.split(b"\n"):
        if line.startswith(b"event: "):
            name = line[7:].decode()
        elif line.startswith(b"data: "):
            data = orjson.loads(line[6:])
    return name, data


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    raise Refused(f"a response without a length: {head!r}")


def job(count: int, interval_s: float = 0) -> bytes:
    """A body of POST /jobs: a counter, whose events say when they were written."""
    given = {"count": count, "interval_s": interval_s}
    return orjson.dumps({"graph": "counter", "input": given, "stream": ["custom"]})


async def create(connection: Connection, count: int, interval_s: float = 0) -> str:
    """POST a counter job; its id."""
    return orjson.loads(await connection.post("/jobs", job(count, interval_s)))["id"]
