"""LangGraph's store for graphs: what it finds, for whom, for how long, and from where."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from functools import partial
from typing import Any, Final, cast
from uuid import uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage
from langgraph.store.base import (
    BaseStore,
    GetOp,
    InvalidNamespaceError,
    ListNamespacesOp,
    MatchCondition,
    Op,
    PutOp,
    SearchOp,
)
from redis.asyncio import Redis

from tailrace.shared import keys
from tailrace.shared.errors import StoreUnavailable, Unserializable
from tailrace.shared.item_store import reap
from tailrace.shared.redis import connect
from tailrace.worker.graph_store import GraphStores
from tailrace.worker.serializer import StateSerializer
from tests.support.graph_stores import EVER_S, Twins, pass_time
from tests.support.wait import wait_until


class Mood(Enum):
    GOOD = "good"


@dataclass
class Point:
    x: int
    mood: Mood


TIME_PASSES: Final = "time passes"
WITHIN_S: Final = 5.0

labels = st.sampled_from(["a", "b", "ab", "\x01", "ä", "*"])
namespaces = st.lists(labels, min_size=1, max_size=3).map(tuple)
prefixes = st.lists(labels, max_size=3).map(tuple)
item_keys = st.sampled_from(["k", "l", "", "\0", "k\0\0", "ü.", "ns"])
numbers = st.integers(-2, 2) | st.sampled_from([0.5, "1"])
values = st.fixed_dictionaries(
    {"n": numbers},
    optional={
        "tag": st.sampled_from(["x", "y", None]),
        "deep": st.fixed_dictionaries({"list": st.lists(numbers, max_size=2)}),
    },
)
comparisons = st.dictionaries(
    st.sampled_from(["$eq", "$ne", "$gt", "$gte", "$lt", "$lte"]), numbers, min_size=1, max_size=2
)
filters = st.none() | st.fixed_dictionaries(
    {},
    optional={
        "n": numbers | comparisons,
        "tag": st.sampled_from(["x", None, {"$ne": "x"}, {"$eq": None}]),
        "deep": st.fixed_dictionaries({"list": st.lists(numbers, max_size=1)}),
        "other": st.none() | st.just({"$ne": 1}),
    },
)
limits, offsets = st.integers(-2, 12), st.integers(-2, 4)
conditions = st.lists(
    st.builds(MatchCondition, st.sampled_from(["prefix", "suffix"]), prefixes), max_size=2
).map(tuple)
ttls = st.sampled_from([None, None, 0.5, 60])
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
steps = st.lists(st.lists(operations, max_size=6) | st.just(TIME_PASSES), max_size=15)
EVERYTHING: Final[list[Op]] = [SearchOp((), None, 100), ListNamespacesOp((), None, 100)]


@pytest.fixture
def stores(redis: Redis) -> GraphStores:
    return GraphStores(redis)


@pytest.fixture
async def store(stores: GraphStores) -> BaseStore:
    return stores.of("tenant")


async def in_thread(call: Callable[[], Any]) -> Any:
    return await asyncio.get_running_loop().run_in_executor(None, call)


@given(steps=steps)
@settings(max_examples=60, deadline=None, suppress_health_check=[*HealthCheck])
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


async def test_an_item_is_created_once_and_updated_with_each_put(store: BaseStore) -> None:
    await store.aput(("a",), "k", {"n": 1})
    before = await store.aget(("a",), "k")
    await store.aput(("a",), "k", {"n": 2})
    after = await store.aget(("a",), "k")

    assert before is not None
    assert after is not None
    assert before.created_at == before.updated_at == after.created_at < after.updated_at
    assert after.value == {"n": 2}


async def test_a_value_comes_back_as_the_checkpointer_would_bring_it(store: BaseStore) -> None:
    value: dict[str, Any] = {
        "message": HumanMessage("hi", id="1"),
        "point": Point(1, Mood.GOOD),
        "bytes": b"\0\xff",
        "when": datetime(2026, 1, 2, tzinfo=UTC),
        "whole": {1: (2, {"x"})},
        "text": "\ud83d",
    }
    await store.aput(("a",), "k", value)

    found = await store.aget(("a",), "k")
    assert found is not None
    serializer = StateSerializer()
    assert found.value == serializer.unpack(serializer.pack(value))
    assert found.value["point"] == value["point"]


async def test_a_value_that_is_no_data_names_its_type_and_changes_nothing(
    store: BaseStore,
) -> None:
    with pytest.raises(Unserializable, match="object"):
        await store.abatch([PutOp(("a",), "k", {"n": 1}), PutOp(("a",), "l", {"n": object()})])
    assert await store.asearch(()) == []


@pytest.mark.parametrize("label", ["", "a.b", "a\0b", 1])
async def test_a_label_that_langgraph_refuses_reaches_no_key(store: BaseStore, label: Any) -> None:
    places: list[Op] = [
        PutOp(("a", label), "k", {}),
        GetOp(("a", label), "k"),
        SearchOp(("a", label)),
        ListNamespacesOp((MatchCondition("prefix", ("a", label)),)),
    ]
    for op in places:
        with pytest.raises(InvalidNamespaceError):
            await store.abatch([op])


async def test_a_search_by_meaning_says_what_to_do_instead(store: BaseStore) -> None:
    with pytest.raises(NotImplementedError, match=r"has no index.*`filter`"):
        await store.asearch(("a",), query="anything")


async def test_plain_functions_call_it_from_their_threads(store: BaseStore) -> None:
    def use() -> Any:
        store.put(("a", "b"), "k", {"n": 1})
        store.put(("a", "b"), "l", {"n": 2})
        store.delete(("a", "b"), "l")
        found = store.get(("a", "b"), "k")
        searched = store.search(("a",), filter={"n": {"$gte": 1}})
        return found and found.value, [item.key for item in searched], store.list_namespaces()

    assert await in_thread(use) == ({"n": 1}, ["k"], [("a", "b")])


@pytest.mark.parametrize(
    "call",
    [
        lambda store: store.get(("a",), "k"),
        lambda store: store.put(("a",), "k", {}),
        lambda store: store.delete(("a",), "k"),
        lambda store: store.search(("a",)),
        lambda store: store.list_namespaces(),
        lambda store: store.batch([]),
    ],
)
async def test_a_call_without_await_in_the_loop_raises_and_does_not_hang(
    store: BaseStore, call: Callable[[BaseStore], Any]
) -> None:
    with pytest.raises(asyncio.InvalidStateError, match="await"):
        call(store)


async def test_a_thread_does_not_wait_for_ever_for_a_loop_that_is_gone(stores: GraphStores) -> None:
    def made_elsewhere() -> BaseStore:
        async def make() -> BaseStore:
            return stores.of("tenant")

        return asyncio.run(make())

    store = await in_thread(made_elsewhere)
    with pytest.raises(StoreUnavailable, match="gone"):
        await in_thread(lambda: store.get(("a",), "k"))


@pytest.mark.parametrize("filter_", [None, {"even": True}])
async def test_a_search_pages_through_more_than_is_read_at_once(
    store: BaseStore, filter_: Any
) -> None:
    def place(n: int) -> tuple[str, ...]:
        return ("a", str(n // 700))

    await store.abatch([PutOp(place(n), f"k{n}", {"even": n % 2 == 0}) for n in range(1500)])
    expected = [f"k{n}" for n in range(1500) if not filter_ or n % 2 == 0]
    pages = [
        await store.asearch(("a",), filter=filter_, limit=90, offset=o) for o in range(0, 1500, 90)
    ]
    whole = await store.asearch(("a",), filter=filter_, limit=2000)

    assert [item.key for page in pages for item in page] == expected
    assert [item.key for item in whole] == expected


async def test_thousands_of_calls_at_once_leave_connections_for_others(store_url: str) -> None:
    async with connect(store_url, max_connections=3) as redis:
        store = GraphStores(redis).of("tenant")
        async with asyncio.TaskGroup() as tasks:
            puts = [tasks.create_task(store.aput(("a",), str(n), {})) for n in range(2000)]
            await cast("Any", redis).ping()
            assert not all(put.done() for put in puts)
    async with connect(store_url) as redis:
        assert len(await GraphStores(redis).of("tenant").asearch((), limit=3000)) == 2000


async def expiries(redis: Redis) -> dict[str, float]:
    """When each item goes, in ms, by its key."""
    found: dict[str, float] = {}
    for shard in keys.SHARDS:
        pairs = await cast("Any", redis).zrange(
            keys.items_of_shard(shard)[2], 0, -1, withscores=True
        )
        found |= {place.rpartition(b"\0")[2].decode(): at for place, at in pairs}
    return found


def minutes_from_now(at_ms: float) -> int:
    return round((at_ms / 1000 - datetime.now(UTC).timestamp()) / 60)


@pytest.mark.parametrize(
    ("ttl", "lives_min"),
    [(None, {"given": 5}), ({"default_ttl": 30}, {"given": 5, "default": 30})],
)
async def test_an_item_lives_for_its_own_ttl_else_for_the_default_else_for_good(
    redis: Redis, ttl: Any, lives_min: dict[str, int]
) -> None:
    store = GraphStores(redis, ttl).of("tenant")
    await store.aput(("a",), "given", {}, ttl=5)
    await store.aput(("a",), "default", {})
    await store.aput(("a",), "ever", {}, ttl=None)

    found = {key: minutes_from_now(at) for key, at in (await expiries(redis)).items()}
    assert found == lives_min


async def test_a_put_without_a_ttl_takes_away_the_one_before(
    redis: Redis, store: BaseStore
) -> None:
    await store.aput(("a",), "k", {}, ttl=5)
    await store.aput(("a",), "k", {})

    assert await expiries(redis) == {}


async def test_an_expired_item_is_never_seen_again(redis: Redis, store: BaseStore) -> None:
    await store.aput(("a",), "k", {"n": 1}, ttl=5)
    await store.aput(("a", "b"), "k", {"n": 1})
    before = await store.aget(("a", "b"), "k")
    await pass_time(redis, EVER_S)

    assert await store.aget(("a",), "k") is None
    assert [item.namespace for item in await store.asearch(("a",))] == [("a", "b")]
    assert await store.alist_namespaces() == [("a", "b")]
    assert await store.aget(("a", "b"), "k") == before


async def test_a_ttl_of_a_fraction_of_a_second_passes_by_itself(store: BaseStore) -> None:
    await store.aput(("a",), "k", {}, ttl=0.1 / 60)

    async def gone() -> bool:
        return await store.aget(("a",), "k", refresh_ttl=False) is None

    await wait_until(gone, "the item to expire", WITHIN_S)


@pytest.mark.parametrize(
    ("ttl", "asked", "renews"),
    [
        (None, None, True),
        (None, False, False),
        ({"refresh_on_read": False}, None, False),
        ({"refresh_on_read": False}, True, True),
    ],
)
@pytest.mark.parametrize("way", ["get", "search"])
async def test_reading_an_item_renews_its_life_where_it_is_asked_or_set_to(
    redis: Redis, way: str, ttl: Any, asked: bool | None, renews: bool
) -> None:
    store = GraphStores(redis, ttl).of("tenant")
    await store.aput(("a",), "k", {}, ttl=5)
    await pass_time(redis, 60)
    before = await expiries(redis)
    if way == "get":
        await store.aget(("a",), "k", refresh_ttl=asked)
    else:
        await store.asearch(("a",), refresh_ttl=asked)

    assert (await expiries(redis) != before) == renews


async def test_a_search_renews_only_what_it_finds(redis: Redis, store: BaseStore) -> None:
    await store.aput(("a",), "k", {"n": 1}, ttl=5)
    await store.aput(("a",), "l", {"n": 2}, ttl=5)
    before = await expiries(redis)
    await store.asearch(("a",), filter={"n": 1}, refresh_ttl=True)
    await wait_until(partial(_renewed, redis, store, before["k"]), "a later time", WITHIN_S)

    assert (await expiries(redis))["l"] == before["l"]


async def _renewed(redis: Redis, store: BaseStore, before: float) -> bool:
    await store.asearch(("a",), filter={"n": 1})
    return (await expiries(redis))["k"] > before


async def test_what_has_expired_leaves_nothing_behind_in_redis(
    redis: Redis, store: BaseStore
) -> None:
    for n in range(40):
        await store.aput(("a", str(n)), f"k{n}", {"n": n}, ttl=5)
    await pass_time(redis, EVER_S)
    await reap(redis)

    assert await cast("Any", redis).keys() == []


async def test_what_is_deleted_leaves_nothing_behind_in_redis(
    redis: Redis, store: BaseStore
) -> None:
    places = [(("a", str(n)), f"k{n}") for n in range(40)]
    await store.abatch([PutOp(ns, key, {}, ttl=5) for ns, key in places])
    await store.abatch([PutOp(ns, key, None) for ns, key in places])

    assert await cast("Any", redis).keys() == []
