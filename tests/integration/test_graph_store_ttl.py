"""How long the items of graphs' stores live, and what is left of them."""

from datetime import UTC, datetime
from functools import partial
from typing import Any, Final, cast

import pytest
from langgraph.store.base import BaseStore, PutOp
from redis.asyncio import Redis

from tailrace.shared.log_store.items.item_store import reap
from tailrace.shared.project.values import StoreTtl
from tailrace.shared.redis import keys
from tailrace.worker.store.graph_store import GraphStores
from tests.support.graph_stores import EVER_S, pass_time
from tests.support.wait import wait_until

WITHIN_S: Final = 5.0


@pytest.fixture
async def store(redis: Redis) -> BaseStore:
    return GraphStores(redis).of("tenant")


async def expiries(redis: Redis) -> dict[str, float]:
    """When each item goes, in ms, by its key."""
    found: dict[str, float] = {}
    for shard in keys.SHARDS:
        pairs = await cast("Any", redis).zrange(
            keys.items_of_shard(shard)["DUE"], 0, -1, withscores=True
        )
        found |= {place.rpartition(b"\0")[2].decode(): at for place, at in pairs}
    return found


def minutes_from_now(at_ms: float) -> int:
    return round((at_ms / 1000 - datetime.now(UTC).timestamp()) / 60)


@pytest.mark.parametrize(
    ("ttl", "lives_min"),
    [({}, {"given": 5}), ({"default_min": 30}, {"given": 5, "default": 30})],
)
async def test_an_item_lives_for_its_own_ttl_else_for_the_default_else_for_good(
    redis: Redis, ttl: Any, lives_min: dict[str, int]
) -> None:
    store = GraphStores(redis, StoreTtl(**ttl)).of("tenant")
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
        ({}, None, True),
        ({}, False, False),
        ({"refresh_on_read": False}, None, False),
        ({"refresh_on_read": False}, True, True),
    ],
)
@pytest.mark.parametrize("way", ["get", "search"])
async def test_reading_an_item_renews_its_life_where_it_is_asked_or_set_to(
    redis: Redis, way: str, ttl: Any, asked: bool | None, renews: bool
) -> None:
    store = GraphStores(redis, StoreTtl(**ttl)).of("tenant")
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
