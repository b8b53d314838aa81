"""A Cluster in trouble, under load: a slot moves, a node dies or hangs."""

import asyncio
import signal
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from redis.exceptions import RedisError

from bench.cluster.contenders import Contender, Store, script
from bench.cluster.load import APPEND, WRITERS_A_SHARD, Figures, Written, keys_of, load, outcome
from tailrace.shared.redis.keys import SHARDS
from tests.support.cluster_store import ClusterStore, Node
from tests.support.wait import wait_until

MOVES: Final = 4
AWAY_S: Final = 1.0
FROZEN_S: Final = 8.0
"""Longer than any client waits for a reply."""
_SHARD: Final = SHARDS[7]
_WARM_S: Final = 1.0
_AFTER_S: Final = 3.0
_HALF_WAY_S: Final = 0.1
_TICK_S: Final = 0.005
_READS: Final = 40
_LENGTH: Final = script("return redis.call('LLEN', KEYS[1])")
_NEVER_MS: Final = 60_000
"""No node is taken for dead while it stands still."""


async def moves(contender: Contender, cluster: ClusterStore, witness: Any) -> Figures:
    """One slot goes to another node and back, key by key, under the writers' hands."""
    failed = 0
    async with contender.connect([node.port for node in cluster.nodes]) as store:
        async with _running(store) as written:
            since = time.perf_counter()
            for _ in range(MOVES):
                move = await cluster.move(keys_of(_SHARD, 0)[0])
                await move.begin()
                for writer in range(WRITERS_A_SHARD):
                    for key in keys_of(_SHARD, writer):
                        await move.carry(key)
                        await asyncio.sleep(_HALF_WAY_S)
                    failed += await _failed_reads(store)
                await move.finish()
                await asyncio.sleep(_HALF_WAY_S)
            until = time.perf_counter()
        moving = written[_SHARD]
        return {
            "longest silence of the slot's writers, s": moving.gap_s(since, until),
            "slowest write there, s": moving.slowest_s,
            "writes failed there": moving.failed.total(),
            f"of {MOVES * WRITERS_A_SHARD * _READS} reads there, {_READS} at once, failed": failed,
            "writes failed elsewhere": sum(
                of.failed.total() for shard, of in written.items() if shard != _SHARD
            ),
            **await outcome(witness, written),
        }


async def _failed_reads(store: Store) -> int:
    """Calls with a single key each, some of which have moved, some not."""
    keys = [keys_of(_SHARD, n % WRITERS_A_SHARD)[0] for n in range(_READS)]
    found = await asyncio.gather(
        *(store.call(_LENGTH, ((key,), ())) for key in keys), return_exceptions=True
    )
    return sum(isinstance(one, Exception) for one in found)


async def dies_and_returns(contender: Contender, cluster: ClusterStore, witness: Any) -> Figures:
    """A node is killed, and is back a second later."""
    node = await cluster.owner(keys_of(_SHARD, 0)[0])
    theirs = await _shards_of(cluster, node)
    async with contender.connect([node.port for node in cluster.nodes]) as store:
        async with _running(store) as written:
            since = time.perf_counter()
            node.kill()
            await asyncio.sleep(AWAY_S)
            node.start()
            await wait_until(partial(_answers, node), "the node to serve")
            back = time.perf_counter()
        return {
            "served again after, s": max(written[shard].first_after(back) for shard in theirs),
            **_of_others(written, theirs, since, back),
            "writes failed at the node": sum(written[shard].failed.total() for shard in theirs),
            **await outcome(witness, written),
        }


