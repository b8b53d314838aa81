"""An OpenAI-compatible endpoint that says what a test wants: the one fake, behind a real socket.

Text comes out of langchain_core's fake chat model, token by token. Each request takes the next turn
of the script; the last turn answers all further requests.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, cast

from langchain_core.language_models import GenericFakeChatModel
from langchain_core.messages import AIMessage

GIVE_UP_S = 30.0
STREAM = {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"}
USAGE = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
AT_ONCE = {"Retry-After": "1", "retry-after-ms": "1"}
"""What the client reads first is the millisecond; a user would read the second."""


@dataclass(frozen=True, slots=True)
class Says:
    """A streamed text; with `held` it stops after the first token until the event is set."""

    text: str
    held: asyncio.Event | None = None


@dataclass(frozen=True, slots=True)
class Calls:
    """A streamed wish for tools: name and arguments of each."""

    tools: tuple[tuple[str, Mapping[str, object]], ...]


@dataclass(frozen=True, slots=True)
class BreaksOff:
    """A text whose connection is cut before it is finished."""

    text: str


@dataclass(frozen=True, slots=True)
class Refuses:
    """An error before anything is streamed, in OpenAI's form."""

    status: int
    code: str
    message: str
    headers: Mapping[str, str] = field(default_factory=lambda: AT_ONCE)


Turn = Says | Calls | BreaksOff | Refuses

RATE_LIMITED = Refuses(429, "rate_limit_exceeded", "Rate limit reached for requests per minute.")
WRONG_KEY = Refuses(401, "invalid_api_key", "Incorrect API key provided.")
BROKEN = Refuses(500, "server_error", "The server had an error.")


@dataclass(frozen=True, slots=True)
class Request:
    """What the client sent."""

    headers: Mapping[str, str]
    body: Mapping[str, Any]


class OpenAIServer:
    """A running endpoint, and every request it got so far."""

    def __init__(self, turns: tuple[Turn, ...]) -> None:
        self.base_url = ""
        self.requests: list[Request] = []
        self._turns = list(turns)
        self._answering: set[asyncio.Task[object] | None] = set()

    def environment(self) -> dict[str, str]:
        """The variables under which a worker comes here."""
        return {"OPENAI_BASE_URL": self.base_url, "MODEL": "fake"}

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the one request of a connection; a client may leave before the end."""
        task = asyncio.current_task()
        self._answering.add(task)
        try:
            async with asyncio.timeout(GIVE_UP_S):
                self.requests.append(await _request(reader))
                await self._take_turn(writer)
        except ConnectionError:
            return
        finally:
            self._answering.discard(task)
            writer.close()

    def hang_up(self) -> None:
        """End every answer that is still under way."""
        for task in self._answering:
            if task is not None:
                task.cancel()

    async def _take_turn(self, writer: asyncio.StreamWriter) -> None:
        turn = self._turns.pop(0) if len(self._turns) > 1 else self._turns[0]
        if isinstance(turn, Refuses):
            writer.write(_refusal(turn))
            await writer.drain()
            return
        writer.write(
            _head(200, {"Content-Type": "text/event-stream", "Transfer-Encoding": "chunked"})
        )
        async for delta in _deltas(turn):
            await _send(writer, {"choices": [_choice(delta)]})
        if isinstance(turn, BreaksOff):
            cast("asyncio.Transport", writer.transport).abort()
            return
        reason = "tool_calls" if isinstance(turn, Calls) else "stop"
        await _send(writer, {"choices": [_choice({}, reason)]})
        await _send(writer, {"choices": [], "usage": USAGE})
        await _chunk(writer, b"data: [DONE]\n\n")
        await _chunk(writer, b"")


@asynccontextmanager
async def openai_server(*turns: Turn) -> AsyncGenerator[OpenAIServer]:
    """An endpoint on a free port of loopback, in this loop."""
    fake = OpenAIServer(turns or (Says("Hello from the fake model."),))
    listener = await asyncio.start_server(fake.answer, "127.0.0.1", 0)
    async with listener:
        fake.base_url = f"http://127.0.0.1:{listener.sockets[0].getsockname()[1]}/v1"
        try:
            yield fake
        finally:
            fake.hang_up()


async def _request(reader: asyncio.StreamReader) -> Request:
    lines = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")[1:-2]
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Request(headers, json.loads(body or b"{}"))


async def _deltas(turn: Says | Calls | BreaksOff) -> AsyncIterator[dict[str, Any]]:
    if isinstance(turn, Calls):
        for index, (name, arguments) in enumerate(turn.tools):
            yield _call(index, {"name": name, "arguments": ""}, call_id=f"call_{index}")
            yield _call(index, {"arguments": json.dumps(arguments)})
        return
    tokens = GenericFakeChatModel(messages=iter([AIMessage(turn.text)])).astream("any prompt")
    async for token in tokens:
        if token.content:
            yield {"role": "assistant", "content": str(token.content)}
            if isinstance(turn, Says) and turn.held:
                await turn.held.wait()


def _call(index: int, function: dict[str, str], **more: str) -> dict[str, Any]:
    named = {"id": more["call_id"], "type": "function"} if more else {}
    return {"role": "assistant", "tool_calls": [{"index": index, "function": function, **named}]}


def _choice(delta: dict[str, Any], reason: str | None = None) -> dict[str, Any]:
    return {"index": 0, "delta": delta, "finish_reason": reason}


async def _send(writer: asyncio.StreamWriter, part: dict[str, Any]) -> None:
    common = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "fake"}
    await _chunk(writer, f"data: {json.dumps({**common, **part})}\n\n".encode())


async def _chunk(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(b"%x\r\n%b\r\n" % (len(data), data))
    await writer.drain()


def _refusal(turn: Refuses) -> bytes:
    error = {"message": turn.message, "type": turn.code, "param": None, "code": turn.code}
    body = json.dumps({"error": error}).encode()
    length = {"Content-Type": "application/json", "Content-Length": str(len(body))}
    return _head(turn.status, {**length, **turn.headers}) + body


def _head(status: int, headers: Mapping[str, str]) -> bytes:
    lines = [f"{name}: {value}" for name, value in headers.items()]
    first = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"
    return "\r\n".join([first, *lines, "Connection: close", "", ""]).encode()
