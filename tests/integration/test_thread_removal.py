"""Threads that go: on demand, when their time is up, and over the loss of whoever deletes them."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final, cast

import pytest
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as ConnectionLost

from tailrace.shared.errors import (
    Fenced,
    JobNotFound,
    StoreUnavailable,
    ThreadBusy,
    ThreadNotFound,
)
from tailrace.shared.jobs import Holder, JobId
from tailrace.shared.log_store.events.event_log import EventLog
from tailrace.shared.log_store.threads import expiry
from tailrace.shared.log_store.threads.thread_log import ThreadLog
from tailrace.shared.redis import keys
from tailrace.shared.threads import Thread, ThreadName
from tests.integration.test_thread_store import TENANT, Threads, name_of
from tests.support.jobs import custom

OF_LOG_STORE: Final = re.compile(r"tailrace:\{[0-9a-f]\}:.*")


@pytest.fixture
def threads(redis: Redis) -> Threads:
    return Threads(redis)


class Mortal(Redis):
    """A client of a process that is lost before its command of that number."""

    lives = 10**9

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        self._live()
        return await cast("Any", super()).execute_command(*args, **options)

    def pipeline(self, *args: Any, **options: Any) -> Any:
        self._live()
        return super().pipeline(*args, **options)

    def _live(self) -> None:
        self.lives -= 1
        if self.lives < 0:
            raise ConnectionLost("killed")


async def busy_thread(threads: Threads, jobs: int) -> tuple[Thread, list[JobId], Holder]:
    """A thread with jobs, of which one has ended, one runs and the others wait."""
    thread = await threads.make({"owner": "ann"})
    ended = await threads.post(thread.id)
    await threads.jobs.close_over(ended, "failed")
    running, *waiting = [await threads.post(thread.id) for _ in range(jobs - 1)]
    holder = replace(Holder(running, 1, "token"), thread=name_of(thread))
    await threads.jobs.open_attempt(holder)
    place = keys.of_job(running, name_of(thread))
    for name in ("CHECKPOINTS", "BLOBS"):
        await cast("Any", threads.redis).hset(place[name], "head:", "x")
        await threads.redis.pexpire(cast("str", place[name]), 100_000)
    return thread, [ended, running, *waiting], holder


async def left(threads: Threads) -> list[str]:
    return [key for key in await threads.left() if OF_LOG_STORE.fullmatch(key)]


async def test_nothing_of_a_deleted_thread_is_left(threads: Threads) -> None:
    thread, jobs, holder = await busy_thread(threads, 4)
    await threads.removal.delete(name_of(thread))

    assert await left(threads) == []
    with pytest.raises(ThreadNotFound):
        await threads.store.get(name_of(thread))
    for job_id in jobs:
        with pytest.raises(JobNotFound):
            await threads.jobs.get(job_id)
    with pytest.raises((JobNotFound, Fenced)):
        await EventLog(threads.redis, threads.settings).append(holder, 3, [custom(1)])
    with pytest.raises(ThreadNotFound):
        await threads.removal.delete(name_of(thread))
    assert await left(threads) == []


async def test_other_threads_of_the_shard_stay_whole(threads: Threads) -> None:
    thread = await threads.make()
    name = ThreadName(TENANT, cast("Any", f"{'0' if thread.id[0] != '0' else '1'}{thread.id[1:]}"))
    await threads.store.create(name, {"stays": True})
    stays = await threads.post(name.id)
    await threads.post(thread.id)
    await threads.removal.delete(name_of(thread))

    assert (await threads.jobs.get(stays)).status == "queued"
    assert [t.id for t in (await threads.page(status="busy")).threads] == [name.id]
    assert [job.id for job in (await threads.store.jobs(name, 10)).jobs] == [stays]


@pytest.mark.parametrize("at_once", [1, 200])
async def test_whoever_deletes_a_thread_may_be_lost_at_any_step(
    threads: Threads, store_url: str, monkeypatch: pytest.MonkeyPatch, at_once: int
) -> None:
    monkeypatch.setattr(expiry, "JOBS_AT_ONCE", at_once)
    states: list[bool] = []
    for step in steps():
        thread, jobs, _ = await busy_thread(threads, 4)
        async with Mortal.from_url(store_url) as mortal:
            mortal.lives = step
            try:
                await Threads(mortal).removal.delete(name_of(thread))
                finished = True
            except StoreUnavailable:
                finished = False
        gone = await is_gone(threads, thread, jobs)
        states.append(gone)
        if gone:
            await threads.removal.reap()
        else:
            await threads.removal.delete(name_of(thread))
        assert await left(threads) == []
        if finished:
            break
    assert (states[0], states[-1]) == (False, True)


def steps() -> Iterator[int]:
    yield from range(100)
    raise AssertionError("a deletion takes more than a hundred commands")


async def is_gone(threads: Threads, thread: Thread, jobs: list[JobId]) -> bool:
    """Whether the thread is gone; if it is not, all of it has to be there."""
    try:
        await threads.store.get(name_of(thread))
    except ThreadNotFound:
        assert (await threads.page()).threads == []
        assert (await threads.page(order="updated_at", metadata={"owner": "ann"})).threads == []
        return True
    assert [t.id for t in (await threads.page(metadata={"owner": "ann"})).threads] == [thread.id]
    read = await threads.store.jobs(name_of(thread), 100)
    assert [job.id for job in read.jobs] == jobs[::-1]
    log = EventLog(threads.redis, threads.settings)
    assert all([await log.read(job_id, 0) for job_id in jobs])
    return False


async def pass_time(threads: Threads, thread: Thread, ms: int) -> None:
    """What time does to a thread that nobody uses."""
    of_thread, redis = keys.of_thread(name_of(thread)), cast("Any", threads.redis)
    await redis.zincrby(of_thread["due"], -ms, str(name_of(thread)))
    for name in ("record", "line", "jobs", "log"):
        if (ttl := await redis.pttl(of_thread[name])) > 0:
            await redis.pexpire(of_thread[name], max(ttl - ms, 1))


async def test_a_thread_is_deleted_when_its_time_is_up_and_not_before(threads: Threads) -> None:
    name = ThreadName(TENANT, (await threads.make()).id)
    await threads.removal.delete(name)
    thread = (await threads.store.create(name, {"a": 1}, ttl_s=3600)).thread
    await pass_time(threads, thread, 3_500_000)
    await threads.removal.reap()
    assert (await threads.store.get(name)).metadata == {"a": 1}
    await pass_time(threads, thread, 100_000)
    await threads.removal.reap()

    with pytest.raises(ThreadNotFound):
        await threads.store.get(name)
    assert await left(threads) == []


async def test_a_thread_that_is_used_lives_on(threads: Threads) -> None:
    thread = await threads.make()
    ttl_ms = round(threads.settings.thread_ttl_s * 1000)
    await pass_time(threads, thread, ttl_ms - 1000)
    job_id = await threads.post(thread.id)
    await threads.jobs.close_over(job_id, "succeeded")
    await pass_time(threads, thread, 2000)
    await threads.removal.reap()
    [due] = await cast("Any", threads.redis).zrange(
        keys.of_thread(name_of(thread))["due"], 0, -1, withscores=True
    )

    assert (await threads.store.get(name_of(thread))).status == "idle"
    now = int((await cast("Any", threads.redis).time())[0]) * 1000
    assert now < due[1] - ttl_ms + 60_000


@pytest.mark.parametrize("met", ["by a search", "by the reaper"])
async def test_a_thread_that_the_store_has_forgotten_leaves_the_index(
    threads: Threads, met: str
) -> None:
    stays, thread = await threads.make({"a": 1}), await threads.make({"a": 1, "b": 2})
    of_thread = keys.of_thread(name_of(thread))
    await threads.redis.delete(of_thread["record"])
    if met == "by a search":
        assert (await threads.page(metadata={"a": 1})).threads == [stays]
        assert (await threads.page(order="updated_at")).threads == [stays]
        assert await threads.count(metadata={"a": 1}) == 1
    await cast("Any", threads.redis).zadd(of_thread["due"], {str(name_of(thread)): 1})
    await threads.removal.reap()

    assert (await threads.page(metadata={"b": 2})).threads == []
    await threads.removal.delete(name_of(stays))
    assert await left(threads) == []


def test_the_scripts_and_the_service_agree_how_long_a_thread_stays_late() -> None:
    script = Path(expiry.__file__).with_name("record.lua")
    assert f"local LATE_MS = {expiry.LATE_MS} " in script.read_text()


async def test_a_job_is_deleted_only_when_the_thread_rests(threads: Threads) -> None:
    thread, [ended, running, waiting], _ = await busy_thread(threads, 3)
    name = name_of(thread)
    for job_id in (ended, running, waiting):
        with pytest.raises(ThreadBusy):
            await threads.removal.delete_job(name, job_id)
    for job_id in (waiting, running):
        await threads.jobs.close_over(job_id, "cancelled")
    await threads.removal.delete_job(name, ended)

    with pytest.raises(JobNotFound):
        await threads.jobs.get(ended)
    with pytest.raises(JobNotFound):
        await threads.removal.delete_job(name, ended)
    page = await threads.store.jobs(name, 10)
    assert [job.id for job in page.jobs] == [waiting, running]
    assert not [key for key in await left(threads) if ended in key]
    events = await ThreadLog(threads.redis).read(name, 0)
    assert events[0].name == "gap"
    await threads.removal.delete(name)
    assert await left(threads) == []
