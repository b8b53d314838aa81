import zlib
from dataclasses import replace
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from tailrace.shared.events import decode, encode
from tailrace.shared.queue_store import catalogue
from tailrace.shared.queue_store.catalogue import BEAT_S, BrokenSpec, GraphSpec
from tailrace.shared.queue_store.details import (
    GraphDetails,
    GraphSchemas,
    name_of,
    pack,
    read_details,
)
from tailrace.shared.redis import keys

MILL = GraphSpec("mill", "Grinds.", {"type": "object"}, "graph TD;")
SAW = GraphSpec("saw", "Saws.\u2028", {}, "")


async def test_what_a_worker_announces_is_known(redis: Redis) -> None:
    await catalogue.announce(redis, "one", [MILL, SAW])
    known = await catalogue.read(redis)

    assert known.graphs == {"mill": MILL, "saw": SAW}
    assert known.workers_alive == 1


async def test_without_workers_nothing_is_known(redis: Redis) -> None:
    known = await catalogue.read(redis)

    assert (known.graphs, known.workers_alive) == ({}, 0)


async def test_the_graphs_of_several_workers_are_known_together(redis: Redis) -> None:
    await catalogue.announce(redis, "one", [MILL])
    await catalogue.announce(redis, "two", [SAW])
    known = await catalogue.read(redis)

    assert set(known.graphs) == {"mill", "saw"}
    assert known.workers_alive == 2


async def test_a_worker_that_beats_again_is_counted_once(redis: Redis) -> None:
    for _ in range(3):
        await catalogue.announce(redis, "one", [MILL])

    assert (await catalogue.read(redis)).workers_alive == 1


async def test_a_worker_that_leaves_is_gone_at_once_but_its_graphs_stay_known(
    redis: Redis,
) -> None:
    await catalogue.announce(redis, "one", [MILL])
    await catalogue.leave(redis, "one", [MILL])
    known = await catalogue.read(redis)

    assert known.workers_alive == 0
    assert set(known.graphs) == {"mill"}


async def test_a_worker_without_a_beat_for_three_is_not_alive(redis: Redis) -> None:
    await catalogue.announce(redis, "one", [MILL])
    await cast("Any", redis).zincrby(keys.WORKERS, -3000 * BEAT_S, "one")

    assert (await catalogue.read(redis)).workers_alive == 0


async def test_a_worker_that_missed_one_beat_is_alive(redis: Redis) -> None:
    await catalogue.announce(redis, "one", [MILL])
    await cast("Any", redis).zincrby(keys.WORKERS, -1500 * BEAT_S, "one")

    assert (await catalogue.read(redis)).workers_alive == 1


async def test_workers_silent_for_a_minute_are_forgotten_by_the_next_beat(redis: Redis) -> None:
    await catalogue.announce(redis, "one", [MILL])
    await cast("Any", redis).zincrby(keys.WORKERS, -60_001, "one")
    await catalogue.announce(redis, "two", [SAW])

    assert set((await catalogue.read(redis)).graphs) == {"saw"}


async def test_a_list_entry_whose_worker_has_expired_does_no_harm(redis: Redis) -> None:
    await catalogue.announce(redis, "one", [MILL])
    await cast("Any", redis).hdel(keys.SERVED, "one")

    assert (await catalogue.read(redis)).graphs == {}


async def test_of_two_descriptions_of_a_graph_the_newest_is_known(redis: Redis) -> None:
    newer = replace(MILL, description="Grinds finer.")
    await catalogue.announce(redis, "b-older", [MILL])
    await cast("Any", redis).zincrby(keys.WORKERS, -100, "b-older")
    await catalogue.announce(redis, "a-newer", [newer])

    assert (await catalogue.read(redis)).graphs["mill"] == newer


async def test_what_a_newer_release_says_beside_is_left_alone(redis: Redis) -> None:
    await catalogue.announce(redis, "one", [MILL])
    spec = decode(encode(MILL)) | {"price": 3}
    await cast("Any", redis).hset(keys.SERVED, "one", encode([spec]))

    assert (await catalogue.read(redis)).graphs == {"mill": MILL}


