"""A TCP proxy that cuts: at an exact byte of what goes to the client, by FIN or by RST.

In front of several replicas it takes them in turns, and passes over those that do not listen.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Literal

How = Literal["fin", "rst"]

READ_BYTES = 64 * 1024
GIVE_UP_S = 5.0


@dataclass(frozen=True, slots=True)
class Cut:
    """Where and how a connection ends."""

    at_byte: int
    """As many bytes of the response, its head included, still go through."""
    how: How


Plan = Callable[[int], Cut | None]
"""The cut for the n-th connection, counted from 0; None lets it be."""


@dataclass(slots=True)
class Proxy:
    """A running proxy and what it has done."""

    port: int = 0
    connections: int = 0
    cuts: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def cutting(upstream: int | Sequence[int], plan: Plan) -> AsyncGenerator[Proxy]:
    """Stand between clients and a port of loopback, or several, while the block runs."""
    ports = [upstream] if isinstance(upstream, int) else list(upstream)
    proxy = Proxy()
    links: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def accepted(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        links[task] = writer
        cut, first = plan(proxy.connections), proxy.connections % len(ports)
        proxy.connections += 1
        try:
            in_turn = ports[first:] + ports[:first]
            proxy.cuts += await _between(in_turn, reader, writer, cut)
        finally:
            del links[task]

    server = await asyncio.start_server(accepted, "127.0.0.1", 0)
    proxy.port = int(server.sockets[0].getsockname()[1])
    try:
        yield proxy
    finally:
        server.close()
        for writer in links.values():
            writer.transport.abort()
        if links:
            await asyncio.wait(links, timeout=GIVE_UP_S)
        await server.wait_closed()


async def _between(
    ports: Sequence[int],
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    cut: Cut | None,
) -> bool:
    """Serve one connection to its end; whether the plan ended it."""
    far = await _connected(ports)
    if far is None:
        _close(writer, "rst")
        return False
    far_reader, far_writer = far
    upward = asyncio.ensure_future(_pass_on(reader, far_writer))
    how: How = "rst"
    try:
        done = await _pump(far_reader, writer, cut.at_byte if cut else None)
        how = cut.how if cut and done else "fin"
        return bool(cut and done)
    except ConnectionError:
        return False
    finally:
        _close(writer, how)
        far_writer.transport.abort()
        await asyncio.wait([upward], timeout=GIVE_UP_S)


async def _connected(
    ports: Sequence[int],
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
    """A connection to the first port that takes one."""
    for port in ports:
        with suppress(OSError):
            return await asyncio.open_connection("127.0.0.1", port)
    return None


async def _pass_on(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Pass the client's bytes on; when it hangs up, hang up too."""
    with suppress(ConnectionError):
        await _pump(source, target, None)
    target.transport.abort()


async def _pump(
    source: asyncio.StreamReader, target: asyncio.StreamWriter, limit: int | None
) -> bool:
    """Pass bytes on until the source ends; True if the limit ended it."""
    passed = 0
    while data := await source.read(READ_BYTES):
        part = data if limit is None else data[: limit - passed]
        target.write(part)
        await target.drain()
        passed += len(part)
        if limit is not None and passed >= limit:
            return True
    return False


def _close(writer: asyncio.StreamWriter, how: How) -> None:
    if how == "fin":
        writer.close()
        return
    connection = writer.get_extra_info("socket")
    if connection is not None:
        # A linger of zero seconds turns close into a reset.
        with suppress(OSError):
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
