"""LangGraph's store for graphs: what it finds, for whom, for how long, and from where."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final, cast

import pytest
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

from tailrace.shared.errors import StoreUnavailable, Unserializable
from tailrace.shared.redis.connection import connect
from tailrace.worker.checkpoints.serializer import StateSerializer
from tailrace.worker.store.graph_store import GraphStores


class Mood(Enum):
    GOOD = "good"


@dataclass
class Point:
    x: int
    mood: Mood


@pytest.fixture
def stores(redis: Redis) -> GraphStores:
    return GraphStores(redis)


@pytest.fixture
async def store(stores: GraphStores) -> BaseStore:
    return stores.of("tenant")


async def in_thread(call: Callable[[], Any]) -> Any:
    return await asyncio.get_running_loop().run_in_executor(None, call)


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


CALLS: Final[list[tuple[str, tuple[Any, ...]]]] = [
    ("get", (("a",), "k")),
    ("put", (("a",), "k", {})),
    ("delete", (("a",), "k")),
    ("search", (("a",),)),
    ("list_namespaces", ()),
    ("batch", ([],)),
]


@pytest.mark.parametrize(("name", "args"), CALLS)
async def test_a_call_without_await_in_the_loop_raises_and_does_not_hang(
    store: BaseStore, name: str, args: tuple[Any, ...]
) -> None:
    with pytest.raises(asyncio.InvalidStateError, match="await"):
        getattr(store, name)(*args)


async def test_a_thread_does_not_wait_for_ever_for_a_loop_that_is_gone(stores: GraphStores) -> None:
    def made_elsewhere() -> BaseStore:
        async def make() -> BaseStore:
            return stores.of("tenant")

        return asyncio.run(make())

    store = await in_thread(made_elsewhere)
    with pytest.raises(StoreUnavailable, match="closed"):
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
