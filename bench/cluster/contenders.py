"""Who is measured: our client, redis-py's, and valkey-glide where it is installed.

All have the same limits: two seconds to connect, five for a reply, fifty connections to a node.
"""

import hashlib
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, Protocol, TypeAlias, cast

from redis.asyncio import RedisCluster
from redis.asyncio.cluster import ClusterNode
from redis.exceptions import NoScriptError

from tailrace.shared.redis.connection import TIMEOUT_S, connect, connect_to_node_of

CONNECT_S: Final = 2.0
CONNECTIONS: Final = 50
Ports: TypeAlias = Sequence[int]
Call: TypeAlias = tuple[Sequence[str], Sequence[str]]
"""Keys and arguments of a script."""


@dataclass(frozen=True, slots=True)
class Script:
    """One script, and its name on the server."""

    text: str
    sha: str


def script(text: str) -> Script:
    """A script by its text."""
    return Script(text, hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest())


class Store(Protocol):
    """A client, asked as the service asks."""

    async def call(self, script: Script, call: Call) -> Any:
        """Run a script."""
        ...

    async def batch(self, script: Script, calls: Sequence[Call]) -> None:
        """Run a script several times, in one round to each node."""
        ...

    async def read(self, logs: Mapping[str, str], block_ms: int) -> int:
        """Wait for entries of logs of one shard; how many logs have some."""
        ...


class RedisPy:
    """What speaks redis-py's language: ours, its own Cluster client, and one without a Cluster."""

    def __init__(self, client: Any, reader_at: Callable[[str], Any] | None = None) -> None:
        self._client = client
        self._reader_at = reader_at
        self._reader: Any = None

    async def call(self, script: Script, call: Call) -> Any:
        """By its hash; by its text where the node does not know it."""
        keys, args = call
        try:
            return await self._client.evalsha(script.sha, len(keys), *keys, *args)
        except NoScriptError:
            return await self._client.eval(script.text, len(keys), *keys, *args)

    async def batch(self, script: Script, calls: Sequence[Call]) -> None:
        """One pipeline."""
        async with self._client.pipeline(transaction=False) as pipe:
            for keys, args in calls:
                # RedisCluster's pipeline has EVALSHA under no other name.
                pipe.execute_command("EVALSHA", script.sha, len(keys), *keys, *args)
            await pipe.execute()

    async def read(self, logs: Mapping[str, str], block_ms: int) -> int:
        """Ours reads over a connection of its own to the node, the others over one of the pool."""
        if self._reader is None and self._reader_at:
            self._reader = await self._reader_at(next(iter(logs)))
        client = self._reader or self._client
        return len(await client.xread(dict(logs), block=block_ms))

    async def aclose(self) -> None:
        """Close the reader's connection."""
        if self._reader is not None:
            await self._reader.aclose()


class Glide:
    """valkey-glide; a blocked read needs a client of its own, or it would hold up all calls."""

    def __init__(self, client: Any) -> None:
        self._glide = import_module("glide")
        self._client = client
        self._script = cache(self._glide.Script)

    async def call(self, script: Script, call: Call) -> Any:
        """It knows by itself what to do where a node lacks the script."""
        keys, args = call
        return await self._client.invoke_script(self._script(script.text), [*keys], [*args])

    async def batch(self, script: Script, calls: Sequence[Call]) -> None:
        """One batch, not a transaction."""
        batch = self._glide.ClusterBatch(is_atomic=False)
        for keys, args in calls:
            batch.custom_command(["EVALSHA", script.sha, str(len(keys)), *keys, *args])
        await self._client.exec(batch, raise_on_error=True)

    async def read(self, logs: Mapping[str, str], block_ms: int) -> int:
        """Wait within the connection that all share."""
        options = self._glide.StreamReadOptions(block_ms=block_ms)
        return len(await self._client.xread(dict(logs), options) or ())


@asynccontextmanager
async def _ours(ports: Ports) -> AsyncGenerator[Store]:
    url = "redis+cluster://" + ",".join(f"127.0.0.1:{port}" for port in ports)
    async with connect(url, max_connections=CONNECTIONS) as client:
        store = RedisPy(client, lambda log: connect_to_node_of(client, url, log, block_s=5))
        try:
            yield store
        finally:
            await store.aclose()


@asynccontextmanager
async def _redis_py(ports: Ports) -> AsyncGenerator[Store]:
    async with cast("Any", RedisCluster)(
        startup_nodes=[ClusterNode("127.0.0.1", port) for port in ports],
        max_connections=CONNECTIONS,
        socket_timeout=TIMEOUT_S,
        socket_connect_timeout=CONNECT_S,
    ) as client:
        yield RedisPy(client)


@asynccontextmanager
async def _alone(ports: Ports) -> AsyncGenerator[Store]:
    url = f"redis://127.0.0.1:{ports[0]}"
    async with connect(url, max_connections=CONNECTIONS) as client:
        yield RedisPy(client)


@asynccontextmanager
async def _glide(ports: Ports) -> AsyncGenerator[Store]:
    glide: Any = import_module("glide")
    glide.Logger.set_logger_config(glide.LogLevel.OFF)
    config = glide.GlideClusterClientConfiguration(
        [glide.NodeAddress("127.0.0.1", port) for port in ports],
        request_timeout=int(TIMEOUT_S * 1000),
        # Else nobody connects while one node hangs, and the event loop waits for all of them.
        lazy_connect=True,
        advanced_config=glide.AdvancedGlideClusterClientConfiguration(
            connection_timeout=int(CONNECT_S * 1000)
        ),
    )
    client = await glide.GlideClusterClient.create(config)
    try:
        yield Glide(client)
    finally:
        await client.close()


@dataclass(frozen=True, slots=True)
class Contender:
    """One client."""

    name: str
    title: str
    connect: Callable[[Ports], AbstractAsyncContextManager[Store]]
    package: str | None = None
    """What it needs beyond our own dependencies."""
    on_cluster: bool = True

    @property
    def installed(self) -> bool:
        """Whether its package is there."""
        return self.package is None or find_spec(self.package) is not None


CONTENDERS: Final = (
    Contender("ours", "Tailrace", _ours),
    Contender("redis-py", "redis-py's RedisCluster", _redis_py),
    Contender("glide", "valkey-glide", _glide, package="glide"),
    Contender("alone", "one server, redis-py", _alone, on_cluster=False),
)
BY_NAME: Final = {contender.name: contender for contender in CONTENDERS}
