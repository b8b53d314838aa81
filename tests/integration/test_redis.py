import asyncio
import os
import signal
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis
from redis.exceptions import ResponseError

from tailrace.deploy.local.store import EmbeddedStore
from tailrace.shared.errors import StoreUnavailable
from tailrace.shared.jobs import Holder, JobId, new_job_id
from tailrace.shared.log_store.jobs.summaries import read_summaries
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import ping
from tailrace.shared.redis.connection import TIMEOUT_S, Client, connect
from tailrace.shared.redis.failures import store_errors
from tests.support.cancelling import forgotten_cancellations
from tests.support.jobs import Stores, custom, request, stores
from tests.support.proxy import store_proxy
from tests.support.script_watch import ScriptWatch
from tests.support.wait import wait_until

Call = Callable[[], Awaitable[object]]


@pytest.fixture
def own_store(tmp_path: Path) -> Iterator[EmbeddedStore]:
    """A store that a test may hurt; it may be dead at the end."""
    store = EmbeddedStore(tmp_path, fsync="no")
    store.start()
    pid = store.pid
    yield store
    if _alive(pid):
        store.kill()


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def last_of(client: Client, job_id: JobId, after: int, block_ms: int) -> int | None:
    """The log's last number, once it is above another; None if it does not grow meanwhile."""
    with store_errors():
        command = ("XREAD", "BLOCK", block_ms, "STREAMS", keys.log(job_id), f"{after}-0")
        reply = await cast("Any", client).execute_command(*command)
    return int(reply[0][1][-1][0].partition(b"-")[0]) if reply else None


def reads(kept: Stores, holder: Holder) -> list[Call]:
    job_id = holder.job_id
    return [
        lambda: kept.jobs.get(job_id),
        lambda: kept.log.read(job_id, after=0),
        lambda: read_summaries(kept.redis, [job_id]),
        lambda: last_of(kept.redis, job_id, after=1, block_ms=10),
    ]


def growing_writes(kept: Stores, holder: Holder) -> list[Call]:
    """Those that need memory and can wait."""
    successor = Holder(holder.job_id, 2, "successor")
    return [
        lambda: kept.jobs.create(new_job_id(), "tenant", request()),
        lambda: kept.jobs.open_attempt(successor),
        lambda: kept.log.append(holder, 3, [custom("x")]),
    ]


def ending_writes(kept: Stores, holder: Holder) -> list[Call]:
    return [
        lambda: kept.jobs.requeue(holder, "retry", failures=1),
        lambda: kept.log.close(holder, 3, "failed"),
        lambda: kept.jobs.cancel(holder.job_id),
        lambda: kept.jobs.close_over(holder.job_id, "failed"),
    ]


async def all_unavailable(calls: list[Call]) -> None:
    for call in calls:
        with pytest.raises(StoreUnavailable):
            await call()


async def test_a_killed_store_is_unavailable_and_comes_back(own_store: EmbeddedStore) -> None:
    async with connect(own_store.url, retries=0) as client:
        kept = stores(client)
        holder = await kept.running()
        own_store.kill()
        calls = reads(kept, holder) + growing_writes(kept, holder) + ending_writes(kept, holder)
        await all_unavailable([*calls, lambda: ping(client)])

        own_store.start()
        await kept.log.append(holder, 3, [custom("again")])
        assert [e.seq for e in await kept.events(holder.job_id)] == [1, 2, 3]
        own_store.kill()


async def test_a_closed_client_leaves_no_connection_behind(store_url: str, redis: Redis) -> None:
    async def connected() -> int:
        return len(await cast("Any", redis).client_list())

    before = await connected()
    async with connect(store_url) as client:
        await ping(client)
        assert await connected() == before + 1

    async def gone() -> bool:
        return await connected() == before

    await wait_until(gone, "the connection to close")


async def test_a_call_that_is_cancelled_at_any_step_does_not_return(store_url: str) -> None:
    async with connect(store_url) as client:
        assert await forgotten_cancellations(client) == []


async def test_a_store_that_was_never_there_is_unavailable(tmp_path: Path) -> None:
    for url in (f"unix://{tmp_path}/nothing.sock", "redis://127.0.0.1:1/0"):
        async with connect(url, retries=0) as client:
            with pytest.raises(StoreUnavailable):
                await ping(client)


async def test_a_full_store_is_unavailable_and_keeps_nothing_by_halves(
    own_store: EmbeddedStore,
) -> None:
    async with connect(own_store.url) as client:
        kept = stores(client)
        holder = await kept.running()
        before, size = await kept.kept(holder.job_id), await client.dbsize()
        await client.config_set("maxmemory", 1)

        await all_unavailable(growing_writes(kept, holder))
        assert await kept.kept(holder.job_id) == before
        assert await client.dbsize() == size


