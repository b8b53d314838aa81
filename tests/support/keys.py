"""What tests ask of a whole store: is it empty, empty it, which keys would stay for ever.

Of a Cluster, all primaries are asked.
"""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import cast

from redis.asyncio import Redis

from tailrace.shared.redis import keys
from tailrace.shared.redis.cluster.client import Cluster
from tailrace.shared.redis.connection import connect

NO_TTL = -1


async def is_empty(url: str) -> bool:
    """Whether the database that the URL names holds nothing."""
    async with _servers(url) as servers:
        return not any([await server.dbsize() for server in servers])


async def empty(url: str) -> None:
    """Delete everything in the database that the URL names, and in no other."""
    async with _servers(url) as servers:
        for server in servers:
            await server.flushdb()


async def lasting_keys(url: str) -> list[str]:
    """The keys that nobody will ever delete: without a TTL and not on the permanent list."""
    async with _servers(url) as servers:
        return sorted([key for server in servers for key in await _lasting_on(server)])


async def assert_none_lasting(url: str) -> None:
    """Fail, naming the keys, where `lasting_keys` finds any."""
    lasting = await lasting_keys(url)
    assert not lasting, f"keys without a TTL that are not on the permanent list: {lasting}"


@asynccontextmanager
async def _servers(url: str) -> AsyncGenerator[list[Redis]]:
    async with connect(url) as client:
        yield await client.primaries() if isinstance(client, Cluster) else [client]


async def _lasting_on(server: Redis) -> list[str]:
    found = [key async for key in cast("AsyncIterator[bytes]", server.scan_iter(count=1000))]
    async with server.pipeline(transaction=False) as pipeline:
        for key in found:
            pipeline.ttl(key)
        ttls = await pipeline.execute()
    lasting = (key.decode() for key, ttl in zip(found, ttls, strict=True) if ttl == NO_TTL)
    return [key for key in lasting if not keys.PERMANENT.fullmatch(key)]
