"""A Cluster at rest: calls alone and many at once, batches, blocked reads."""

import asyncio
import resource
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from typing import Any, Final

from bench.cluster.contenders import Contender, Store, script
from bench.cluster.load import Figures
from bench.figures import percentile
from tailrace.shared.redis.keys import SHARDS
from tests.support.cluster_store import ClusterStore

_WRITE: Final = script(
    "redis.call('INCR', KEYS[2]); redis.call('SET', KEYS[1], ARGV[1]); return {'ok', '1'}"
)
_VALUE: Final = "x" * 1024
_BATCH: Final = 32
_LOGS: Final = 64
_SHARD: Final = SHARDS[7]
_BLOCK_MS: Final = 1000


def _call(n: int) -> tuple[tuple[str, str], tuple[str]]:
    shard = SHARDS[n % len(SHARDS)]
    return (f"bench:{{{shard}}}:value:{n % 256}", f"bench:{{{shard}}}:calls"), (_VALUE,)


async def measure(
    contender: Contender, cluster: ClusterStore, witness: Any, *, calls: int
) -> Figures:
    """All figures of a Cluster at rest."""
    ports = [node.port for node in cluster.nodes]
    async with contender.connect(ports) as store:
        for n in range(len(SHARDS)):
            await store.call(_WRITE, _call(n))
        alone = await _rate(lambda n: store.call(_WRITE, _call(n)), calls // 4, 1)
        at_once = await _rate(lambda n: store.call(_WRITE, _call(n)), calls, 50)
        many = [_call(n) for n in range(_BATCH)]
        batches = await _rate(lambda _: store.batch(_WRITE, many), calls // _BATCH, 1)
        memory_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    async with contender.connect(ports) as store:
        reads = await _reads(store, witness, calls // 10)
        behind = await _call_beside_a_read(store)
        cancelled = await _read_after_a_cancelled_one(store, witness)
    return {
        **{f"1 caller: {name}": value for name, value in alone.items()},
        **{f"50 callers: {name}": value for name, value in at_once.items()},
        **{f"batches of {_BATCH}: {name}": value for name, value in batches.items()},
        **{f"read of {_LOGS} logs: {name}": value for name, value in reads.items()},
        "a call beside a read that blocks 1 s, ms": behind,
        "a read after a cancelled one, ms": cancelled,
        "peak memory of the process, MB": memory_mb,
    }


async def _rate(call: Callable[[int], Awaitable[object]], count: int, at_once: int) -> Figures:
    took: list[float] = []

    async def caller(numbers: Iterator[int]) -> None:
        for n in numbers:
            since = time.perf_counter()
            await call(n)
            took.append((time.perf_counter() - since) * 1000)

    numbers = iter(range(count))
    since, cpu = time.perf_counter(), time.process_time()
    async with asyncio.TaskGroup() as tasks:
        for _ in range(at_once):
            tasks.create_task(caller(numbers))
    elapsed, cpu = time.perf_counter() - since, time.process_time() - cpu
    return {
        "a second": count / elapsed,
        "p50, ms": percentile(took, 50),
        "p99, ms": percentile(took, 99),
        "CPU, µs each": cpu / count * 1e6,
    }


def _logs(read: int) -> dict[str, str]:
    return {f"bench:{{{_SHARD}}}:log:{n}": f"{read}-0" for n in range(_LOGS)}


async def _reads(store: Store, witness: Any, count: int) -> Figures:
    """Each entry of a log is written by another client while the read blocks."""
    took: list[float] = []
    cpu = time.process_time()
    async with asyncio.TaskGroup() as tasks:
        for n in range(1, count + 1):
            reading = tasks.create_task(store.read(_logs(n), _BLOCK_MS))
            # Long enough for the read to arrive; one that does not block yet gets its reply too.
            await asyncio.sleep(0.003)
            since = time.perf_counter()
            await witness.xadd(
                f"bench:{{{_SHARD}}}:log:{n % _LOGS}", {"a": _VALUE}, id=f"{n + 1}-0"
            )
            assert await reading == 1
            took.append((time.perf_counter() - since) * 1000)
    cpu = time.process_time() - cpu
    return {
        "from write to reader, p50, ms": percentile(took, 50),
        "p99, ms": percentile(took, 99),
        "CPU, µs each, the write included": cpu / count * 1e6,
    }


async def _call_beside_a_read(store: Store) -> float:
    """A call to the node at which the same client has a read that blocks."""
    async with asyncio.TaskGroup() as tasks:
        reading = tasks.create_task(store.read(_logs(10**9), _BLOCK_MS))
        await asyncio.sleep(0.1)
        since = time.perf_counter()
        await store.call(_WRITE, _call(SHARDS.index(_SHARD)))
        took = (time.perf_counter() - since) * 1000
        await reading
    return took


async def _read_after_a_cancelled_one(store: Store, witness: Any) -> float:
    reading = asyncio.ensure_future(store.read(_logs(10**9), _BLOCK_MS))
    await asyncio.sleep(0.1)
    reading.cancel()
    with suppress(asyncio.CancelledError):
        await reading
    since = time.perf_counter()
    await witness.xadd(f"bench:{{{_SHARD}}}:log:0", {"a": "b"}, id=f"{2 * 10**9}-0")
    with suppress(Exception):  # a late reply is a slow one
        await store.read({f"bench:{{{_SHARD}}}:log:0": f"{10**9}-0"}, _BLOCK_MS)
    return (time.perf_counter() - since) * 1000
