"""A provider's gateway as far as its failures go: real HTTP, one reply to all requests."""

import asyncio
import json
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, cast

GIVE_UP_S = 30.0


@dataclass(frozen=True, slots=True)
class Replies:
    """A whole response; a mapping is sent as JSON."""

    status: int
    body: Mapping[str, Any] | str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class Streams:
    """A `200` with server-sent events, which ends in one of three ways."""

    events: tuple[Mapping[str, Any] | str, ...]
    end: Literal["clean", "reset", "silence"] = "clean"
    named: str = ""
    """The events' own name, where they have one."""


@dataclass(frozen=True, slots=True)
class HangsUp:
    """The connection closes before any response."""


Reply = Replies | Streams | HangsUp


def token(text: str, finish_reason: str | None = None) -> Mapping[str, Any]:
    """A chunk of the Chat Completions API."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}
    return {"id": "c", "object": "chat.completion.chunk", "created": 1, "choices": [choice]}


@asynccontextmanager
async def gateway(reply: Reply) -> AsyncGenerator[str]:
    """The base URL of a gateway on loopback, in this loop."""
    left = asyncio.Event()

    async def respond(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(GIVE_UP_S):
                await _read_request(reader)
                await _respond(writer, reply, left)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    listener = await asyncio.start_server(respond, "127.0.0.1", 0)
    async with listener:
        try:
            yield f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
        finally:
            left.set()


def refusing_url() -> str:
    """A URL at which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        return f"http://127.0.0.1:{taken.getsockname()[1]}"


async def _read_request(reader: asyncio.StreamReader) -> None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
    for line in head.split("\r\n"):
        name, _, value = line.partition(": ")
        if name == "content-length":
            await reader.readexactly(int(value))


async def _respond(writer: asyncio.StreamWriter, reply: Reply, left: asyncio.Event) -> None:
    match reply:
        case HangsUp():
            return
        case Replies(status, body, headers):
            kind = "text/plain" if isinstance(body, str) else "application/json"
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
            length = {"Content-Type": kind, "Content-Length": str(len(data))}
            writer.write(_head(status, {**length, **headers}) + data)
            await writer.drain()
        case Streams():
            await _stream(writer, reply, left)


async def _stream(writer: asyncio.StreamWriter, reply: Streams, left: asyncio.Event) -> None:
    chunked = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}
    writer.write(_head(200, chunked))
    for event in reply.events:
        text = event if isinstance(event, str) else json.dumps(event)
        name = f"event: {reply.named}\n" if reply.named else ""
        data = f"{name}data: {text}\n\n".encode()
        writer.write(b"%x\r\n%b\r\n" % (len(data), data))
        await writer.drain()
    if reply.end == "silence":
        await left.wait()
    elif reply.end == "reset":
        cast("asyncio.Transport", writer.transport).abort()
    else:
        writer.write(b"0\r\n\r\n")
        await writer.drain()


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join([f"HTTP/1.1 {status} X", *lines, "Connection: close", "", ""]).encode()
