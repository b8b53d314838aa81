from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from tailrace.shared.errors import (
    CancelRequested,
    Fenced,
    JobNotFound,
    LogClosed,
    NotWaiting,
    Unserializable,
)
from tailrace.shared.events import decode
from tailrace.shared.jobs import Holder, Interrupt, Job, JobId, JobRequest, Pause, new_job_id
from tailrace.shared.log_store.jobs.job_store import GIVEN_UP
from tailrace.shared.redis import keys
from tests.support.jobs import Stores, custom, request, stores

SETTINGS = {"open_ttl_s": 100.0, "events_ttl_s": 20.0, "retention_s": 50.0}
UNKNOWN = JobId("01890a5d-ac96-774b-bcce-b302099a8057")
QUESTION = Interrupt("i1", {"ask": "Shall it?"})


@pytest.fixture
def kept(redis: Redis) -> Stores:
    return stores(redis, **SETTINGS)


async def told(kept: Stores, job_id: JobId) -> list[dict[str, Any]]:
    """What the log's status and end events say, without the times."""
    events = [e for e in await kept.events(job_id) if e.name in ("status", "end")]
    return [{k: v for k, v in decode(e.data).items() if k != "at"} for e in events]


async def waiting(kept: Stores) -> JobId:
    holder = await kept.running()
    await kept.jobs.pause(holder, Pause((QUESTION,)))
    return holder.job_id


def successor(holder: Holder) -> Holder:
    return Holder(holder.job_id, holder.attempt + 1, f"{holder.token}'")


async def test_a_new_job_is_queued_and_its_log_says_so(kept: Stores) -> None:
    job_id = new_job_id()
    created, _ = await kept.jobs.create(job_id, "tenant", request(value={"a": [1, None]}))

    assert await kept.jobs.get(job_id) == created
    assert (created.status, created.attempt, created.seq) == ("queued", 0, 1)
    assert await told(kept, job_id) == [{"status": "queued", "attempt": 0}]
    assert await kept.is_listed_open(job_id)


async def test_a_request_comes_back_as_it_was(kept: Stores) -> None:
    asked = JobRequest(
        graph="g\u2028",
        input={"text": "\u2028 \x85 é", "n": [1, 2.5, None, True]},
        config={"configurable": {"k": "v"}, "tags": ["t"], "recursion_limit": 7},
        stream=("values", "debug"),
        metadata={"m": {}},
        max_attempts=5,
        timeout_s=1.5,
        interrupt_before="*",
        interrupt_after=("send", "pay"),
        context={},
    )
    job_id = new_job_id()
    await kept.jobs.create(job_id, "tenant", asked)

    assert (await kept.jobs.get(job_id)).request == asked


async def test_a_request_that_json_cannot_hold_is_not_stored(kept: Stores) -> None:
    job_id = new_job_id()

    with pytest.raises(Unserializable):
        await kept.jobs.create(job_id, "tenant", request(value=object()))
    assert await kept.kept(job_id) == ({}, [])
    assert not await kept.is_listed_open(job_id)


async def test_creating_a_job_again_changes_nothing(kept: Stores) -> None:
    job_id = await kept.queued()
    before = await kept.kept(job_id)

    await kept.jobs.create(job_id, "another", request("another"))
    assert await kept.kept(job_id) == before


async def test_creating_an_ended_job_again_does_not_open_it(kept: Stores) -> None:
    job_id = await kept.queued()
    await kept.jobs.cancel(job_id)
    await kept.jobs.create(job_id, "tenant", request())

    assert (await kept.jobs.get(job_id)).status == "cancelled"
    assert not await kept.is_listed_open(job_id)


@pytest.mark.parametrize("job_id", [UNKNOWN, JobId("no-such-job")])
async def test_an_unknown_job_is_not_found_by_any_call(kept: Stores, job_id: JobId) -> None:
    holder = Holder(job_id, 1, "x")
    calls: list[Callable[[], Awaitable[object]]] = [
        lambda: kept.jobs.get(job_id),
        lambda: kept.jobs.open_attempt(holder),
        lambda: kept.jobs.cancel(job_id),
        lambda: kept.jobs.requeue(holder, "retry", failures=1),
        lambda: kept.jobs.pause(holder, Pause((QUESTION,))),
        lambda: kept.jobs.close_over(job_id, "failed"),
    ]

    for call in calls:
        with pytest.raises(JobNotFound):
            await call()
    assert await kept.kept(job_id) == ({}, [])


