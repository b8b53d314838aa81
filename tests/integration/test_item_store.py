"""Items in bytes: every script, for one tenant, in whatever shard a namespace has."""

import asyncio
from typing import Any, Final, cast

import pytest
from redis.asyncio import Redis

from tailrace.shared.log_store.items.item_store import (
    Change,
    ItemStore,
    Labels,
    Slice,
    StoredItem,
    reap,
)
from tailrace.shared.redis import keys
from tailrace.shared.redis.connection import connect
from tests.support.graph_stores import pass_time

SPACES: Final[list[Labels]] = [("a", str(n)) for n in range(40)]
HOUR_S: Final = 3600.0
A_WHILE_S: Final = 60.0


@pytest.fixture
def items(redis: Redis) -> ItemStore:
    return ItemStore(redis, "tenant")


def put(*places: tuple[Labels, str], ttl_s: float | None = None) -> list[Change]:
    return [Change(ns, key, f"{ns}{key!r}".encode(), ttl_s) for ns, key in places]


def texts(found: list[StoredItem | None]) -> list[bytes | None]:
    return [item and item.value for item in found]


def test_the_namespaces_of_a_tenant_are_spread_over_all_shards() -> None:
    found = {keys.shard_of_items(f"tenant\0{n}".encode()) for n in range(1000)}
    assert found == set(keys.SHARDS)


async def test_items_of_many_shards_are_put_read_listed_and_deleted(items: ItemStore) -> None:
    places = [(space, key) for space in SPACES for key in ("k", "l")]
    await items.change(put(*places), since=1)
    spaces = await items.spaces(("a",))
    read = await items.read([Slice(space.namespace, 1, 5) for space in spaces])

    assert texts(await items.get(places, [False] * len(places))) == [
        f"{ns}{key!r}".encode() for ns, key in places
    ]
    assert [(space.namespace, space.count) for space in spaces] == [(ns, 2) for ns in SPACES]
    assert [(item.namespace, item.key) for item in read] == [(ns, "l") for ns in SPACES]
    await items.change([Change(ns, "k", None) for ns in SPACES], since=1)
    assert [space.count for space in await items.spaces(())] == [1] * len(SPACES)
    assert texts(await items.get([(SPACES[0], "k")], [False])) == [None]


async def test_a_change_that_is_sent_again_changes_nothing_more(items: ItemStore) -> None:
    changes = [*put((("a",), "k"), (("b",), "l")), Change(("a",), "m", None)]
    await items.change(changes, since=1)
    before = await items.get([(("a",), "k")], [False])
    await items.change(changes, since=7)
    [after] = await items.get([(("a",), "k")], [False])

    assert [(s.namespace, s.since, s.count) for s in await items.spaces(())] == [
        (("a",), 1, 1),
        (("b",), 2, 1),
    ]
    assert before[0] is not None
    assert after is not None
    assert after.created_at == before[0].created_at


async def test_a_key_may_hold_anything_and_a_prefix_ends_where_a_label_ends(
    items: ItemStore,
) -> None:
    odd = ["", "\0", "\0\0", "a\0\0b", "\ud83d", "{x}", "0000000000000001"]
    await items.change(put(*((("a", "b"), key) for key in odd), (("ab",), "k")), since=1)

    assert [s.namespace for s in await items.spaces(("a",))] == [("a", "b")]
    assert [item.key for item in await items.read([Slice(("a", "b"), 0, 99)])] == odd
    await items.change([Change(("a", "b"), key, None) for key in odd], since=1)
    assert [s.namespace for s in await items.spaces(())] == [("ab",)]


async def test_tenants_whose_names_begin_alike_see_only_their_own(redis: Redis) -> None:
    one, other = ItemStore(redis, "ten"), ItemStore(redis, "tenant")
    await one.change(put((("ant",), "k")), since=1)
    await other.change(put((("k",), "l")), since=2)

    assert [s.namespace for s in await one.spaces(())] == [("ant",)]
    assert [s.namespace for s in await other.spaces(())] == [("k",)]
    assert texts(await other.get([(("ant",), "k")], [False])) == [None]


async def test_a_renewed_item_lives_on_and_the_others_go(redis: Redis, items: ItemStore) -> None:
    await items.change(put((("a",), "k"), (("a",), "l"), (("b",), "m"), ttl_s=HOUR_S), since=1)
    read = await items.read([Slice(("a",), 0, 1)])
    assert [(item.key, item.expires) for item in read] == [("k", True)]
    await pass_time(redis, HOUR_S - A_WHILE_S)
    await items.renew(read)
    await items.get([(("b",), "m")], [True])
    await pass_time(redis, A_WHILE_S)
    await reap(redis)

    kept = await items.read([Slice(("a",), 0, 9), Slice(("b",), 0, 9)])
    assert [item.key for item in kept] == ["k", "m"]


async def test_many_writers_of_one_namespace_lose_no_item(store_url: str) -> None:
    async with connect(store_url) as redis:
        items = ItemStore(redis, "tenant")
        async with asyncio.TaskGroup() as tasks:
            for n in range(200):
                tasks.create_task(items.change(put((("a",), f"k{n}")), since=n))
        [space] = await items.spaces(())
        read = await items.read([Slice(("a",), 0, 999)])

    assert space.count == len({item.key for item in read}) == 200


async def test_what_is_gone_leaves_no_key(redis: Redis, items: ItemStore) -> None:
    places = [(space, "k") for space in SPACES]
    await items.change(put(*places[:20], ttl_s=HOUR_S) + put(*places[20:]), since=1)
    await items.change([Change(ns, key, None) for ns, key in places[20:]], since=1)
    await pass_time(redis, HOUR_S)
    await reap(redis)

    assert await cast("Any", redis).keys() == []
