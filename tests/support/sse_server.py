"""An HTTP server that sends exactly the bytes it is told to, and ends as it is told to.

For clients only: it knows nothing of Tailrace but how a frame is spelled.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Literal

import orjson

WAIT_S = 10.0
"""For the client's next step; a test that needs longer hangs."""

Ending = Literal["clean", "fin", "rst", "silence"]


@dataclass(frozen=True, slots=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def after(self) -> int:
        return int(self.headers.get("last-event-id", "0"))


@dataclass(frozen=True, slots=True)
class Answer:
    """One response: the body's writes, and what becomes of the connection behind them."""

    writes: tuple[bytes, ...] = ()
    ending: Ending = "clean"
    status: int = 200
    content_type: str = "text/event-stream"


def event_stream(*writes: bytes, ending: Ending = "clean") -> Answer:
    return Answer(writes, ending)


def json_answer(value: object, status: int = 200) -> Answer:
    kind = "application/json" if status < 400 else "application/problem+json"
    return Answer((orjson.dumps(value),), status=status, content_type=kind)


def problem(status: int, kind: str, title: str, **more: object) -> Answer:
    return json_answer({"type": kind, "title": title, "status": status, **more}, status)


def frame(seq: int, name: str, data: str) -> bytes:
    retry = "retry: 86400000\n" if name == "end" else ""
    return f"event: {name}\ndata: {data}\n{retry}id: {seq}\n\n".encode()


@dataclass(slots=True)
class Server:
    """A running server: where it is, and what it was asked so far."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list[Asked])
    hung_up: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once a client has closed a connection that the server left silent."""


Respond = Callable[[Asked], Answer]


def in_turn(answers: Iterable[Answer]) -> Respond:
    """The answers one after the other; a request too many is a failure that the client sees."""
    left = iter(answers)
    return lambda _: next(left, problem(418, "too-many", "The test has no further answer"))


@asynccontextmanager
async def serving(respond: Respond) -> AsyncGenerator[Server]:
    """Serve on a free port of the loopback interface while the block runs."""
    server = Server()
    open_connections: set[asyncio.Task[None]] = set()

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        open_connections.add(task)
        try:
            await _serve_one(server, respond, reader, writer)
        finally:
            writer.close()
            open_connections.discard(task)

    listening = await asyncio.start_server(connected, "127.0.0.1", 0)
    server.url = f"http://127.0.0.1:{listening.sockets[0].getsockname()[1]}"
    try:
        yield server
    finally:
        listening.close()
        for task in open_connections:
            task.cancel()
        await asyncio.gather(*open_connections, return_exceptions=True)
        await listening.wait_closed()


async def _serve_one(
    server: Server, respond: Respond, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    try:
        asked = await asyncio.wait_for(_read_request(reader), WAIT_S)
    except asyncio.IncompleteReadError:
        return
    server.asked.append(asked)
    answer = respond(asked)
    writer.write(_head(answer))
    for write in answer.writes:
        writer.write(b"%x\r\n%b\r\n" % (len(write), write) if write else b"")
        await writer.drain()
    if answer.ending == "silence":
        await asyncio.wait_for(reader.read(), WAIT_S)
        server.hung_up.set()
    _end(answer, writer)


async def _read_request(reader: asyncio.StreamReader) -> Asked:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, path, _ = lines[0].split(" ")
    headers = {
        name.lower(): value.strip()
        for name, _, value in (line.partition(":") for line in lines[1:])
    }
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(method, path, headers, body)


def _head(answer: Answer) -> bytes:
    bodiless = answer.status == 204
    framing = "" if bodiless else "Transfer-Encoding: chunked\r\n"
    return (
        f"HTTP/1.1 {answer.status} X\r\nContent-Type: {answer.content_type}\r\n"
        f"Connection: close\r\n{framing}\r\n"
    ).encode()


def _end(answer: Answer, writer: asyncio.StreamWriter) -> None:
    if answer.ending == "clean" and answer.status != 204:
        writer.write(b"0\r\n\r\n")
    if answer.ending == "rst":
        # A linger of zero seconds turns close into a reset.
        connection = writer.get_extra_info("socket")
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