async def test_opening_raises_the_fence_and_says_running(kept: Stores) -> None:
    job_id = await kept.queued()
    job = await kept.jobs.open_attempt(Holder(job_id, 4, "x"))

    assert (job.status, job.attempt, job.seq) == ("running", 4, 2)
    assert job.started_at
    assert await kept.jobs.get(job_id) == job
    assert (await told(kept, job_id))[-1] == {"status": "running", "attempt": 4}


async def test_opening_again_with_the_same_token_changes_nothing(kept: Stores) -> None:
    holder = await kept.running()
    before = await kept.kept(holder.job_id)

    assert (await kept.jobs.open_attempt(holder)).seq == 2
    assert await kept.kept(holder.job_id) == before


@pytest.mark.parametrize("attempt", [0, 1, 2])
async def test_an_attempt_that_is_not_above_the_records_is_fenced(
    kept: Stores, attempt: int
) -> None:
    holder = await kept.running()
    await kept.jobs.open_attempt(successor(holder))
    before = await kept.kept(holder.job_id)

    with pytest.raises(Fenced) as caught:
        await kept.jobs.open_attempt(Holder(holder.job_id, attempt, "rival"))
    assert caught.value.at == 2
    assert await kept.kept(holder.job_id) == before


async def test_opening_over_a_running_attempt_says_that_its_worker_was_lost(kept: Stores) -> None:
    holder = await kept.running()
    job = await kept.jobs.open_attempt(successor(holder))

    assert job.failures == 1
    assert (await told(kept, job.id))[-1] == {
        "status": "running",
        "attempt": 2,
        "reason": "worker_lost",
        "resumed": False,
    }


async def test_the_time_of_the_first_start_stays(kept: Stores) -> None:
    holder = await kept.running()
    started_at = (await kept.jobs.get(holder.job_id)).started_at

    assert (await kept.jobs.open_attempt(successor(holder))).started_at == started_at


async def test_a_job_that_loses_worker_after_worker_ends_as_failed(kept: Stores) -> None:
    holder = await kept.running()
    for _ in range(2):
        await kept.jobs.open_attempt(holder := successor(holder))

    with pytest.raises(LogClosed):
        await kept.jobs.open_attempt(successor(holder))
    job = await kept.jobs.get(holder.job_id)
    assert (job.status, job.failures, job.error) == ("failed", 3, GIVEN_UP)
    assert (await told(kept, job.id))[-1]["error"]["type"] == "worker-lost"


async def test_a_hand_back_counts_as_no_failure_and_a_retry_as_one(kept: Stores) -> None:
    holder = await kept.running()
    await kept.jobs.requeue(holder, "shutdown", failures=0)
    await kept.jobs.open_attempt(holder := successor(holder))
    await kept.jobs.requeue(holder, "retry", failures=1)
    job = await kept.jobs.open_attempt(successor(holder))

    assert job.failures == 1
    assert [(e["status"], e.get("reason")) for e in await told(kept, job.id)] == [
        ("queued", None),
        ("running", None),
        ("queued", "shutdown"),
        ("running", "shutdown"),
        ("queued", "retry"),
        ("running", "retry"),
    ]


async def test_an_attempt_that_gave_its_job_back_writes_no_more(kept: Stores) -> None:
    holder = await kept.running()
    await kept.jobs.requeue(holder, "retry", failures=1)

    with pytest.raises(Fenced):
        await kept.log.append(holder, 4, [custom("late")])
    with pytest.raises(Fenced):
        await kept.log.close(holder, 4, "succeeded")


async def test_giving_back_again_changes_nothing(kept: Stores) -> None:
    holder = await kept.running()
    await kept.jobs.requeue(holder, "retry", failures=1)
    before = await kept.kept(holder.job_id)

    await kept.jobs.requeue(holder, "retry", failures=1)
    assert await kept.kept(holder.job_id) == before


async def test_a_zombie_gives_nothing_back(kept: Stores) -> None:
    zombie = await kept.running()
    await kept.jobs.open_attempt(successor(zombie))

    with pytest.raises(Fenced):
        await kept.jobs.requeue(zombie, "shutdown", failures=0)
    with pytest.raises(Fenced):
        await kept.jobs.pause(zombie, Pause((QUESTION,)))


