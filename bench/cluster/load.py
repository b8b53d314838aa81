"""Writers that append numbers to lists, and what became of each number."""

import asyncio
import itertools
import time
from collections import Counter, defaultdict
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from bench.cluster.contenders import Store, script
from tailrace.shared.redis.keys import SHARDS

Figures: TypeAlias = dict[str, float]

WRITERS_A_SHARD: Final = 3
APPEND: Final = script("redis.call('INCR', KEYS[2]); return redis.call('RPUSH', KEYS[1], ARGV[1])")
"""Two keys, so that a slot on its way may have one here and one there."""
_PAUSE_S: Final = 0.005
_PAUSE_AFTER_FAILURE_S: Final = 0.05


def keys_of(shard: str, writer: int) -> tuple[str, str]:
    """A list and a counter."""
    return f"bench:{{{shard}}}:list:{writer}", f"bench:{{{shard}}}:count:{writer}"


@dataclass(slots=True)
class Written:
    """What the writers of one shard have been told."""

    acknowledged: list[tuple[float, str]] = field(default_factory=list[tuple[float, str]])
    """When, and which number."""
    slowest_s: float = 0
    failed: Counter[str] = field(default_factory=Counter[str])

    def gap_s(self, since: float, until: float) -> float:
        """The longest time without an acknowledgement."""
        times = [since, *(at for at, _ in self.acknowledged if since < at < until), until]
        return max(late - early for early, late in itertools.pairwise(times))

    def first_after(self, moment: float) -> float:
        """How long after a moment the next one came."""
        return next((at - moment for at, _ in self.acknowledged if at > moment), float("inf"))


@asynccontextmanager
async def load(store: Store) -> AsyncGenerator[Mapping[str, Written]]:
    """Writers in every shard, while the block runs."""
    written = {shard: Written() for shard in SHARDS}
    over = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        for shard, of in written.items():
            for writer in range(WRITERS_A_SHARD):
                tasks.create_task(_write(store, shard, writer, of, over))
        try:
            yield written
        finally:
            over.set()


async def _write(store: Store, shard: str, writer: int, of: Written, over: asyncio.Event) -> None:
    number, keys = 0, keys_of(shard, writer)
    while not over.is_set():
        number += 1
        name, since = f"{writer}:{number}", time.perf_counter()
        try:
            await store.call(APPEND, (keys, (name,)))
        except Exception as error:  # noqa: BLE001 - RedisCluster's are not all of its own kind
            of.failed[type(error).__name__] += 1
            await asyncio.sleep(_PAUSE_AFTER_FAILURE_S)
        else:
            of.acknowledged.append((time.perf_counter(), name))
        of.slowest_s = max(of.slowest_s, time.perf_counter() - since)
        await asyncio.sleep(_PAUSE_S)


async def outcome(client: Any, written: Mapping[str, Written]) -> Figures:
    """What was acknowledged and is not there, and what is there twice; read by another client."""
    found: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for shard in written:
        for writer in range(WRITERS_A_SHARD):
            names = await client.lrange(keys_of(shard, writer)[0], 0, -1)
            found[shard].update(name.decode() for name in names)
    lost = sum(
        name not in found[shard] for shard, of in written.items() for _, name in of.acknowledged
    )
    doubled = sum(times - 1 for names in found.values() for times in names.values())
    return {"acknowledged and lost": lost, "applied twice": doubled}