async def test_a_full_store_still_takes_what_ends_an_attempt(own_store: EmbeddedStore) -> None:
    async with connect(own_store.url) as client:
        kept = stores(client)
        closing, retrying, queued = await kept.running(), await kept.running(), await kept.queued()
        await client.config_set("maxmemory", 1)

        await kept.log.close(closing, 3, "succeeded", result=b"1")
        await kept.jobs.requeue(retrying, "retry", failures=1)
        await kept.jobs.cancel(queued)
        jobs = [await kept.jobs.get(i) for i in (closing.job_id, retrying.job_id, queued)]
        assert [job.status for job in jobs] == ["succeeded", "queued", "cancelled"]


async def test_a_store_that_can_only_be_read_is_unavailable_for_writes_alone(
    own_store: EmbeddedStore,
) -> None:
    async with connect(own_store.url) as client:
        kept = stores(client)
        holder = await kept.running()
        before = await kept.kept(holder.job_id)
        await cast("Any", client).replicaof("127.0.0.1", "1")

        await all_unavailable(growing_writes(kept, holder) + ending_writes(kept, holder))
        for call in reads(kept, holder):
            await call()
        assert await kept.kept(holder.job_id) == before


async def test_a_frozen_store_is_unavailable_within_the_time_limit(
    own_store: EmbeddedStore,
) -> None:
    async with connect(own_store.url) as client:
        await ping(client)
        os.kill(own_store.pid, signal.SIGSTOP)
        started = time.monotonic()
        with pytest.raises(StoreUnavailable):
            await stores(client).jobs.get(new_job_id())

    assert time.monotonic() - started < 2 * TIMEOUT_S


async def test_a_call_whose_connection_breaks_is_repeated_and_stored_once(
    store_url: str, redis: Redis
) -> None:
    async with store_proxy(store_url) as proxy, connect(proxy.url) as client:
        linked, kept = stores(client), stores(redis)
        holder = await kept.running()
        await linked.log.append(holder, 3, [custom("warm")])
        proxy.lose_reply()
        assert await linked.log.append(holder, 4, [custom("once")]) == 4
        proxy.cut()
        assert await linked.log.append(holder, 5, [custom("more")]) == 5

        assert [e.seq for e in await kept.events(holder.job_id)] == [1, 2, 3, 4, 5]


async def test_scripts_that_the_store_has_forgotten_are_sent_again(redis: Redis) -> None:
    kept = stores(redis)
    holder = await kept.running()
    await cast("Any", redis).script_flush()

    assert await kept.log.append(holder, 3, [custom("x")]) == 3


async def test_a_caller_waits_for_a_free_connection(store_url: str, redis: Redis) -> None:
    kept = stores(redis)
    holder = await kept.running()
    async with connect(store_url, max_connections=1) as client:
        one = stores(client)
        waits = wait_until(lambda: _blocked(redis), "the only connection to block")
        async with asyncio.TaskGroup() as tasks:
            waiting = tasks.create_task(last_of(client, holder.job_id, after=2, block_ms=60_000))
            await waits
            behind = tasks.create_task(one.jobs.get(holder.job_id))
            await kept.log.append(holder, 3, [custom("x")])

    assert waiting.result() == 3
    assert behind.result().seq == 3


async def _blocked(client: Client) -> bool:
    return bool((await cast("Any", client).info("clients"))["blocked_clients"])


async def test_a_blocking_call_may_take_as_long_as_it_was_allowed_to(
    store_url: str, redis: Redis
) -> None:
    holder = await stores(redis).running()
    async with connect(store_url, block_s=1) as client:
        assert await last_of(client, holder.job_id, after=2, block_ms=20) is None


async def test_a_bug_of_ours_is_not_taken_for_a_store_that_is_away(redis: Redis) -> None:
    job_id = new_job_id()
    await cast("Any", redis).set(keys.job(job_id), "no hash", ex=60)

    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await stores(redis).jobs.get(job_id)
    with pytest.raises(ResponseError, match="WRONGTYPE"):
        await stores(redis).log.append(Holder(job_id, 1, "x"), 1, [custom("x")])


async def test_a_script_that_makes_a_key_is_seen_by_the_watch(own_store: EmbeddedStore) -> None:
    job_id, watch = new_job_id(), ScriptWatch(own_store.url)
    with closing(watch):
        store: Any = Redis.from_url(own_store.url)
        honest = "return redis.call('HSET', KEYS[1], 'a', ARGV[1])"
        await store.eval(honest, 1, keys.job(job_id), "x")
        assert watch.faults() == []
        cheating = "return redis.call('SET', ARGV[1], '1')"
        await store.eval(cheating, 1, keys.job(job_id), keys.log(job_id))
        assert watch.faults() == [f"set of {keys.log(job_id)}, which the call does not name"]
        await store.aclose()
