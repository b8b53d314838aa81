"""What tests ask of a whole store: is it empty, empty it, which keys would stay for ever."""

from collections.abc import AsyncIterator
from typing import cast

from redis.asyncio import Redis

from shared import keys

NO_TTL = -1


async def is_empty(url: str) -> bool:
    """Whether the database that the URL names holds nothing."""
    async with Redis.from_url(url) as redis:
        return await redis.dbsize() == 0


async def empty(url: str) -> None:
    """Delete everything in the database that the URL names, and in no other."""
    async with Redis.from_url(url) as redis:
        await redis.flushdb()


async def lasting_keys(url: str) -> list[str]:
    """The keys that nobody will ever delete: without a TTL and not on the permanent list."""
    async with Redis.from_url(url) as redis:
        scan = cast("AsyncIterator[bytes]", redis.scan_iter(count=1000))
        found = [key async for key in scan]
        async with redis.pipeline(transaction=False) as pipeline:
            for key in found:
                pipeline.ttl(key)
            ttls = await pipeline.execute()
    lasting = (key.decode() for key, ttl in zip(found, ttls, strict=True) if ttl == NO_TTL)
    return sorted(key for key in lasting if not keys.PERMANENT.fullmatch(key))


async def assert_none_lasting(url: str) -> None:
    """Fail, naming the keys, where `lasting_keys` finds any."""
    lasting = await lasting_keys(url)
    assert not lasting, f"keys without a TTL that are not on the permanent list: {lasting}"
