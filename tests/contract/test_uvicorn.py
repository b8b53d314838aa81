"""What of uvicorn 0.54 and sse-starlette 3.7 the relay relies on, beyond what ASGI says."""

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tailrace.api.http.connection import ConnectionProtocol, peer_of
from tailrace.api.relay.listener import PendingSend
from tailrace.api.relay.response import EventStreamResponse
from tailrace.api.relay.window import write_of
from tests.support.bare_socket import bare
from tests.support.wait import wait_until
from tests.support.wire import answered, ask, asking, connected, request

START: Message = {"type": "http.response.start", "status": 200, "headers": []}
HIGH_WATER = 64 * 1024


def part(body: bytes = b"", *, more: bool = True) -> Message:
    return {"type": "http.response.body", "body": body, "more_body": more}


@asynccontextmanager
async def served(app: ASGIApp) -> AsyncGenerator[uvicorn.Server]:
    """The app on a free port, as `tailrace.api.__main__` serves; its port is in `config.port`."""
    config = uvicorn.Config(
        app, port=0, http=ConnectionProtocol, lifespan="off", log_config=None, access_log=False
    )
    server = uvicorn.Server(config)
    serving = asyncio.ensure_future(server.serve())
    try:
        await wait_until(lambda: server.started, "the server")
        config.port = server.servers[0].sockets[0].getsockname()[1]
        yield server
    finally:
        server.should_exit = True
        for connection in list(server.server_state.connections):
            connection.transport.abort()
        await serving


async def test_returning_without_a_last_chunk_closes_with_an_unfinished_body(
    caplog: pytest.LogCaptureFixture,
):
    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(START)
        await send(part(b"begun"))

    async with served(app) as server:
        exchange = await ask(server.config.port, "GET", "/")
    assert (exchange.body, exchange.ending) == (b"begun", "cut")
    # `tailrace.api.__main__` leaves out this line, and knows it by these words.
    assert [r.msg for r in caplog.records if r.levelno == logging.ERROR] == [
        "ASGI callable returned without completing response."
    ]


@dataclass(slots=True)
class Stuck:
    """An app that sends to a client which reads nothing, without ever waiting."""

    pending: list[int] = field(default_factory=list[int])
    waits_at: int = 0
    scope: Scope = field(default_factory=dict[str, object])
    waited: bool = False

    async def __call__(self, scope: Scope, _receive: Receive, send: Send) -> None:
        self.scope = scope
        await send(START)
        peer = peer_of(scope)
        assert peer is not None
        peer.bound(HIGH_WATER, stall_s=30)
        for _ in range(1000):
            self.pending.append(peer.pending)
            sending: Any = send(part(b"x" * 16_384))
            try:
                future = sending.send(None)
            except StopIteration:
                continue
            self.waits_at = peer.pending
            assert not future.done()
            self.waited = True
            await PendingSend(sending, future)
            return


async def test_a_send_waits_only_where_more_than_the_high_water_mark_is_pending():
    app = Stuck()
    async with served(app) as server, bare(server.config.port, "/") as client:
        await wait_until(lambda: app.waited, "a send that waits", 10)
        assert app.waits_at > HIGH_WATER
        assert max(app.pending[:-1]) <= HIGH_WATER < app.pending[-1]
        await client.rest()
        # What waited was written when there was room again, and nothing before it was lost.
        assert client.body == b"x" * 16_384 * len(app.pending)
        assert client.ending == "cut"


async def test_a_chunk_written_past_send_is_a_part_of_the_body_like_any_other():
    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        peer = peer_of(scope)
        assert peer is not None
        await send(START)
        for number in range(1, 4):
            await send(part(b"sent %d, " % number))
            assert peer.write(write_of(b"written %d, " % number, number).chunk)
        await send(part(b"the end", more=False))

    async with served(app) as server, connected(server.config.port) as (reader, writer):
        for _ in range(2):
            writer.write(request("GET", "/"))
            exchange = await answered(reader)
            await exchange.rest()
            assert exchange.body == (
                b"sent 1, written 1, sent 2, written 2, sent 3, written 3, the end"
            )
            assert exchange.ending == "clean"