@pytest.mark.parametrize("key", [keys.WORKERS, keys.SERVED])
async def test_what_is_announced_is_forgotten_a_minute_after_the_last_beat(
    redis: Redis, key: str
) -> None:
    await catalogue.announce(redis, "one", [MILL])

    assert 55_000 < await cast("Any", redis).pttl(key) <= 60_000


BROKEN = GraphSpec("mill", "", {}, "", broken=BrokenSpec("f00d", "The graph can't be loaded."))


async def has_left(redis: Redis, worker: str, *specs: GraphSpec) -> None:
    await catalogue.announce(redis, worker, specs)
    await catalogue.leave(redis, worker, specs)


async def test_a_broken_graph_is_known_as_broken(redis: Redis) -> None:
    await catalogue.announce(redis, "one", [BROKEN, SAW])
    known = await catalogue.read(redis)

    assert known.graphs == {"mill": BROKEN, "saw": SAW}
    assert known.served == {"saw"}


@pytest.mark.parametrize("newest", ["healthy", "broken"])
async def test_of_the_living_one_that_could_load_a_graph_is_believed(
    redis: Redis, newest: str
) -> None:
    words = {"healthy": MILL, "broken": BROKEN}
    for name in sorted(words, key=lambda name: name == newest):
        await catalogue.announce(redis, name, [words[name]])
    known = await catalogue.read(redis)

    assert (known.graphs, known.served) == ({"mill": MILL}, {"mill"})


async def test_a_worker_that_is_gone_is_not_believed_against_one_that_lives(redis: Redis) -> None:
    await catalogue.announce(redis, "new", [BROKEN])
    await has_left(redis, "old", MILL)
    known = await catalogue.read(redis)

    assert (known.graphs, known.served) == ({"mill": BROKEN}, frozenset())


async def test_what_only_the_gone_served_is_known_and_served_by_nobody(redis: Redis) -> None:
    await has_left(redis, "old", MILL)
    known = await catalogue.read(redis)

    assert (known.graphs, known.served) == ({"mill": MILL}, frozenset())


async def test_what_an_older_release_does_not_say_has_a_default(redis: Redis) -> None:
    await catalogue.announce(redis, "one", [MILL])
    spec = decode(encode(MILL))
    for name in ("context_schema", "broken"):
        del spec[name]
    await cast("Any", redis).hset(keys.SERVED, "one", encode([spec]))

    assert (await catalogue.read(redis)).graphs == {"mill": MILL}


DETAILS = GraphDetails(drawings=[{"nodes": [], "edges": []}], subgraphs={"a|b": GraphSchemas()})


async def test_details_are_kept_beside_the_beats_once_for_all_workers(redis: Redis) -> None:
    packed, _ = pack(DETAILS)
    name = name_of(packed)
    spec = replace(MILL, details=name)
    for worker in ("one", "two"):
        await catalogue.announce(redis, worker, [spec], {name: packed})

    known = (await catalogue.read(redis)).graphs["mill"]
    assert known.details == name
    assert await read_details(redis, name) == DETAILS
    assert await redis.pttl(keys.graph_details(name)) > 0
    assert await read_details(redis, "nope") is None


async def test_a_beat_brings_back_details_that_the_store_has_lost(redis: Redis) -> None:
    packed, _ = pack(DETAILS)
    name = name_of(packed)
    await catalogue.announce(redis, "one", [MILL], {name: packed})
    await redis.pexpire(keys.graph_details(name), 5000)
    await catalogue.announce(redis, "one", [MILL], {name: packed})
    assert await redis.pttl(keys.graph_details(name)) > 50_000
    await redis.delete(keys.graph_details(name))
    await catalogue.announce(redis, "one", [MILL], {name: packed})
    assert await read_details(redis, name) == DETAILS


async def test_details_of_a_newer_worker_are_read_as_far_as_they_are_known(redis: Redis) -> None:
    told = decode(encode(DETAILS)) | {"smell": "oak"}
    told["schemas"]["colour"] = {}
    packed = zlib.compress(encode(told))
    name = name_of(packed)
    await catalogue.announce(redis, "one", [MILL], {name: packed})
    assert await read_details(redis, name) == DETAILS
