"""LangGraph's store for the graphs of a tenant: what they remember across jobs.

How an item is stored in Redis is up to `shared.log_store.items`. What a search finds, and in which
order, is the same as in LangGraph's `InMemoryStore`, whose own comparisons are used. Writes are not
fenced: an item belongs to no job, and the last writer wins, as in every LangGraph store.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Any, Final, TypeVar

from langgraph.store.base import (
    BaseStore,
    GetOp,
    Item,
    ListNamespacesOp,
    Op,
    PutOp,
    Result,
    SearchItem,
    SearchOp,
    TTLConfig,
    validate_op_namespace,
)
from langgraph.store.memory import (
    _does_match,  # pyright: ignore[reportPrivateUsage] - a pattern means what it means there
)

from tailrace.shared.log_store.items.item_store import Change, ItemStore, Labels, StoredItem
from tailrace.shared.project.values import StoreTtl
from tailrace.shared.redis.connection import Client
from tailrace.worker.catalogue.factories import Graph
from tailrace.worker.checkpoints.serializer import StateSerializer
from tailrace.worker.runtime.from_threads import wait_for
from tailrace.worker.runtime.turns import in_turns
from tailrace.worker.store.meaning import Index, Place
from tailrace.worker.store.search import matches, plan, rounds

T = TypeVar("T")

_NOT_AWAITED: Final = (
    "An async node has to await its store: use aget, aput, asearch, adelete or alist_namespaces."
)
_NO_INDEX: Final = (
    "This store has no index, so it can't search by meaning. Give it one (`store.index` in "
    "langgraph.json), or search without `query`, by namespace and `filter`."
)


class GraphStores:
    """The stores of all tenants.

    Args:
        redis: the log store.
        life: the TTL of items that have none of their own.
        index: makes semantic search possible.
    """

    def __init__(
        self, redis: Client, life: StoreTtl | None = None, index: Index | None = None
    ) -> None:
        self._redis = redis
        told = life or StoreTtl()
        self._ttl = TTLConfig(default_ttl=told.default_min, refresh_on_read=told.refresh_on_read)
        self._index = index

    def of(self, tenant: str) -> BaseStore:
        """The tenant's store for one run; call it in the event loop that runs the graph."""
        return GraphStore(ItemStore(self._redis, tenant), self._ttl, self._index)


def own_or(store: BaseStore, graph: Graph) -> BaseStore:
    """The store that the graph was compiled with, or else this one."""
    return store if graph.store is None else graph.store


class GraphStore(BaseStore):
    """A LangGraph store on the log store. Calls are repeated while it is unavailable.

    Plain functions call it from their threads. In the event loop where it was created, a call
    without `await` would wait forever, so it raises there, as LangGraph's own stores do.
    """

    supports_ttl = True

    def __init__(self, items: ItemStore, ttl: TTLConfig, index: Index | None = None) -> None:
        self.ttl_config = ttl
        self._items = in_turns(items)
        self._index = index
        self._serializer = StateSerializer()
        self._loop = asyncio.get_running_loop()

    def batch(self, ops: Iterable[Op]) -> list[Result]:
        """`abatch`, from a thread.

        Raises:
            asyncio.InvalidStateError: it was called in the event loop.
            StoreUnavailable: after half a minute of no store, or of a blocked event loop.
            Others: as `abatch`.
        """
        in_loop = asyncio.InvalidStateError(_NOT_AWAITED)
        return wait_for(lambda: self.abatch(ops), self._loop, in_loop=in_loop)

    async def abatch(self, ops: Iterable[Op]) -> list[Result]:
        """Do several operations: reads first, then for each item the last of its writes.

        Raises:
            InvalidNamespaceError: a label is empty, not a string, or contains a period or NUL.
            NotImplementedError: a semantic search without an index.
            Unserializable: a value is not data.
            StoreUnavailable: after half a minute.
            Exception: whatever the project's own embedding raises.
        """
        given = list(ops)
        for op in given:
            validate_op_namespace(op)
        gets = await self._got([op for op in given if isinstance(op, GetOp)])
        results = [await self._read(op, gets) for op in given]
        await self._put({(op.namespace, op.key): op for op in given if isinstance(op, PutOp)})
        return results

    async def _read(self, op: Op, gets: Iterator[Item | None]) -> Result:
        match op:
            case GetOp():
                return next(gets)
            case SearchOp():
                return await self._searched(op)
            case ListNamespacesOp():
                return await self._listed(op)
            case PutOp():
                return None

    async def _put(self, ops: Mapping[Place, PutOp]) -> None:
        changes = [self._change(op) for op in ops.values()]
        if not changes:
            return
        if self._index is not None:
            vectors = await self._index.vectors(ops.values())
            changes = [replace(c, vectors=vectors.get((c.namespace, c.key), b"")) for c in changes]
        since = time.time_ns() // 1000
        await self._items.change(changes, since)

    def _change(self, op: PutOp) -> Change:
        packed = None if op.value is None else self._serializer.pack(dict(op.value))
        return Change(op.namespace, op.key, packed, None if op.ttl is None else op.ttl * 60)

    async def _got(self, ops: Sequence[GetOp]) -> Iterator[Item | None]:
        places, anew = [(op.namespace, op.key) for op in ops], [op.refresh_ttl for op in ops]
        found = await self._items.get(places, anew) if ops else []
        return iter([item and Item(**self._fields(item)) for item in found])

    async def _searched(self, op: SearchOp) -> list[SearchItem]:
        found = await self._found(op) if not op.query else await self._nearest(op)
        lasting = [item for item, _ in found if item.expires]
        if op.refresh_ttl and lasting:
            await self._items.renew(lasting)
        return [result for _, result in found]

    async def _nearest(self, op: SearchOp) -> list[tuple[StoredItem, SearchItem]]:
        if self._index is None:
            raise NotImplementedError(_NO_INDEX)
        found = await self._found(op)
        stored = {(item.namespace, item.key): item for item, _ in found}
        results = await self._index.nearest(op, [(result, item.vectors) for item, result in found])
        return [(stored[result.namespace, result.key], result) for result in results]

    async def _found(self, op: SearchOp) -> list[tuple[StoredItem, SearchItem]]:
        spaces = await self._items.spaces(op.namespace_prefix)
        way = plan(op)
        found: list[tuple[StoredItem, SearchItem]] = []
        for slices in rounds(spaces, way.skip, way.page):
            read = await self._items.read(slices, vectors=bool(op.query))
            results = [SearchItem(**self._fields(item)) for item in read]
            pairs = zip(read, results, strict=True)
            found += [pair for pair in pairs if matches(op.filter, pair[1].value)]
            if way.enough is not None and len(found) >= way.enough:
                break
        return found[way.result]

    def _fields(self, item: StoredItem) -> dict[str, Any]:
        value = self._serializer.unpack(item.value)
        times = {"created_at": item.created_at, "updated_at": item.updated_at}
        return {"namespace": item.namespace, "key": item.key, "value": value, **times}

    async def _listed(self, op: ListNamespacesOp) -> list[Labels]:
        patterns = op.match_conditions or ()
        prefixes = [tuple(p.path) for p in patterns if p.match_type == "prefix"]
        fixed = tuple(takewhile(lambda label: label != "*", max(prefixes, default=(), key=len)))
        spaces = await self._items.spaces(fixed)
        matching = (
            s.namespace for s in spaces if all(_does_match(p, s.namespace) for p in patterns)
        )
        # With `max_depth` None, the slice keeps the whole path.
        found = sorted({namespace[: op.max_depth] for namespace in matching})
        return found[op.offset : op.offset + op.limit]
