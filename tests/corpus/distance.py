"""A store that is further away: a proxy whose replies take their time, without being slower."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Final, TypeAlias
from urllib.parse import parse_qs, urlsplit

CHUNK_BYTES: Final = 64 * 1024

Late: TypeAlias = "asyncio.Queue[tuple[float, bytes]]"
"""Replies, and when each is due."""


@asynccontextmanager
async def away(store_url: str, far_s: float) -> AsyncGenerator[str]:
    """The URL of a store on a socket, its replies later by so much.

    What is called is passed on at once, so nothing is under way to the store once a caller is dead.
    """
    store = urlsplit(store_url)
    assert store.scheme == "unix"
    links: set[asyncio.Task[None]] = set()

    async def serve(client: asyncio.StreamReader, replies: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        links.add(task)
        try:
            await _link(store.path, far_s, client, replies)
        finally:
            links.discard(task)

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    try:
        yield f"redis://127.0.0.1:{port}/{parse_qs(store.query).get('db', ['0'])[0]}"
    finally:
        server.close()
        for link in links:
            link.cancel()
        await asyncio.gather(*links, return_exceptions=True)


async def _link(
    path: str, far_s: float, client: asyncio.StreamReader, replies: asyncio.StreamWriter
) -> None:
    store, calls = await asyncio.open_unix_connection(path)
    late: Late = asyncio.Queue()
    try:
        async with asyncio.TaskGroup() as pumps:
            for pump in (_call(client, calls), _hear(store, far_s, late), _reply(late, replies)):
                pumps.create_task(pump)
    except* OSError:
        pass  # one side has gone, and so does the link
    finally:
        for writer in (replies, calls):
            writer.close()


async def _call(client: asyncio.StreamReader, calls: asyncio.StreamWriter) -> None:
    while data := await client.read(CHUNK_BYTES):
        calls.write(data)
        await calls.drain()
    raise ConnectionResetError


async def _hear(store: asyncio.StreamReader, far_s: float, late: Late) -> None:
    now = asyncio.get_running_loop().time
    while data := await store.read(CHUNK_BYTES):
        late.put_nowait((now() + far_s, data))
    raise ConnectionResetError


async def _reply(late: Late, replies: asyncio.StreamWriter) -> None:
    now = asyncio.get_running_loop().time
    while True:
        due, data = await late.get()
        await asyncio.sleep(due - now())
        replies.write(data)
        await replies.drain()
