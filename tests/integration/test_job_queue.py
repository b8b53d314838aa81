import asyncio
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import pytest
from redis.asyncio import Redis

from tailrace.shared.jobs import JobId, new_job_id
from tailrace.shared.queue_store.queue.job_queue import INBOX_S, Claim, JobQueue, Wakeups
from tailrace.shared.redis import keys
from tailrace.shared.redis.connection import connect
from tailrace.shared.settings import SharedSettings
from tests.support.wait import wait_until

LEASE_S = 60.0
OPEN_TTL_MS = round(SharedSettings().open_ttl_s * 1000)


@pytest.fixture
async def store(redis: Redis) -> Any:
    return redis


@pytest.fixture
async def queue(redis: Redis) -> JobQueue:
    return JobQueue(redis, SharedSettings(lease_s=LEASE_S))


@pytest.fixture
async def wakeups(store_url: str) -> AsyncIterator[Wakeups]:
    client = connect(store_url, max_connections=2, block_s=INBOX_S)
    yield Wakeups(client, "worker")
    await client.aclose()


async def queued(queue: JobQueue) -> JobId:
    job_id = new_job_id()
    await queue.enqueue(job_id)
    return job_id


async def held(queue: JobQueue, worker: str = "worker") -> Claim:
    await queued(queue)
    [claim] = await queue.claim(worker, 1)
    return claim


async def expire(store: Any, job_id: JobId) -> None:
    await store.zadd(keys.QUEUE, {keys.arq_id(job_id): 1}, xx=True)
    await store.delete(keys.progress(job_id))


async def of_job(store: Any, job_id: JobId) -> list[bytes]:
    """Keys, fields and members that the queue has of a job."""
    found = [*await store.keys(f"*{job_id}"), *await store.smembers(keys.AGAIN)]
    found += [*await store.hkeys(keys.OWNERS), *await store.hkeys(keys.ATTEMPTS)]
    found += await store.zrange(keys.CANCELLED, 0, -1)
    return [*found, *await store.zrange(keys.QUEUE, 0, -1)]


async def test_a_job_queued_twice_is_claimed_once(queue: JobQueue) -> None:
    job_id = await queued(queue)
    await queue.enqueue(job_id)

    assert await queue.claim("worker", 10) == [Claim(job_id, 1)]
    assert await queue.claim("worker", 10) == []


async def test_queueing_again_does_not_move_a_job_to_the_end(queue: JobQueue, store: Any) -> None:
    first = await queued(queue)
    before = await store.zscore(keys.QUEUE, keys.arq_id(first))
    await queue.enqueue(first, delay_s=10)

    assert await store.zscore(keys.QUEUE, keys.arq_id(first)) == before


async def test_a_held_job_that_is_queued_again_is_ready_when_its_holder_is_done(
    queue: JobQueue,
) -> None:
    claim = await held(queue)
    await queue.enqueue(claim.job_id)
    assert await queue.claim("other", 10) == []

    await queue.finish("worker", claim)
    assert await queue.claim("other", 10) == [Claim(claim.job_id, 2)]


async def test_a_job_queued_again_once_runs_again_once(queue: JobQueue) -> None:
    claim = await held(queue)
    await queue.enqueue(claim.job_id)
    await queue.finish("worker", claim)
    [again] = await queue.claim("other", 10)
    await queue.finish("other", again)

    assert await queue.claim("other", 10) == []
    assert await queue.missing([claim.job_id]) == [claim.job_id]


async def test_a_finish_sent_twice_does_not_drop_the_job_that_was_queued_again(
    queue: JobQueue,
) -> None:
    claim = await held(queue)
    await queue.enqueue(claim.job_id)
    await queue.finish("worker", claim)
    await queue.finish("worker", claim)

    assert await queue.missing([claim.job_id]) == []


async def test_jobs_are_claimed_in_the_order_in_which_they_were_queued(
    queue: JobQueue, store: Any
) -> None:
    ids = [await queued(queue) for _ in range(5)]
    # Several may have come in one millisecond.
    await store.zadd(
        keys.QUEUE, {keys.arq_id(job_id): at for at, job_id in enumerate(reversed(ids), 1)}
    )

    claims = await queue.claim("worker", 5)
    assert [claim.job_id for claim in claims] == ids[::-1]