async def is_replaced(contender: Contender, cluster: ClusterStore, witness: Any) -> Figures:
    """A node is killed for good, and its replica takes over at once."""
    node = await cluster.owner(keys_of(_SHARD, 0)[0])
    theirs = await _shards_of(cluster, node)
    async with (
        cluster.replica_of(node, node.folder.parent / "replica") as replica,
        contender.connect([node.port for node in cluster.nodes]) as store,
    ):
        async with _running(store) as written:
            since = time.perf_counter()
            node.kill()
            await replica.call("CLUSTER", "FAILOVER", "TAKEOVER")
            for other in cluster.nodes:
                if other is not node:
                    knows = partial(other.serves, keys_of(_SHARD, 0)[0], replica)
                    await wait_until(knows, "the news of the new primary")
            known = time.perf_counter()
        return {
            "served again after, s": max(written[shard].first_after(known) for shard in theirs),
            **_of_others(written, theirs, since, known),
            "writes failed at the node": sum(written[shard].failed.total() for shard in theirs),
            **await outcome(witness, written),
        }


async def hangs(contender: Contender, cluster: ClusterStore, witness: Any) -> Figures:
    """A node stands still for longer than a call waits."""
    for node in cluster.nodes:
        await node.call("CONFIG", "SET", "cluster-node-timeout", _NEVER_MS)
    node = await cluster.owner(keys_of(_SHARD, 0)[0])
    theirs = await _shards_of(cluster, node)
    async with contender.connect([node.port for node in cluster.nodes]) as store:
        async with _running(store) as written:
            since = time.perf_counter()
            node.send(signal.SIGSTOP)
            await asyncio.sleep(FROZEN_S)
            node.send(signal.SIGCONT)
            back = time.perf_counter()
        found = {
            "served again after, s": max(written[shard].first_after(back) for shard in theirs),
            **_of_others(written, theirs, since, back),
            "writes failed at the node": sum(written[shard].failed.total() for shard in theirs),
            **await outcome(witness, written),
        }
    return found | await _connecting(contender, cluster, node)


async def _connecting(contender: Contender, cluster: ClusterStore, node: Node) -> Figures:
    """A process starts while one node hangs, and calls another."""
    theirs = await _shards_of(cluster, node)
    elsewhere = next(shard for shard in SHARDS if shard not in theirs)
    longest, over, failed = 0.0, asyncio.Event(), 0

    async def watch() -> None:
        nonlocal longest
        while not over.is_set():
            since = time.perf_counter()
            await asyncio.sleep(_TICK_S)
            longest = max(longest, time.perf_counter() - since - _TICK_S)

    since = time.perf_counter()
    node.send(signal.SIGSTOP)
    try:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(watch())
            await asyncio.sleep(_TICK_S)
            try:
                async with contender.connect([other.port for other in cluster.nodes]) as store:
                    await store.call(APPEND, (keys_of(elsewhere, 0), ("connecting",)))
            except Exception:  # noqa: BLE001 - each has errors of its own
                failed = 1
            over.set()
    finally:
        node.send(signal.SIGCONT)
    return {
        "a new client meanwhile: first call at another node failed": failed,
        "a new client meanwhile: until its first reply, s": time.perf_counter() - since,
        "a new client meanwhile: event loop stood still, s": longest,
    }


@asynccontextmanager
async def _running(store: Store) -> AsyncGenerator[Mapping[str, Written]]:
    """The writers at work, some time before and after."""
    async with load(store) as written:
        await asyncio.sleep(_WARM_S)
        yield written
        await asyncio.sleep(_AFTER_S)


def _of_others(
    written: Mapping[str, Written], theirs: set[str], since: float, until: float
) -> Figures:
    others = [of for shard, of in written.items() if shard not in theirs]
    return {
        "longest silence at other nodes, s": max(of.gap_s(since, until) for of in others),
        "writes failed at other nodes": sum(of.failed.total() for of in others),
    }


async def _shards_of(cluster: ClusterStore, node: Node) -> set[str]:
    owners = {shard: await cluster.owner(keys_of(shard, 0)[0]) for shard in SHARDS}
    return {shard for shard, owner in owners.items() if owner is node}


async def _answers(node: Node) -> bool:
    try:
        return b"cluster_state:ok" in await node.call("CLUSTER", "INFO")
    except RedisError:
        return False


SCENARIOS: Final = {
    "A slot moves away and back, twice": moves,
    "A node dies, and returns after a second": dies_and_returns,
    "A node dies, and its replica takes over": is_replaced,
    "A node hangs for eight seconds": hangs,
}
