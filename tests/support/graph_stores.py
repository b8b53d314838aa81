"""A tenant's store for graphs beside LangGraph's `InMemoryStore`, and time that passes at once.

Owns how the model differs: a namespace without items is none, and an item may expire.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from langgraph.store.base import BaseStore, Item, ListNamespacesOp, Op, PutOp
from langgraph.store.memory import InMemoryStore
from redis.asyncio import Redis

from tailrace.shared.redis import keys

EVER_S: Final = 10.0**9


class Model(InMemoryStore):
    """LangGraph's own store, without the namespaces and vectors that it keeps of what is gone."""

    def _prepare_ops(self, ops: Iterable[Op]) -> Any:
        prepared = super()._prepare_ops(ops)
        for namespace, key in prepared[1]:
            self._vectors[namespace].pop(key, None)
        return prepared

    def _handle_list_namespaces(self, op: ListNamespacesOp) -> list[tuple[str, ...]]:
        self._forget_empty()
        return super()._handle_list_namespaces(op)

    def _apply_put_ops(self, put_ops: dict[tuple[tuple[str, ...], str], PutOp]) -> None:
        for place, op in put_ops.items():
            self._forget_empty()
            super()._apply_put_ops({place: op})
        self._forget_empty()

    def _forget_empty(self) -> None:
        for namespace in [n for n, items in self._data.items() if not items]:
            del self._data[namespace]


@dataclass
class Twins:
    """The same operations on both; their results, but for times."""

    redis: Redis
    real: BaseStore
    model: Model = field(default_factory=Model)
    mortal: set[tuple[tuple[str, ...], str]] = field(default_factory=set[Any])

    async def batch(self, ops: Sequence[Op]) -> tuple[list[Any], list[Any]]:
        given = [timeless(self.model.batch(ops)), timeless(await self.real.abatch(ops))]
        for op in ops:
            if isinstance(op, PutOp):
                place = (op.namespace, op.key)
                (self.mortal.discard if op.ttl is None else self.mortal.add)(place)
        return given[0], given[1]

    async def expire(self) -> None:
        """Let every item with a TTL expire."""
        await pass_time(self.redis, EVER_S)
        self.model.batch([PutOp(namespace, key, None) for namespace, key in self.mortal])
        self.mortal.clear()


async def pass_time(redis: Redis, seconds: float) -> None:
    """What time does to items that have a TTL."""
    for shard in keys.SHARDS:
        due = keys.items_of_shard(shard)["DUE"]
        for place in await cast("Any", redis).zrange(due, 0, -1):
            await cast("Any", redis).zincrby(due, -1000 * seconds, place)


def timeless(results: Iterable[Any]) -> list[Any]:
    """Results without the times of their items."""
    return [_timeless(result) for result in results]


def _timeless(result: Any) -> Any:
    match result:
        case Item():
            score = getattr(result, "score", None)
            return (type(result), result.namespace, result.key, result.value, score)
        case list():
            return timeless(cast("list[Any]", result))
        case _:
            return result