@pytest.mark.parametrize(("there", "asked", "got"), [(3, 2, 2), (2, 3, 2), (0, 1, 0), (1, 1, 1)])
async def test_a_claim_takes_no_more_than_it_asks_for_and_no_more_than_there_is(
    queue: JobQueue, there: int, asked: int, got: int
) -> None:
    for _ in range(there):
        await queued(queue)

    assert len(await queue.claim("worker", asked)) == got


async def test_concurrent_claims_share_no_job(queue: JobQueue) -> None:
    ids = [await queued(queue) for _ in range(30)]

    claims = await asyncio.gather(*(queue.claim(f"worker-{n}", 4) for n in range(10)))
    taken = [claim.job_id for some in claims for claim in some]
    assert sorted(taken) == sorted(ids)


async def test_a_job_whose_lease_has_run_out_is_ready_by_itself(store: Any) -> None:
    queue = JobQueue(store, SharedSettings(lease_s=0.05))
    claim = await held(queue)

    async def claimed_anew() -> list[Claim]:
        return await queue.claim("other", 1)

    assert await wait_until(claimed_anew, "the lease to run out") == [Claim(claim.job_id, 2)]


async def test_a_held_job_is_nobody_elses(queue: JobQueue) -> None:
    await held(queue)
    assert await queue.claim("other", 10) == []


async def test_a_renewed_lease_runs_from_now(queue: JobQueue, store: Any) -> None:
    claim = await held(queue)
    await store.zadd(keys.QUEUE, {keys.arq_id(claim.job_id): 5})
    assert await queue.renew("worker", [claim]) == ["held"]

    assert await queue.claim("other", 1) == []
    assert 0 < await store.pttl(keys.progress(claim.job_id)) <= LEASE_S * 1000


async def test_an_expired_lease_that_nobody_claimed_is_taken_back(
    queue: JobQueue, store: Any
) -> None:
    claim = await held(queue)
    await expire(store, claim.job_id)

    assert await queue.renew("worker", [claim]) == ["held"]
    assert await queue.claim("other", 1) == []


async def test_a_released_lease_is_never_taken_back(queue: JobQueue) -> None:
    claim = await held(queue)
    await queue.release("worker", claim)

    assert await queue.renew("worker", [claim]) == ["lost"]
    assert await queue.claim("other", 1) == [Claim(claim.job_id, 2)]


async def test_a_finished_lease_is_never_taken_back(queue: JobQueue) -> None:
    claim = await held(queue)
    await queue.finish("worker", claim)

    assert await queue.renew("worker", [claim]) == ["lost"]
    assert await queue.missing([claim.job_id]) == [claim.job_id]


@pytest.mark.parametrize("claimer", ["other", "worker"])
async def test_a_lease_that_was_claimed_anew_is_never_taken_back(
    queue: JobQueue, store: Any, claimer: str
) -> None:
    claim = await held(queue)
    await expire(store, claim.job_id)
    [again] = await queue.claim(claimer, 1)

    assert await queue.renew("worker", [claim]) == ["lost"]
    assert await queue.renew(claimer, [again]) == ["held"]


async def test_renewal_tells_of_each_job_for_itself(queue: JobQueue) -> None:
    kept, lost, cancelled = [await held(queue) for _ in range(3)]
    await queue.release("worker", lost)
    await queue.interrupt(cancelled.job_id)

    assert await queue.renew("worker", [kept, lost, cancelled]) == ["held", "lost", "stop"]


@pytest.mark.parametrize("stranger", [("other", 1), ("worker", 2), ("worker", 0)])
@pytest.mark.parametrize("act", ["finish", "release", "release_above"])
async def test_who_does_not_hold_a_job_changes_nothing(
    queue: JobQueue, store: Any, act: str, stranger: tuple[str, int]
) -> None:
    claim = await held(queue)
    before = [await store.dump(key) for key in (keys.OWNERS, keys.ATTEMPTS, keys.QUEUE)]
    worker, attempt = stranger
    acts = {
        "finish": queue.finish,
        "release": queue.release,
        "release_above": partial(queue.release, above=9),
    }
    await acts[act](worker, Claim(claim.job_id, attempt))

    after = [await store.dump(key) for key in (keys.OWNERS, keys.ATTEMPTS, keys.QUEUE)]
    assert after == before