async def test_a_waiting_job_says_what_it_waits_for_and_is_not_opened(kept: Stores) -> None:
    job_id = await waiting(kept)
    job = await kept.jobs.get(job_id)

    assert (job.status, job.pause.interrupts) == ("waiting", (QUESTION,))
    assert (await told(kept, job_id))[-1]["interrupts"] == [{"id": "i1", "value": QUESTION.value}]
    with pytest.raises(LogClosed):
        await kept.jobs.open_attempt(Holder(job_id, 2, "x"))


async def test_an_answer_queues_the_job_and_is_kept(kept: Stores) -> None:
    job_id = await waiting(kept)
    await kept.jobs.resume(await kept.jobs.get(job_id), {"i1": "yes"})
    job = await kept.jobs.open_attempt(Holder(job_id, 2, "x"))

    assert job.resume_values == {"i1": "yes"}
    assert [(e["status"], e.get("reason")) for e in (await told(kept, job_id))[-2:]] == [
        ("queued", "resume"),
        ("running", "resume"),
    ]
    assert job.failures == 0


async def test_the_first_answer_wins_and_may_be_given_again(kept: Stores) -> None:
    job_id = await waiting(kept)
    asked = await kept.jobs.get(job_id)
    await kept.jobs.resume(asked, {"i1": {"a": 1, "b": 2}})
    before = await kept.kept(job_id)

    await kept.jobs.resume(asked, {"i1": {"b": 2, "a": 1}})
    with pytest.raises(NotWaiting):
        await kept.jobs.resume(asked, {"i1": "no"})
    assert await kept.kept(job_id) == before


async def asked_again(kept: Stores) -> tuple[Job, Job]:
    """One job as it waited first, and as it waits for the next thing, the first being answered."""
    job_id = await waiting(kept)
    first = await kept.jobs.get(job_id)
    await kept.jobs.resume(first, {"i1": "yes"})
    again = Holder(job_id, 2, "second")
    await kept.jobs.open_attempt(again)
    await kept.jobs.pause(again, Pause((QUESTION,)))
    return first, await kept.jobs.get(job_id)


async def test_a_repeat_is_known_while_the_job_waits_for_the_next_thing(kept: Stores) -> None:
    first, _ = await asked_again(kept)
    before = await kept.kept(first.id)

    await kept.jobs.resume(first, {"i1": "yes"})
    with pytest.raises(NotWaiting):
        await kept.jobs.resume(first, {"i1": "no"})
    assert await kept.kept(first.id) == before


async def test_the_same_words_to_the_next_question_are_an_answer_of_their_own(kept: Stores) -> None:
    _, now = await asked_again(kept)
    await kept.jobs.resume(now, {"i1": "yes"})
    job = await kept.jobs.get(now.id)

    assert (job.status, job.resume_values, job.resumed_after) == ("queued", {"i1": "yes"}, now.seq)


async def test_a_stop_without_a_question_is_resumed_once(kept: Stores) -> None:
    holder = await kept.running()
    await kept.jobs.pause(holder, Pause(next=("send",)))
    stopped = await kept.jobs.get(holder.job_id)
    for _ in range(2):
        await kept.jobs.resume(stopped, {})
    job = await kept.jobs.get(holder.job_id)

    assert (stopped.stop, job.stop) == (3, None)
    assert (job.status, job.seq, job.resume_values, job.resumed_after) == ("queued", 4, {}, 3)


async def test_a_job_that_never_asked_takes_no_answer(kept: Stores) -> None:
    holder = await kept.running()

    with pytest.raises(NotWaiting):
        await kept.jobs.resume(await kept.jobs.get(holder.job_id), {"i1": "yes"})


async def test_a_record_of_the_first_version_is_read_with_defaults(kept: Stores) -> None:
    job_id = new_job_id()
    await kept.jobs.create(job_id, "tenant", request(value=1))
    stored = decode((await kept.fields(job_id))["request"])

    assert stored.keys().isdisjoint({"interrupt_before", "interrupt_after", "context"})
    job = await kept.jobs.get(job_id)
    assert (job.request.interrupt_before, job.request.context) == ((), None)


async def test_cancelling_a_queued_job_closes_it_under_a_raised_fence(kept: Stores) -> None:
    job_id = await kept.queued()

    assert (await kept.jobs.cancel(job_id)).status == "cancelled"
    job = await kept.jobs.get(job_id)
    assert (job.status, job.attempt, job.seq) == ("cancelled", 1, 2)
    assert (await told(kept, job_id))[-1] == {"status": "cancelled"}
    assert not await kept.is_listed_open(job_id)


