"""Items of graphs' stores, in bytes: what a tenant's graphs remember beyond a job.

Owns where items are and how long they live. Knows nothing of LangGraph: `worker.graph_store` makes
the bytes and reads them. How items are kept is told in `items.lua`.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import chain

from tailrace.shared.redis import keys
from tailrace.shared.redis.connection import Client
from tailrace.shared.redis.scripts import Argument, Call, run_scripts

Labels = tuple[str, ...]
"""A namespace, as LangGraph names it. No label is empty or holds a NUL."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DIVIDER = b"\0"


@dataclass(frozen=True, slots=True)
class Change:
    """An item that is put, or deleted where it has no value."""

    namespace: Labels
    key: str
    value: bytes | None
    ttl_s: float | None = None
    """How long it lives since it was put, or last renewed; None: until it is deleted."""
    vectors: bytes = b""
    """What a search by meaning compares."""


@dataclass(frozen=True, slots=True)
class StoredItem:
    """An item as it was read."""

    namespace: Labels
    key: str
    value: bytes
    created_at: datetime
    updated_at: datetime
    expires: bool = False
    """Whether it has a TTL; told of items that were not asked for by key."""
    vectors: bytes = b""
    """Told where they were asked for."""


@dataclass(frozen=True, slots=True)
class Space:
    """A namespace that has items."""

    namespace: Labels
    since: int
    """Older namespaces have lower numbers."""
    count: int
    """How many items it has, those below it not counted."""


@dataclass(frozen=True, slots=True)
class Slice:
    """Some items of one namespace, oldest first."""

    namespace: Labels
    start: int
    count: int


class ItemStore:
    """One tenant's items on one log store. No call sees another tenant's, or one that has expired.

    A call is one round to each server, and may be made again. What it does in one namespace is
    atomic.

    Raises:
        StoreUnavailable: of every call: it may or may not have been done.
    """

    def __init__(self, redis: Client, tenant: str) -> None:
        self._redis = redis
        self._tenant = tenant

    async def get(
        self, places: Sequence[tuple[Labels, str]], renew: Sequence[bool]
    ) -> list[StoredItem | None]:
        """Read items by namespace and key; None for what is not there.

        Args:
            places: namespace and key of each.
            renew: of each, whether to restart its TTL, if it has one.
        """
        wanted = zip(places, renew, strict=True)
        calls = [
            self._call(namespace, key=_bytes(key), renews=int(anew))
            for (namespace, key), anew in wanted
        ]
        replies = await run_scripts(self._redis, "log_store/items/get", calls)
        return [
            StoredItem(ns, key, reply[2], _time(reply[0]), _time(reply[1])) if reply else None
            for (ns, key), reply in zip(places, replies, strict=True)
        ]

    async def change(self, changes: Sequence[Change], since: int) -> None:
        """Put and delete items; of the same item, the later change counts.

        Args:
            changes: what to change.
            since: a number that orders new namespaces among others; the next ones are taken too.
        """
        by_shard: dict[str, list[Argument]] = {}
        for n, change in enumerate(changes, since):
            path = self._path(change.namespace)
            told = by_shard.setdefault(keys.shard_of_items(path), [])
            told += ["delete" if change.value is None else "put", path, _bytes(change.key)]
            told += [change.value or b"", change.vectors, _ttl_ms(change), n]
        calls = [Call(keys.items_of_shard(shard), {}, told) for shard, told in by_shard.items()]
        await run_scripts(self._redis, "log_store/items/change", calls)

    async def spaces(self, prefix: Labels) -> list[Space]:
        """The namespaces with items that begin with these labels, oldest first."""
        path = self._path(prefix)
        calls = [Call(keys.items_of_shard(shard), {"path": path}) for shard in keys.SHARDS]
        replies = await run_scripts(self._redis, "log_store/items/namespaces", calls)
        flat = chain.from_iterable(replies)
        found = [
            Space(_labels(p), int(since), int(n)) for p, since, n in zip(*[flat] * 3, strict=True)
        ]
        return sorted(found, key=lambda space: space.since)

    async def read(self, slices: Sequence[Slice], *, vectors: bool = False) -> list[StoredItem]:
        """Read what is in these slices, in their order; items may be fewer than counted before."""
        calls = [
            self._call(s.namespace, start=s.start, count=s.count, with_vectors=int(vectors))
            for s in slices
        ]
        replies = await run_scripts(self._redis, "log_store/items/page", calls)
        return [
            item
            for s, reply in zip(slices, replies, strict=True)
            for item in _page(s.namespace, reply)
        ]

    async def renew(self, items: Iterable[StoredItem]) -> None:
        """Restart the TTL of these items, of each that has one."""
        calls = [self._call(item.namespace, key=_bytes(item.key)) for item in items]
        await run_scripts(self._redis, "log_store/items/renew", calls)

    def _call(self, namespace: Labels, **args: Argument) -> Call:
        path = self._path(namespace)
        return Call(keys.of_items(path), {"path": path, **args})

    def _path(self, namespace: Labels) -> bytes:
        return _DIVIDER.join(map(_bytes, (self._tenant, *namespace)))


async def reap(redis: Client) -> None:
    """Delete what has expired, of all tenants: else it stays until its shard is used.

    Raises:
        StoreUnavailable: it may or may not have been done.
    """
    calls = [Call(keys.items_of_shard(shard), {}) for shard in keys.SHARDS]
    await run_scripts(redis, "log_store/items/reap", calls)


def _page(namespace: Labels, reply: list[bytes]) -> Iterable[StoredItem]:
    for key, created, updated, value, vectors, expires in zip(*[iter(reply)] * 6, strict=True):
        times = (_time(created), _time(updated))
        yield StoredItem(namespace, _text(key), value, *times, expires == b"1", vectors)


def _ttl_ms(change: Change) -> Argument:
    return "" if change.ttl_s is None else round(change.ttl_s * 1000)


def _time(told: bytes) -> datetime:
    return _EPOCH + timedelta(microseconds=int(told))


def _bytes(text: str) -> bytes:
    return text.encode(errors="surrogatepass")


def _text(told: bytes) -> str:
    return told.decode(errors="surrogatepass")


def _labels(path: bytes) -> Labels:
    return tuple(map(_text, path.split(_DIVIDER)[1:]))