async def test_a_finished_job_leaves_nothing(queue: JobQueue, store: Any) -> None:
    claim = await held(queue)
    await queue.finish("worker", claim)

    assert await of_job(store, claim.job_id) == []
    assert await store.zscore(keys.QUEUE, keys.arq_id(claim.job_id)) is None


async def test_a_job_taken_out_leaves_nothing_whoever_holds_it(queue: JobQueue, store: Any) -> None:
    claim = await held(queue)
    await queue.interrupt(claim.job_id)
    await queue.remove(claim.job_id)

    assert await of_job(store, claim.job_id) == []
    assert await store.zcard(keys.CANCELLED) == 0


async def test_a_job_handed_back_is_ready_at_once_under_the_next_attempt(queue: JobQueue) -> None:
    claim = await held(queue)
    await queue.release("worker", claim)
    await queue.release("worker", claim)

    assert await queue.claim("other", 10) == [Claim(claim.job_id, 2)]


async def test_a_job_handed_back_for_later_is_not_ready_before(queue: JobQueue, store: Any) -> None:
    claim = await held(queue)
    await queue.release("worker", claim, delay_s=0.2)
    assert await queue.claim("other", 10) == []

    async def claimed() -> list[Claim]:
        return await queue.claim("other", 10)

    assert await wait_until(claimed, "the delay to pass") == [Claim(claim.job_id, 2)]
    assert await store.exists(keys.TOKENS) == 0


async def test_a_job_queued_for_later_is_not_ready_before(queue: JobQueue) -> None:
    await queue.enqueue(new_job_id(), delay_s=60)
    assert await queue.claim("worker", 1) == []


@pytest.mark.parametrize(("above", "next_one"), [(0, 2), (1, 2), (7, 8)])
async def test_a_job_handed_back_is_given_out_above_the_log_and_above_the_queue(
    queue: JobQueue, above: int, next_one: int
) -> None:
    claim = await held(queue)
    await queue.release("worker", claim, above=above)

    assert await queue.renew("worker", [claim]) == ["lost"]
    assert await queue.claim("other", 1) == [Claim(claim.job_id, next_one)]


@pytest.mark.parametrize(("before", "above", "next_one"), [(0, 7, 8), (1, 7, 8), (3, 1, 4)])
async def test_a_queued_job_is_given_out_above_the_log_and_above_the_queue(
    queue: JobQueue, before: int, above: int, next_one: int
) -> None:
    job_id = await queued(queue)
    for _ in range(before):
        [claim] = await queue.claim("worker", 1)
        await queue.release("worker", claim)
    await queue.enqueue(job_id, above=above)

    assert await queue.claim("worker", 1) == [Claim(job_id, next_one)]


async def test_queueing_a_held_job_changes_nothing_of_its_claim(queue: JobQueue) -> None:
    claim = await held(queue)
    await queue.enqueue(claim.job_id, above=7)
    assert await queue.renew("worker", [claim]) == ["held"]


async def test_what_is_told_late_of_a_claim_does_not_touch_the_same_workers_next_one(
    queue: JobQueue,
) -> None:
    """A job that waits leaves the queue, and comes back to the same worker with its answer."""
    before = await held(queue)
    await queue.finish("worker", before)
    await queue.enqueue(before.job_id, above=before.attempt)
    [after] = await queue.claim("worker", 1)
    for late in (queue.finish, queue.release):
        await late("worker", before)

    assert await queue.renew("worker", [before, after]) == ["lost", "held"]


async def test_every_queued_job_wakes_somebody(queue: JobQueue, store: Any) -> None:
    for _ in range(3):
        await queued(queue)
    assert await store.llen(keys.TOKENS) == 3


