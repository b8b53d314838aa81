"""The plain commands that our stores use, with the types of their replies.

All raise `StoreUnavailable` if the store did not reply; a write may then have been made or not.
"""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any, TypeAlias, cast

from tailrace.shared.redis.connection import Client
from tailrace.shared.redis.failures import store_errors

Command: TypeAlias = tuple[str | bytes | int | float, ...]
Entries: TypeAlias = list[tuple[bytes, list[bytes]]]
"""Of a stream, as they come: `(id, [field, value, ...])`."""


async def ask(client: Client, *command: Any, **options: Any) -> Any:
    """Any command at all; the reply as redis-py reads it."""
    with store_errors():
        return await cast("Any", client).execute_command(*command, **options)


async def ask_all(client: Client, commands: Sequence[Command]) -> list[Any]:
    """Several commands in one round to each server; their replies in order."""
    with store_errors():
        async with client.pipeline(transaction=False) as pipe:
            for command in commands:
                cast("Any", pipe).execute_command(*command)
            return await pipe.execute()


async def ping(client: Client) -> None:
    """Raise unless the store replies; of a Cluster, every node."""
    with store_errors():
        await cast("Any", client).ping()


async def get(client: Client, key: str) -> bytes | None:
    """A string."""
    return await ask(client, "GET", key)


async def hget(client: Client, key: str, field: str) -> bytes | None:
    """A field of a hash."""
    return await ask(client, "HGET", key, field)


async def hmget(client: Client, key: str, fields: Sequence[str | bytes]) -> list[bytes | None]:
    """Fields of a hash; None for what it lacks."""
    return await ask(client, "HMGET", key, *fields)


async def hexists(client: Client, key: str, field: str) -> bool:
    """Whether a hash has a field."""
    return bool(await ask(client, "HEXISTS", key, field))


async def hgetall(client: Client, key: str) -> dict[str, bytes]:
    """A hash; empty where there is none."""
    found: dict[bytes, bytes] = await ask(client, "HGETALL", key)
    return {name.decode(): value for name, value in found.items()}


async def members(client: Client, key: str) -> list[bytes]:
    """A sorted set, by score."""
    return await ask(client, "ZRANGE", key, 0, -1)


async def scores(client: Client, key: str, members: Sequence[str]) -> list[float | None]:
    """The scores of members of a sorted set; None for what is not in it."""
    return await ask(client, "ZMSCORE", key, *members)


async def zrem(client: Client, key: str, member: str) -> None:
    """Take a member out of a sorted set."""
    await ask(client, "ZREM", key, member)


async def unlink(client: Client, key: str) -> None:
    """Delete a key."""
    await ask(client, "UNLINK", key)


async def copy(client: Client, source: str, target: str, ttl_ms: int) -> None:
    """Copy a key's value, perhaps to another node; nothing where there is none."""
    dump: bytes | None = await ask(client, "DUMP", source)
    if dump is not None:
        await ask(client, "RESTORE", target, ttl_ms, dump, "REPLACE")


async def first_of(client: Client, key: str, timeout_s: float) -> bytes | None:
    """Take the first item off a list; wait for it until the timeout."""
    reply: list[bytes] | None = await ask(client, "BLPOP", key, timeout_s)
    return reply[1] if reply else None


async def entries_after(client: Client, key: str, after: str, limit: int) -> Entries:
    """The entries of a stream with ids above one, `limit` at most."""
    # In bytes it is a name that redis-py reads no reply of: dicts of fields cost more than frames.
    return await ask(client, b"XRANGE", key, f"({after}", "+", "COUNT", limit)


async def latest_entries(client: Client, key: str, limit: int) -> Entries:
    """The last entries of a stream, the newest first."""
    return await ask(client, b"XREVRANGE", key, "+", "-", "COUNT", limit)


async def keys_like(client: Client, pattern: str) -> AsyncGenerator[str]:
    """All keys that fit a pattern. Walks through the whole store."""
    with store_errors():
        scan = cast("AsyncGenerator[bytes]", client.scan_iter(pattern))
        async with aclosing(scan) as found:
            async for key in found:
                yield key.decode()