async def test_a_worker_does_not_open_what_was_cancelled_in_the_queue(kept: Stores) -> None:
    job_id = await kept.queued()
    await kept.jobs.cancel(job_id)
    before = await kept.kept(job_id)

    for attempt in (1, 2):
        with pytest.raises(LogClosed):
            await kept.jobs.open_attempt(Holder(job_id, attempt, "x"))
    assert await kept.kept(job_id) == before


async def test_cancelling_a_waiting_job_closes_it(kept: Stores) -> None:
    job_id = await waiting(kept)

    assert (await kept.jobs.cancel(job_id)).status == "cancelled"
    assert (await told(kept, job_id))[-1] == {"status": "cancelled"}


async def test_cancelling_a_running_job_leaves_its_log_to_the_holder(kept: Stores) -> None:
    holder = await kept.running()
    before = await kept.events(holder.job_id)

    assert (await kept.jobs.cancel(holder.job_id)).status == "running"
    assert await kept.events(holder.job_id) == before
    await kept.log.append(holder, 3, [custom("still here")])
    await kept.log.close(holder, 4, "cancelled")
    assert (await kept.jobs.get(holder.job_id)).status == "cancelled"


async def test_a_cancelled_running_job_goes_neither_back_nor_to_sleep(kept: Stores) -> None:
    holder = await kept.running()
    await kept.jobs.cancel(holder.job_id)
    before = await kept.kept(holder.job_id)

    with pytest.raises(CancelRequested):
        await kept.jobs.requeue(holder, "retry", failures=1)
    with pytest.raises(CancelRequested):
        await kept.jobs.pause(holder, Pause((QUESTION,)))
    assert await kept.kept(holder.job_id) == before


async def test_a_cancelled_job_whose_worker_was_lost_ends_at_the_next_opening(
    kept: Stores,
) -> None:
    holder = await kept.running()
    await kept.jobs.cancel(holder.job_id)

    with pytest.raises(LogClosed):
        await kept.jobs.open_attempt(successor(holder))
    assert (await told(kept, holder.job_id))[-1] == {"status": "cancelled"}


@pytest.mark.parametrize("state", ["queued", "running", "ended"])
async def test_cancelling_again_changes_nothing(kept: Stores, state: str) -> None:
    holder = await kept.running() if state != "queued" else Holder(await kept.queued(), 0, "")
    if state == "ended":
        await kept.log.close(holder, 3, "succeeded")
    first = (await kept.jobs.cancel(holder.job_id)).status
    before = await kept.kept(holder.job_id)

    assert (await kept.jobs.cancel(holder.job_id)).status == first
    assert await kept.kept(holder.job_id) == before


async def test_a_pause_whose_reply_was_lost_may_be_repeated_when_it_has_been_answered(
    kept: Stores,
) -> None:
    holder = await kept.running()
    await kept.jobs.pause(holder, Pause((QUESTION,)))
    await kept.jobs.resume(await kept.jobs.get(holder.job_id), {"i1": True})
    before = await kept.kept(holder.job_id)

    await kept.jobs.pause(holder, Pause((QUESTION,)))
    assert await kept.kept(holder.job_id) == before


async def test_closing_over_the_holders_head_fences_it(kept: Stores) -> None:
    holder = await kept.running()
    assert (await kept.jobs.close_over(holder.job_id, "failed", error=GIVEN_UP)).status == "failed"
    before = await kept.kept(holder.job_id)

    with pytest.raises(LogClosed):
        await kept.log.append(holder, 3, [custom("late")])
    assert (await kept.jobs.close_over(holder.job_id, "cancelled")).status == "failed"
    assert await kept.kept(holder.job_id) == before
    assert (await kept.jobs.get(holder.job_id)).error == GIVEN_UP


async def test_an_evicted_attempt_ends_its_job(kept: Stores) -> None:
    holder = await kept.running()
    for _ in range(2):
        assert (await kept.jobs.evict(holder, GIVEN_UP)).status == "failed"
    assert (await kept.jobs.get(holder.job_id)).error == GIVEN_UP


