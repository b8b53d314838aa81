"""`python -m bench.threads [THREADS ...]`: what finding threads costs among many of them.

Fills a store of its own up to each of these numbers, asks for pages in several ways, and prints how
long they take and how much memory a thread takes.
"""

import argparse
import asyncio
import random
import statistics
import time
from collections.abc import AsyncGenerator, Mapping, Sequence
from typing import Any, Final, cast

from rich.console import Console

from bench.store import embedded
from tailrace.shared import terms
from tailrace.shared.events import encode
from tailrace.shared.log_store.threads.thread_search import Search, ThreadSearch
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import ask
from tailrace.shared.redis.connection import Client, connect
from tailrace.shared.redis.scripts import Call, run_scripts
from tailrace.shared.threads import ThreadName, new_thread_id

_TENANT: Final = "bench"
_TTL_MS: Final = 86_400_000
_AT_ONCE: Final = 1000
_TIMES: Final = 200
_GRAPHS: Final = ("agent", "article", "research", "counter")

SEARCHES: Final[Mapping[str, Search]] = {
    "newest 10": Search(),
    "newest 10, by last change": Search(order="updated_at"),
    "newest 100": Search(limit=100),
    "10 of a graph (1 in 4)": Search(metadata={"graph_id": "agent"}),
    "10 of a user (1 in 1,000)": Search(metadata={"owner": "user-7"}),
    "10 of a user and a graph": Search(metadata={"owner": "user-7", "graph_id": "agent"}),
    "10 of a graph and a plan (1 in 40)": Search(metadata={"graph_id": "agent", "plan": "paid"}),
    "10 idle ones of a graph": Search(status="idle", metadata={"graph_id": "agent"}),
    "10 that are busy (none)": Search(status="busy"),
    "10 after 10,000": Search(offset=10_000),
    "10 of a graph after 1,000": Search(metadata={"graph_id": "agent"}, offset=1000),
    "10 by a nested value (none)": Search(metadata={"user": {"name": "nobody"}}),
}


def main() -> None:
    """Fill, search, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("threads", type=int, nargs="*", default=[100_000])
    with embedded("no") as store:
        asyncio.run(_measure(store.url, parser.parse_args().threads))


async def _measure(url: str, numbers: Sequence[int]) -> None:
    chance = random.Random(1)  # noqa: S311 - the same threads each time
    async with connect(url) as redis:
        page, empty, known = Console(), await _memory(redis), 0
        for number in sorted(numbers):
            began = time.perf_counter()
            await _add(redis, chance, number - known)
            took_s = time.perf_counter() - began
            bytes_each = (await _memory(redis) - empty) / number
            index = sum([await _size(redis, shard) for shard in keys.SHARDS]) / number
            page.print(
                f"{number:,} threads with 4 values of metadata, {number - known:,} of them made in"
                f" {took_s:.1f} s; {bytes_each:,.0f} bytes each, {index:,.0f} of them in the index"
            )
            for name, search in SEARCHES.items():
                page.print(await _told(redis, name, search))
            known = number


async def _add(redis: Client, chance: random.Random, number: int) -> None:
    for first in range(0, number, _AT_ONCE):
        calls = [_call(chance) for _ in range(min(_AT_ONCE, number - first))]
        await run_scripts(redis, "log_store/threads/create", calls)


def _call(chance: random.Random) -> Call:
    metadata = {
        "graph_id": chance.choice(_GRAPHS),
        "owner": f"user-{chance.randrange(1000)}",
        "plan": "paid" if chance.random() < 0.1 else "free",
        "title": f"Conversation {chance.random()}",
    }
    name = ThreadName(_TENANT, new_thread_id())
    told = {"metadata": encode(metadata), "terms": terms.of_metadata(metadata), "ttl_ms": _TTL_MS}
    return Call(keys.of_thread_alone(name), told)


async def _told(redis: Client, name: str, search: Search) -> str:
    found = await ThreadSearch(redis).page(_TENANT, search)
    times = [ms async for ms in _times(redis, search)]
    median, p99 = statistics.median(times), statistics.quantiles(times, n=100)[98]
    size = f"{len(found.threads)} threads" + (", and a cursor" if found.cursor else "")
    return f"{name:36} p50 {median:6.1f} ms   p99 {p99:6.1f} ms   {size}"


async def _times(redis: Client, search: Search) -> AsyncGenerator[float]:
    for _ in range(_TIMES):
        began = time.perf_counter()
        await ThreadSearch(redis).page(_TENANT, search)
        yield (time.perf_counter() - began) * 1000


async def _memory(redis: Client) -> int:
    told = cast("dict[str, Any]", await redis.info("memory"))
    return int(told["used_memory"])


async def _size(redis: Client, shard: str) -> int:
    key = keys.threads_of_shard(shard, _TENANT)
    return await ask(redis, "MEMORY", "USAGE", key, "SAMPLES", 100)


if __name__ == "__main__":
    main()
