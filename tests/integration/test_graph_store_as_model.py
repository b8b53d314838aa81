"""LangGraph's store for graphs does what its `InMemoryStore` does, whatever is asked of it."""

import asyncio
from typing import Any, Final
from uuid import uuid4

from hypothesis import given, settings
from hypothesis import strategies as st
from langgraph.store.base import (
    GetOp,
    ListNamespacesOp,
    MatchCondition,
    Op,
    PutOp,
    SearchOp,
)

from tailrace.shared.redis.connection import connect
from tailrace.worker.store.graph_store import GraphStores
from tests.support.graph_stores import Twins

TIME_PASSES: Final = "time passes"

labels: Any = st.sampled_from(["a", "b", "ab", "\x01", "ä", "*"])
namespaces: Any = st.lists(labels, min_size=1, max_size=3).map(tuple)
prefixes: Any = st.lists(labels, max_size=3).map(tuple)
item_keys: Any = st.sampled_from(["k", "l", "", "\0", "k\0\0", "ü.", "ns"])
numbers: Any = st.integers(-2, 2) | st.sampled_from([0.5, "1"])
anything: Any = st
values: Any = anything.fixed_dictionaries(
    {"n": numbers},
    optional={
        "tag": st.sampled_from(["x", "y", None]),
        "deep": st.fixed_dictionaries({"list": st.lists(numbers, max_size=2)}),
    },
)
comparisons: Any = st.dictionaries(
    st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]), numbers, min_size=1, max_size=2
)
filters: Any = st.none() | anything.fixed_dictionaries(
    {},
    optional={
        "n": numbers | comparisons,
        "tag": st.sampled_from(["x", None, {"$ne": "x"}, {"$eq": None}]),
        "deep": st.fixed_dictionaries({"list": st.lists(numbers, max_size=1)}),
        "other": st.none() | st.just({"$ne": 1}),
    },
)
limits: Any = st.integers(-2, 12)
offsets: Any = st.integers(-2, 4)
conditions: Any = st.lists(
    st.builds(MatchCondition, st.sampled_from(["prefix", "suffix"]), prefixes), max_size=2
).map(tuple)
ttls: Any = st.sampled_from([None, None, 0.5, 60])
operations: Any = st.one_of(
    st.tuples(namespaces, item_keys, values, st.none(), ttls).map(lambda a: PutOp(*a)),
    st.tuples(namespaces, item_keys, st.none()).map(lambda a: PutOp(*a)),
    st.tuples(namespaces, item_keys, st.booleans()).map(lambda a: GetOp(*a)),
    st.tuples(prefixes, filters, limits, offsets, st.none(), st.booleans()).map(
        lambda a: SearchOp(*a)
    ),
    st.tuples(conditions, st.none() | st.integers(0, 3), limits, offsets).map(
        lambda a: ListNamespacesOp(*a)
    ),
)
steps: Any = st.lists(st.lists(operations, max_size=6) | st.just(TIME_PASSES), max_size=15)
EVERYTHING: Final[list[Op]] = [SearchOp((), None, 100), ListNamespacesOp((), None, 100)]


@given(steps=steps)
@settings(max_examples=60, deadline=None)
def test_any_operations_give_what_langgraphs_own_store_gives(store_url: str, steps: Any) -> None:
    async def run() -> None:
        async with connect(store_url) as redis:
            twins = Twins(redis, GraphStores(redis).of(f"t{uuid4()}"))
            for step in [*steps, EVERYTHING]:
                if step is TIME_PASSES:
                    await twins.expire()
                else:
                    expected, found = await twins.batch(step)
                    assert found == expected

    asyncio.run(run())