@pytest.mark.parametrize("ended_by", ["successor", "question", "answer", "retry"])
async def test_evicting_an_attempt_that_has_ended_leaves_its_job_alone(
    kept: Stores, ended_by: str
) -> None:
    holder = await kept.running()
    if ended_by == "successor":
        await kept.jobs.open_attempt(successor(holder))
    elif ended_by == "retry":
        await kept.jobs.requeue(holder, "retry", failures=1)
    else:
        await kept.jobs.pause(holder, Pause((QUESTION,)))
    if ended_by == "answer":
        await kept.jobs.resume(await kept.jobs.get(holder.job_id), {"i1": True})
    before = await kept.kept(holder.job_id)

    with pytest.raises(Fenced):
        await kept.jobs.evict(holder, GIVEN_UP)
    assert await kept.kept(holder.job_id) == before


async def test_only_a_record_that_would_be_forgotten_expires(kept: Stores) -> None:
    job_id = await kept.queued()
    with pytest.raises(Fenced):
        await kept.jobs.expire(job_id, 90_000, GIVEN_UP)
    assert (await kept.jobs.get(job_id)).status == "queued"

    assert (await kept.jobs.expire(job_id, 101_000, GIVEN_UP)).status == "failed"


async def test_a_writer_goes_on_above_every_number_that_it_ever_sent(kept: Stores) -> None:
    holder = await kept.running()
    # The store has numbers 1 and 2 alone; the writer remembers to have sent 3 to 9.
    job = await kept.jobs.open_attempt(holder, floor=9)

    assert job.seq == 10
    assert [e.seq for e in await kept.events(job.id)] == [1, 2, 10]
    assert (await told(kept, job.id))[-1]["reason"] == "store_lost"
    assert await kept.log.append(holder, 11, [custom("on")]) == 11


async def test_reopening_above_a_floor_again_changes_nothing(kept: Stores) -> None:
    holder = await kept.running()
    await kept.jobs.open_attempt(holder, floor=9)
    before = await kept.kept(holder.job_id)

    assert (await kept.jobs.open_attempt(holder, floor=9)).seq == 10
    assert await kept.kept(holder.job_id) == before


async def test_an_older_attempt_does_not_reopen_above_a_floor(kept: Stores) -> None:
    holder = await kept.running()
    await kept.jobs.open_attempt(successor(holder))

    with pytest.raises(Fenced):
        await kept.jobs.open_attempt(holder, floor=9)


async def test_a_rival_does_not_reopen_the_attempt_of_another(kept: Stores) -> None:
    holder = await kept.running()

    with pytest.raises(Fenced):
        await kept.jobs.open_attempt(replace(holder, token="rival"), floor=9)


async def test_an_open_jobs_keys_live_as_long_as_is_set_and_every_write_renews_them(
    kept: Stores, redis: Redis
) -> None:
    holder = Holder(await kept.queued(), 1, "x")
    again = successor(holder)
    writes: list[Callable[[], Awaitable[object]]] = [
        lambda: kept.jobs.open_attempt(holder),
        lambda: kept.jobs.requeue(holder, "shutdown", failures=0),
        lambda: kept.jobs.open_attempt(again),
        lambda: kept.jobs.pause(again, Pause((QUESTION,))),
    ]
    assert min(await kept.ttls_ms(holder.job_id)) > 95_000

    for write in writes:
        for key in (keys.job(holder.job_id), keys.log(holder.job_id)):
            await cast("Any", redis).pexpire(key, 5000)
        await write()
        assert min(await kept.ttls_ms(holder.job_id)) > 95_000
        assert max(await kept.ttls_ms(holder.job_id)) <= 100_000


async def test_a_job_closed_in_the_queue_lives_on_as_one_closed_by_its_holder(
    kept: Stores,
) -> None:
    job_id = await kept.queued()
    await kept.jobs.cancel(job_id)
    record_ms, log_ms = await kept.ttls_ms(job_id)

    assert 45_000 < record_ms <= 50_000
    assert 15_000 < log_ms <= 20_000


async def test_invariant_16_every_key_has_a_ttl_or_is_on_the_permanent_list(
    kept: Stores, redis: Redis
) -> None:
    holder = await kept.running()
    await kept.log.append(holder, 3, [custom("a")])
    await kept.log.close(await kept.running(), 3, "failed")
    await kept.jobs.cancel(await kept.queued())
    await waiting(kept)

    found = [cast("bytes", key) async for key in cast("Any", redis).scan_iter()]
    ttls = [await cast("Any", redis).pttl(key) for key in found]
    lasting = {key.decode() for key, ttl in zip(found, ttls, strict=True) if ttl < 0}
    assert len(found) > len(lasting)
    assert [key for key in lasting if not keys.PERMANENT.fullmatch(key)] == []