async def test_a_claim_that_finds_less_than_it_asked_for_drops_the_stale_tokens(
    queue: JobQueue, store: Any
) -> None:
    for _ in range(3):
        await queued(queue)
    await queue.claim("worker", 2)
    assert await store.exists(keys.TOKENS) == 1
    await queue.claim("worker", 2)

    assert await store.exists(keys.TOKENS) == 0


async def test_tokens_that_nobody_takes_do_not_pile_up(queue: JobQueue, store: Any) -> None:
    async with store.pipeline(transaction=False) as pipe:
        for _ in range(1200):
            pipe.rpush(keys.TOKENS, "1")
        await pipe.execute()
    await queued(queue)

    assert await store.llen(keys.TOKENS) == 1000


async def test_a_queued_job_ends_the_wait(queue: JobQueue, wakeups: Wakeups, store: Any) -> None:
    async with asyncio.timeout(0.9), asyncio.TaskGroup() as tasks:
        tasks.create_task(wakeups.job_ready())
        await queued(queue)
    assert await store.llen(keys.TOKENS) == 0


async def test_the_holder_of_a_cancelled_job_is_told_at_once(
    queue: JobQueue, wakeups: Wakeups
) -> None:
    claim = await held(queue)
    async with asyncio.timeout(0.9), asyncio.TaskGroup() as tasks:
        told = tasks.create_task(wakeups.job_to_stop())
        assert await queue.interrupt(claim.job_id) is True
    assert told.result() == claim.job_id


async def test_a_cancelled_job_that_nobody_holds_leaves_the_queue(
    queue: JobQueue, store: Any
) -> None:
    job_id = await queued(queue)
    assert await queue.interrupt(job_id) is False

    assert await queue.claim("worker", 1) == []
    assert await store.zcard(keys.CANCELLED) == 0


async def test_cancelling_an_unknown_job_leaves_nothing_that_could_hit_a_later_one(
    queue: JobQueue, store: Any
) -> None:
    await queue.interrupt(new_job_id())
    assert await store.zcard(keys.CANCELLED) == 0


async def test_one_worker_leads_the_sweep_at_a_time(queue: JobQueue) -> None:
    assert await queue.lead("one", 60, 3) == []
    assert await queue.lead("two", 60, 3) is None
    assert await queue.lead("one", 60, 3) == []


async def test_a_leader_that_is_gone_is_followed_by_another(queue: JobQueue) -> None:
    await queue.lead("one", 0.05, 3)

    async def led() -> bool:
        return await queue.lead("two", 60, 3) is not None

    await wait_until(led, "the leader's lease to run out")


async def test_the_leader_hears_of_cancelled_jobs_that_are_overdue(queue: JobQueue) -> None:
    claim = await held(queue)
    await queue.interrupt(claim.job_id)

    assert await queue.lead("one", 60, 60) == []
    assert await queue.lead("one", 60, 0) == [claim.job_id]


async def test_cancelling_twice_does_not_put_off_the_day(queue: JobQueue, store: Any) -> None:
    claim = await held(queue)
    await queue.interrupt(claim.job_id)
    before = await store.zscore(keys.CANCELLED, keys.arq_id(claim.job_id))
    await store.zadd(keys.CANCELLED, {keys.arq_id(claim.job_id): before - 5})
    await queue.interrupt(claim.job_id)

    assert await store.zscore(keys.CANCELLED, keys.arq_id(claim.job_id)) == before - 5


async def test_every_key_of_a_queued_or_held_job_has_its_life(queue: JobQueue, store: Any) -> None:
    job_id = await queued(queue)
    assert 0 < await store.pttl(keys.payload(job_id)) <= OPEN_TTL_MS
    assert 0 < await store.ttl(keys.TOKENS) <= 3600
    await queue.renew("worker", await queue.claim("worker", 1))
    await queue.interrupt(job_id)

    assert 0 < await store.pttl(keys.progress(job_id)) <= LEASE_S * 1000
    assert 0 < await store.ttl(keys.inbox("worker")) <= 60


async def test_asking_which_jobs_are_missing_tells_just_those(queue: JobQueue) -> None:
    there, away = await queued(queue), new_job_id()
    claim = await held(queue)
    assert await queue.missing([there, away, claim.job_id]) == [away]
