"""The shared wait at the end of many logs: everyone wakes, promptly, and nothing stays behind."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from api.relay.tail import BLOCK_S, Tail
from api.settings import ApiSettings
from shared.errors import StoreUnavailable
from shared.event_log import EventLog
from shared.redis import connect
from shared.tasks import stop
from tests.support.service import Attempt, Logs, writing
from tests.support.store import embedded_store
from tests.support.wait import wait_until

PROMPT_S = 0.5 * BLOCK_S
"""Far less than a read blocks, far more than a busy machine needs."""
LONG_S = 10.0


@asynccontextmanager
async def running_tail(store_url: str) -> AsyncGenerator[Tail]:
    """A tail as the app makes it."""
    reader = connect(store_url, max_connections=1, block_s=BLOCK_S, retries=0)
    control = connect(store_url)
    tail = Tail(EventLog(reader, ApiSettings(redis_url=store_url)), reader, control)
    running = asyncio.ensure_future(tail.run())
    try:
        yield tail
    finally:
        await stop(running)
        await reader.aclose()
        await control.aclose()
    assert running.cancelled()


@pytest.fixture
async def tail(store_url: str) -> AsyncGenerator[Tail]:
    async with running_tail(store_url) as tail:
        yield tail


async def blocked(logs: Logs, readers: int = 1) -> None:
    """Wait until so many readers are blocked in the store."""

    async def they_are() -> bool:
        return (await logs.store.info("clients"))["blocked_clients"] == readers

    await wait_until(they_are, f"{readers} blocked readers")


def kept(tail: Tail) -> int:
    """How many logs the tail still knows of."""
    # Nothing else shows what stays behind.
    return len(tail._watches) + len(tail._unseen)  # pyright: ignore[reportPrivateUsage]


def waiting(tail: Tail, job: Attempt) -> "asyncio.Future[bool]":
    """A listener at the end of the job's log."""
    return asyncio.ensure_future(tail.grown(job.job_id, job.seq, LONG_S))


async def test_who_waits_is_woken_by_the_event_and_not_by_the_clock(tail: Tail, logs: Logs):
    job = await logs.opened()
    listener = waiting(tail, job)
    await blocked(logs)
    begun = time.monotonic()
    await job.append("news")
    assert await listener
    assert time.monotonic() - begun < PROMPT_S


async def test_what_is_there_already_wakes_at_once(tail: Tail, logs: Logs):
    job = await logs.opened()
    begun = time.monotonic()
    assert await tail.grown(job.job_id, job.seq - 1, LONG_S)
    assert time.monotonic() - begun < PROMPT_S


async def test_nothing_new_is_false_when_the_time_is_over(tail: Tail, logs: Logs):
    job = await logs.opened()
    assert not await tail.grown(job.job_id, job.seq, 0.05)


async def test_who_joins_behind_a_blocked_read_does_not_wait_for_it(tail: Tail, logs: Logs):
    quiet, job = await logs.opened(), await logs.opened()
    other = waiting(tail, quiet)
    for _ in range(10):
        await blocked(logs)
        begun = time.monotonic()
        joined = waiting(tail, job)
        await job.append("news")
        assert await joined
        assert time.monotonic() - begun < PROMPT_S
    assert not other.done()
    other.cancel()


async def test_two_on_one_log_wake_together(tail: Tail, logs: Logs):
    job = await logs.opened()
    listeners = [waiting(tail, job) for _ in range(2)]
    await blocked(logs)
    await job.append("news")
    assert await asyncio.gather(*listeners) == [True, True]


async def test_joins_that_leave_at_once_never_stop_the_loop(tail: Tail, logs: Logs):
    jobs = [await logs.opened() for _ in range(5)]
    for n in range(300):
        joins = [waiting(tail, jobs[n % 5]) for _ in range(3)]
        for turn in range(n % 4):
            await asyncio.sleep(0)
            joins[turn % 3].cancel()
        for join in joins:
            join.cancel()
        await asyncio.gather(*joins, return_exceptions=True)
    listener = waiting(tail, jobs[0])
    await jobs[0].append("news")
    assert await listener


async def follow(tail: Tail, job: Attempt, upto: int) -> int:
    """Read a log to a number, waiting at its tail; how often the wait was in vain."""
    seq, vain = 0, 0
    while seq < upto:
        page = await job.log.read(job.job_id, seq)
        seq = page[-1].seq if page else seq
        if not page and not await tail.grown(job.job_id, seq, LONG_S):
            vain += 1
    return vain


async def test_hundreds_of_listeners_hear_all_of_logs_that_grow(tail: Tail, logs: Logs):
    jobs = [await logs.opened() for _ in range(20)]
    listeners = [follow(tail, jobs[n % 20], upto=22) for n in range(300)]

    async def write(job: Attempt) -> None:
        for n in range(20):
            await job.append(n)

    vain = await asyncio.gather(*listeners, *map(write, jobs))
    assert not any(vain)
    assert kept(tail) == 0


async def test_watches_are_gone_with_who_waited(tail: Tail, logs: Logs):
    jobs = [await logs.opened() for _ in range(10)]
    listeners = [waiting(tail, job) for job in jobs * 10]
    await blocked(logs)
    assert kept(tail) >= 10
    for listener in listeners:
        listener.cancel()
    await asyncio.gather(*listeners, return_exceptions=True)
    assert kept(tail) == 0


async def test_a_lost_store_is_told_to_who_waits_and_survived(tmp_path: Path):
    with embedded_store(tmp_path / "store") as store:
        async with writing(store.url) as logs, running_tail(store.url) as tail:
            job = await logs.opened()
            listener = waiting(tail, job)
            await blocked(logs)
            store.kill()
            with pytest.raises(StoreUnavailable):
                await listener
            with pytest.raises(StoreUnavailable):
                await tail.grown(job.job_id, job.seq, LONG_S)
            store.start()
            listener = waiting(tail, job)
            await job.append("news")
            assert await listener


async def test_joins_are_prompt_also_after_the_store_was_restarted_unseen(tmp_path: Path):
    with embedded_store(tmp_path / "store") as store:
        async with writing(store.url) as logs, running_tail(store.url) as tail:
            quiet, job = await logs.opened(), await logs.opened()
            assert await tail.grown(job.job_id, 0, LONG_S)
            # Nobody waits now; ids of connections begin anew in a new process.
            await blocked(logs, readers=0)
            store.stop()
            store.start()
            await logs.jobs.get(quiet.job_id)
            other = waiting(tail, quiet)
            await blocked(logs)
            begun = time.monotonic()
            joined = waiting(tail, job)
            await job.append("news")
            assert await joined
            assert time.monotonic() - begun < PROMPT_S
            other.cancel()
