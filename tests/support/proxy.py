"""A link to the store that does what a test says: it delays, holds, loses or cuts what it carries.

Forwards bytes between clients on a free port of 127.0.0.1 and the real store. All it knows of Redis
is how a script call looks, to count them.
"""

import asyncio
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from urllib.parse import parse_qs, urlsplit

CHUNK_BYTES = 64 * 1024
SCRIPT_CALL = b"\r\nEVALSHA\r\n"


class StoreProxy:
    """One proxy and the links that go through it now."""

    def __init__(self, store_url: str) -> None:
        self.script_calls = 0
        """Calls of our scripts that clients have sent through."""
        self._store = urlsplit(store_url)
        self._writers: set[asyncio.StreamWriter] = set()
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._replies_to_lose = 0
        self._random = random.Random()
        self._most_late_s = 0.0
        self.url = ""
        """Where clients find the store through this proxy, once it listens."""

    def hold_replies(self) -> None:
        """Keep replies back, as a slow store would, until `release_replies`."""
        self._flowing.clear()

    def release_replies(self) -> None:
        """Pass on what was kept back, and everything from now on."""
        self._flowing.set()

    def delay_replies(self, most_s: float, seed: int) -> None:
        """Bring each reply late from now on, by a time of its own from 0 to `most_s`."""
        self._random.seed(seed)
        self._most_late_s = most_s

    def lose_reply(self) -> None:
        """Cut the link on which the next reply comes, instead of passing it on."""
        self._replies_to_lose += 1

    def cut(self) -> None:
        """Cut every link that there is; new ones are let through."""
        for writer in self._writers:
            writer.transport.abort()

    async def serve(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        """Carry one client's link until either side or a test ends it."""
        store, calls = await self._connect()
        self._writers |= {answers, calls}
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump_calls(client, calls))
                pumps.create_task(self._pump_replies(store, answers))
        except* OSError:
            pass  # one side is gone; so is the link
        finally:
            self._writers -= {answers, calls}
            for writer in (answers, calls):
                writer.transport.abort()

    async def _connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        if self._store.scheme == "unix":
            return await asyncio.open_unix_connection(self._store.path)
        return await asyncio.open_connection(self._store.hostname, self._store.port)

    async def _pump_calls(self, client: asyncio.StreamReader, calls: asyncio.StreamWriter) -> None:
        seen = b""
        while data := await client.read(CHUNK_BYTES):
            seen = seen[-len(SCRIPT_CALL) + 1 :] + data
            self.script_calls += seen.count(SCRIPT_CALL)
            calls.write(data)
            await calls.drain()
        raise ConnectionResetError

    async def _pump_replies(
        self, store: asyncio.StreamReader, answers: asyncio.StreamWriter
    ) -> None:
        while data := await store.read(CHUNK_BYTES):
            await self._flowing.wait()
            if self._most_late_s:
                await asyncio.sleep(self._random.uniform(0, self._most_late_s))
            if self._replies_to_lose:
                self._replies_to_lose -= 1
                break
            answers.write(data)
            await answers.drain()
        raise ConnectionResetError

    def url_on(self, port: int) -> str:
        """The store's URL with this port in place of its address."""
        store = self._store
        if store.scheme == "unix":
            database, login = parse_qs(store.query).get("db", ["0"])[0], ""
        else:
            database, login = store.path.strip("/") or "0", store.netloc.rpartition("@")[0]
        return f"redis://{login}{'@' if login else ''}127.0.0.1:{port}/{database}"


@asynccontextmanager
async def store_proxy(store_url: str) -> AsyncGenerator[StoreProxy]:
    """A proxy that takes clients while the body runs; behind it every link is gone."""
    proxy = StoreProxy(store_url)
    tasks: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as links:

        def link(client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
            task = links.create_task(proxy.serve(client, answers))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        server = await asyncio.start_server(link, "127.0.0.1", 0)
        proxy.url = proxy.url_on(server.sockets[0].getsockname()[1])
        try:
            yield proxy
        finally:
            server.close()
            for task in tasks:
                task.cancel()
