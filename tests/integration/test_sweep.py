"""What a crash between two stores leaves, the sweep repairs; what is well, it leaves alone."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from tailrace.shared.jobs import Holder, JobId, Pause, new_job_id
from tailrace.shared.redis import keys
from tailrace.shared.sweep import EXPIRES_WITHIN_MS, MISSING_FOR_S
from tests.support.leased import Site, site

LONG_AGO = 0.0


@pytest.fixture
async def place(store_url: str) -> AsyncIterator[Site]:
    async with site(store_url) as place:
        yield place


async def running(place: Site) -> JobId:
    job_id = await place.post("any")
    [claim] = await place.queue.claim("worker", 1)
    await place.jobs.open_attempt(Holder(job_id, claim.attempt, "worker"))
    return job_id


async def in_queue(place: Site, job_id: JobId) -> bool:
    return await place.queue.missing([job_id]) == []


async def test_a_job_that_never_reached_the_queue_is_queued(place: Site) -> None:
    job_id = await place.created("any")
    await place.sweep(missing={job_id: LONG_AGO}).sweep()
    assert await in_queue(place, job_id)


async def test_a_running_job_that_the_queue_has_lost_is_queued_and_goes_on_above_its_attempt(
    place: Site,
) -> None:
    job_id = await running(place)
    await place.queue.remove(job_id)
    await place.sweep(missing={job_id: LONG_AGO}).sweep()
    assert await in_queue(place, job_id)


async def test_a_job_may_be_between_log_and_queue_for_a_while(place: Site) -> None:
    job_id = await place.created("any")
    sweep = place.sweep()
    await sweep.sweep()
    await sweep.sweep()

    assert MISSING_FOR_S > 0
    assert not await in_queue(place, job_id)


async def test_the_time_that_a_job_was_missed_before_does_not_count(place: Site) -> None:
    job_id = await place.created("any")
    sweep = place.sweep(missing={job_id: LONG_AGO})
    await place.queue.enqueue(job_id)
    await sweep.sweep()
    await place.queue.remove(job_id)
    await sweep.sweep()
    assert not await in_queue(place, job_id)


async def test_a_job_left_in_the_queue_of_an_older_release_comes_back(place: Site) -> None:
    job_id = await place.created("any")
    await place.redis.zadd("arq:queue", {job_id: 1})
    await place.sweep(missing={job_id: LONG_AGO}).sweep()
    await place.redis.delete("arq:queue")

    assert await in_queue(place, job_id)


async def test_a_waiting_job_is_not_queued(place: Site) -> None:
    job_id = await place.created("any")
    holder = Holder(job_id, 1, "worker")
    await place.jobs.open_attempt(holder)
    await place.jobs.pause(holder, Pause())
    await place.sweep(missing={job_id: LONG_AGO}).sweep()
    assert not await in_queue(place, job_id)


async def test_a_held_job_is_left_to_its_holder(place: Site) -> None:
    job_id = await running(place)
    before = await place.redis.zscore(keys.QUEUE, keys.arq_id(job_id))
    await place.sweep(missing={job_id: LONG_AGO}).sweep()

    assert await place.redis.zscore(keys.QUEUE, keys.arq_id(job_id)) == before
    assert (await place.jobs.get(job_id)).status == "running"


async def test_an_ended_job_is_not_looked_at(place: Site) -> None:
    job_id = await place.created("any")
    await place.jobs.cancel(job_id)
    await place.sweep(missing={job_id: LONG_AGO}).sweep()
    assert not await in_queue(place, job_id)


async def test_a_cancel_that_never_reached_the_queue_is_told_to_the_holder(place: Site) -> None:
    job_id = await running(place)
    await place.jobs.cancel(job_id)
    await place.sweep().sweep()

    redis: Any = place.redis
    assert await redis.lrange(keys.inbox("worker"), 0, -1) == [job_id.encode()]
    assert (await place.jobs.get(job_id)).status == "running"


async def test_a_cancelled_job_that_nobody_holds_is_closed(place: Site) -> None:
    job_id = await running(place)
    await place.jobs.cancel(job_id)
    await place.queue.remove(job_id)
    await place.sweep().sweep()

    assert (await place.ended(job_id, 0.1)).status == "cancelled"
    assert not await in_queue(place, job_id)


async def test_a_job_that_is_about_to_be_forgotten_ends_as_expired(place: Site) -> None:
    job_id = await place.post("any")
    await place.redis.pexpire(keys.job(job_id), EXPIRES_WITHIN_MS - 1000)
    await place.sweep().sweep()

    job = await place.ended(job_id, 0.1)
    assert job.error is not None
    assert (job.status, job.error.type) == ("failed", "expired")
    assert not await in_queue(place, job_id)


async def test_a_job_with_time_left_does_not_expire(place: Site) -> None:
    job_id = await place.post("any")
    await place.redis.pexpire(keys.job(job_id), EXPIRES_WITHIN_MS + 60_000)
    await place.sweep().sweep()
    assert (await place.jobs.get(job_id)).status == "queued"


async def test_a_record_that_is_gone_leaves_the_list_of_open_jobs(place: Site) -> None:
    job_id = await place.created("any")
    await place.redis.delete(keys.job(job_id))
    await place.sweep().sweep()
    assert await place.redis.zscore(keys.open_jobs(job_id), job_id) is None


async def test_every_shard_is_swept(place: Site) -> None:
    ids: dict[str, JobId] = {}
    while len(ids) < len(keys.SHARDS):
        job_id = new_job_id()
        ids.setdefault(job_id[-1], job_id)
    for job_id in ids.values():
        await place.redis.zadd(keys.open_jobs(job_id), {job_id: 1})
    await place.sweep().sweep()

    assert [await place.redis.zcard(keys.open_jobs_of_shard(s)) for s in keys.SHARDS] == [0] * 16