async def test_nothing_is_written_past_send_where_bytes_are_pending_or_the_client_has_left():
    scopes: list[Scope] = []
    left = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        scopes.append(scope)
        await send(START)
        while (await receive())["type"] != "http.disconnect":
            pass
        left.set()

    async with served(app) as server, bare(server.config.port, "/"):
        await wait_until(lambda: scopes, "the request")
        peer = peer_of(scopes[0])
        assert peer is not None
        chunk = write_of(b"x" * 4096, 1).chunk
        written = 0
        while peer.write(chunk):
            written += 1
        before = peer.pending
        assert written > 1
        assert not peer.write(chunk)
        assert peer.pending == before > 0
        peer.abort()
        assert not peer.write(chunk)
        async with asyncio.timeout(5):
            await left.wait()


async def test_a_send_after_the_client_has_left_returns_silently(
    caplog: pytest.LogCaptureFixture,
):
    done = asyncio.Event()

    async def app(_scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        while (await receive())["type"] != "http.disconnect":
            await send(part(b"begun"))
        await send(part(b"nobody is there"))
        await send(part(more=False))
        done.set()

    async with served(app) as server:
        async with asking(server.config.port, "GET", "/") as exchange:
            await exchange.until(b"begun")
        async with asyncio.timeout(5):
            await done.wait()
    assert not [r for r in caplog.records if r.levelno >= logging.WARNING]


async def test_a_send_that_waits_is_let_go_when_the_client_leaves():
    app = Stuck()
    async with served(app) as server:
        async with bare(server.config.port, "/"):
            await wait_until(lambda: app.waited, "a send that waits")
        await wait_until(lambda: not server.server_state.tasks, "the app to return")


async def test_receive_tells_a_complete_response_and_that_a_client_has_left():
    told: list[str] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send(START)
        await send(part(b"begun", more=scope["path"] != "/complete"))
        while not told or told[-1] != "http.disconnect":
            told.append((await receive())["type"])

    async with served(app) as server:
        async with connected(server.config.port) as (reader, writer):
            writer.write(request("GET", "/complete"))
            await (await answered(reader)).rest()
            await wait_until(lambda: not server.server_state.tasks, "the app to return")
            # Its connection is still good for another request.
            told_of_complete, told = told, []
            writer.write(request("GET", "/complete"))
            assert (await answered(reader)).head.status == 200
        assert told_of_complete[-1] == "http.disconnect"
        await wait_until(lambda: not server.server_state.tasks, "the app to return")
        told = []
        async with asking(server.config.port, "GET", "/open") as exchange:
            await exchange.until(b"begun")
            await wait_until(lambda: told == ["http.request"], "the request's end")
        await wait_until(lambda: told[-1] == "http.disconnect", "to be told")


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="a platform without it")
async def test_a_connection_is_watched_by_the_kernel():
    options: dict[str, int] = {}
    names = ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        [connection] = server.server_state.connections
        sock: socket.socket = connection.transport.get_extra_info("socket")
        options["SO_KEEPALIVE"] = sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
        for name in names:
            options[name] = sock.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
        await send(START)
        await send(part(more=False))

    async with served(app) as server:
        assert (await ask(server.config.port, "GET", "/")).head.status == 200
    assert options == {
        "SO_KEEPALIVE": 1,
        "TCP_KEEPIDLE": 30,
        "TCP_KEEPINTVL": 10,
        "TCP_KEEPCNT": 3,
        "TCP_USER_TIMEOUT": 30_000,
    }


async def test_every_request_of_a_connection_shows_its_peer():
    peers: list[object] = []

    async def app(scope: Scope, _receive: Receive, send: Send) -> None:
        peers.append(peer_of(scope))
        await send(START)
        await send(part(more=False))

    async with served(app) as server, connected(server.config.port) as (reader, writer):
        for _ in range(2):
            writer.write(request("GET", "/"))
            await (await answered(reader)).rest()
    assert peers[0] is not None
    assert peers == [peers[0]] * 2


async def test_sse_starlette_tells_when_the_server_begins_to_shut_down():
    begun = asyncio.Event()

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send(START)
        await send(part(b"begun"))
        telling = asyncio.ensure_future(EventStreamResponse.shutdown())
        await asyncio.sleep(0)
        assert not telling.done()
        begun.set()
        await telling
        # The server waits for its streams, so whoever is told can still send.
        await send(part(b"told"))

    async with served(app) as server, asking(server.config.port, "GET", "/") as exchange:
        async with asyncio.timeout(5):
            await begun.wait()
        server.should_exit = True
        assert await exchange.until(b"told") == b"beguntold"
