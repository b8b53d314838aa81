"""Whose turn it is on a thread: one job at a time, in order, whatever happens to its workers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import pytest
from redis.asyncio import Redis

from tailrace.shared.errors import (
    CancelRequested,
    Fenced,
    JobNotFound,
    LineFull,
    LogClosed,
    NotItsTurn,
    NotWaiting,
    ThreadBusy,
    ThreadNotFound,
)
from tailrace.shared.jobs import Holder, Interrupt, JobId, Pause, new_job_id
from tailrace.shared.log_store.jobs.job_store import Created, OnThread
from tailrace.shared.log_store.jobs.open_jobs import OpenJobs
from tailrace.shared.redis import keys
from tailrace.shared.threads import MultitaskStrategy, ThreadId, ThreadName, new_thread_id
from tests.support.jobs import Stores, custom, request, stores

ASKS = Pause((Interrupt("i-1", "Go on?"),), ("ask",))


@dataclass
class Conversation:
    """One thread, and the jobs on it."""

    kept: Stores
    id: ThreadId

    @property
    def name(self) -> ThreadName:
        return ThreadName("tenant", self.id)

    async def post(
        self, strategy: MultitaskStrategy = "enqueue", *, joins: bool = True, exists: bool = False
    ) -> Created:
        wanted = replace(request(), thread=self.id)
        how = OnThread(strategy, must_exist=exists, joins=joins)
        return await self.kept.jobs.create(new_job_id(self.id), "tenant", wanted, how)

    async def posted(self, strategy: MultitaskStrategy = "enqueue", *, joins: bool = True) -> JobId:
        return (await self.post(strategy, joins=joins)).job.id

    async def opened(self, job_id: JobId, attempt: int = 1) -> Holder:
        holder = Holder(job_id, attempt, f"token {attempt}")
        job = await self.kept.jobs.open_attempt(holder)
        return replace(holder, thread=job.thread)

    async def end(self, holder: Holder) -> JobId | None:
        job = await self.kept.jobs.get(holder.job_id)
        return await self.kept.log.close(holder, job.seq + 1, "succeeded")

    async def status(self) -> str:
        return (await self.field("status")) or "gone"

    async def field(self, name: str) -> str | None:
        redis: Any = self.kept.redis
        value = await redis.hget(keys.of_thread(self.name)["record"], name)
        return value.decode() if value else None

    async def line(self) -> list[JobId]:
        redis: Any = self.kept.redis
        found = await redis.zrange(keys.of_thread(self.name)["line"], 0, -1)
        return [JobId(one.decode()) for one in found]

    async def index(self) -> list[tuple[int, JobId, int, int]]:
        redis: Any = self.kept.redis
        found = await redis.xrange(keys.of_thread(self.name)["log"])
        return [
            (int(n.split(b"-")[0]), JobId(e[b"j"].decode()), int(e[b"f"]), int(e[b"l"]))
            for n, e in found
        ]


@pytest.fixture
def talk(redis: Redis) -> Conversation:
    return Conversation(stores(redis), new_thread_id())


async def owed(talk: Conversation) -> Sequence[JobId]:
    return await OpenJobs(talk.kept.redis).owed(-1000)


async def test_the_first_job_is_next_and_the_others_wait_in_order(talk: Conversation) -> None:
    first = await talk.post()
    others = [await talk.post() for _ in range(3)]
    assert [first.is_next, *(other.is_next for other in others)] == [True, False, False, False]
    assert await talk.line() == [first.job.id, *(other.job.id for other in others)]
    assert await talk.status() == "busy"


async def test_a_job_that_is_not_next_is_refused_and_told_who_is(talk: Conversation) -> None:
    first, second = await talk.posted(), await talk.posted()
    with pytest.raises(NotItsTurn) as refused:
        await talk.opened(second)
    assert refused.value.before == first
    await talk.opened(first)
    with pytest.raises(NotItsTurn) as refused:
        await talk.opened(second)
    assert refused.value.before == first
    assert (await talk.kept.jobs.get(second)).status == "queued"


async def test_whoever_ends_a_job_is_told_of_the_next(talk: Conversation) -> None:
    first, second, third = [await talk.posted() for _ in range(3)]
    holder = await talk.opened(first)
    assert await talk.end(holder) == second
    assert await talk.end(await talk.opened(second)) == third
    assert await talk.end(await talk.opened(third)) is None
    assert await talk.status() == "idle"


async def test_the_turn_is_kept_over_retries_and_lost_workers(talk: Conversation) -> None:
    first, second = await talk.posted(), await talk.posted()
    holder = await talk.opened(first)
    assert await talk.kept.jobs.requeue(holder, "retry", failures=1) is None
    with pytest.raises(NotItsTurn):
        await talk.opened(second)
    await talk.opened(first, 2)
    await talk.opened(first, 3)
    with pytest.raises(NotItsTurn):
        await talk.opened(second)


async def test_a_job_that_nobody_can_run_holds_up_nobody(talk: Conversation) -> None:
    first, second = await talk.posted(), await talk.posted()
    holder = await talk.opened(first)
    following = await talk.kept.jobs.requeue(holder, "retry", failures=0, yields=True)
    assert following == second
    running = await talk.opened(second)
    with pytest.raises(NotItsTurn):
        await talk.opened(first, 2)
    assert await talk.end(running) == first


async def test_a_job_that_runs_later_joins_the_line_when_it_is_due(talk: Conversation) -> None:
    later = await talk.posted(joins=False)
    assert await talk.status() == "idle"
    first = await talk.posted()
    holder = await talk.opened(first)
    with pytest.raises(NotItsTurn):
        await talk.opened(later)
    assert await talk.line() == [later]
    assert await talk.end(holder) == later


async def test_a_frozen_holder_can_write_nothing_once_the_turn_is_lost(talk: Conversation) -> None:
    first, second = await talk.posted(), await talk.posted()
    frozen = await talk.opened(first)
    await talk.kept.jobs.close_over(first, "failed")
    await talk.opened(second)
    with pytest.raises(LogClosed):
        await talk.kept.log.append(frozen, 3, [custom("late")])


async def test_a_write_without_the_turn_is_refused(talk: Conversation) -> None:
    holder = await talk.opened(await talk.posted())
    redis: Any = talk.kept.redis
    await redis.hset(keys.of_thread(talk.name)["record"], "running", "another")
    with pytest.raises(Fenced):
        await talk.kept.log.append(holder, 3, [custom("x")])


async def test_a_busy_thread_refuses_who_wants_to_be_refused(talk: Conversation) -> None:
    first = await talk.posted("reject")
    with pytest.raises(ThreadBusy):
        await talk.posted("reject")
    holder = await talk.opened(first)
    with pytest.raises(ThreadBusy):
        await talk.posted("reject")
    await talk.end(holder)
    await talk.posted("reject")


async def test_a_refused_job_leaves_nothing(talk: Conversation) -> None:
    await talk.posted()
    redis: Any = talk.kept.redis
    before = sorted(await redis.keys())
    with pytest.raises(ThreadBusy):
        await talk.posted("reject")
    assert sorted(await redis.keys()) == before


async def test_the_line_has_an_end(redis: Redis) -> None:
    talk = Conversation(stores(redis, thread_line=2), new_thread_id())
    await talk.posted()
    await talk.posted()
    with pytest.raises(LineFull):
        await talk.posted()


async def test_a_thread_that_has_to_exist_is_not_made(talk: Conversation) -> None:
    with pytest.raises(ThreadNotFound):
        await talk.post(exists=True)
    await talk.posted()
    await talk.post(exists=True)


async def test_the_same_id_in_two_tenants_is_two_threads(talk: Conversation) -> None:
    await talk.posted()
    wanted = replace(request(), thread=talk.id)
    other = await talk.kept.jobs.create(new_job_id(talk.id), "other", wanted)
    assert other.is_next


async def test_an_interrupting_job_ends_all_that_came_before_it(talk: Conversation) -> None:
    running, waits = await talk.posted(), await talk.posted()
    holder = await talk.opened(running)
    newest = await talk.posted("interrupt")

    looked = await OpenJobs(talk.kept.redis).look([running, waits, newest])
    assert [job.cancel_requested for job in looked] == [True, True, False]
    with pytest.raises(CancelRequested):
        await talk.kept.jobs.requeue(holder, "retry", failures=1)
    assert await talk.kept.log.close(holder, 3, "cancelled") == waits
    with pytest.raises(LogClosed):
        await talk.opened(waits)
    assert (await talk.kept.jobs.get(waits)).status == "cancelled"
    assert await owed(talk) == [newest]
    await talk.opened(newest)


async def test_what_a_job_is_to_end_is_found_at_once(talk: Conversation) -> None:
    running, waits = await talk.posted(), await talk.posted()
    await talk.opened(running)
    newest = (await talk.post("interrupt")).job
    await talk.posted()
    assert await talk.kept.jobs.ahead_of(newest) == [running, waits]


async def test_a_waiting_job_gives_the_turn_away_and_is_superseded(talk: Conversation) -> None:
    asking, second = await talk.posted(), await talk.posted()
    holder = await talk.opened(asking)
    assert await talk.kept.jobs.pause(holder, ASKS) == second
    await talk.opened(second)

    ended = await talk.kept.jobs.get(asking)
    assert ended.status == "cancelled"
    assert (await talk.kept.events(asking))[-1].data == (
        b'{"status":"cancelled","reason":"superseded"}'
    )
    with pytest.raises(NotWaiting):
        await talk.kept.jobs.resume(ended, {"i-1": "yes"})
    assert await talk.status() == "busy"


async def test_a_thread_whose_job_waits_is_interrupted(talk: Conversation) -> None:
    holder = await talk.opened(await talk.posted())
    assert await talk.kept.jobs.pause(holder, ASKS) is None
    assert await talk.status() == "interrupted"
    await talk.kept.jobs.cancel(holder.job_id)
    assert await talk.status() == "idle"


async def test_a_resumed_job_is_ahead_of_the_line(talk: Conversation) -> None:
    asking = await talk.posted()
    holder = await talk.opened(asking)
    await talk.kept.jobs.pause(holder, ASKS)
    second, third = await talk.posted(), await talk.posted()
    await talk.kept.jobs.resume(await talk.kept.jobs.get(asking), {"i-1": "yes"})

    assert await talk.line() == [asking, second, third]
    with pytest.raises(NotItsTurn) as refused:
        await talk.opened(second)
    assert refused.value.before == asking
    assert await talk.end(await talk.opened(asking, 2)) == second


async def test_of_a_resume_and_a_new_job_one_wins(talk: Conversation) -> None:
    for resumes_first in (True, False):
        asking = await talk.posted()
        holder = await talk.opened(asking)
        await talk.kept.jobs.pause(holder, ASKS)
        second = await talk.posted()
        waiting = await talk.kept.jobs.get(asking)
        if resumes_first:
            await talk.kept.jobs.resume(waiting, {"i-1": "yes"})
            await talk.end(await talk.opened(asking, 2))
            await talk.end(await talk.opened(second))
        else:
            holder = await talk.opened(second)
            with pytest.raises(NotWaiting):
                await talk.kept.jobs.resume(waiting, {"i-1": "yes"})
            await talk.end(holder)
        statuses = [(await talk.kept.jobs.get(one)).status for one in (asking, second)]
        assert statuses == ["succeeded" if resumes_first else "cancelled", "succeeded"]


async def test_a_failed_job_leaves_its_thread_in_error(talk: Conversation) -> None:
    await talk.opened(await talk.posted())
    [job_id] = [await talk.field("running")]
    await talk.kept.jobs.close_over(JobId(str(job_id)), "failed")
    assert await talk.status() == "error"


async def test_the_threads_log_is_dense_and_in_the_order_of_the_writes(
    talk: Conversation,
) -> None:
    first = await talk.posted()
    holder = await talk.opened(first)
    await talk.kept.log.append(holder, 3, [custom(n) for n in range(4)])
    second = await talk.posted()
    await talk.end(holder)
    await talk.opened(second)
    assert await talk.index() == [
        (1, first, 1, 1),
        (2, first, 2, 2),
        (6, first, 3, 6),
        (7, second, 1, 1),
        (8, first, 7, 7),
        (9, second, 2, 2),
    ]


async def test_a_repeated_call_changes_nothing(talk: Conversation) -> None:
    job = (await talk.post()).job
    again = await talk.kept.jobs.create(job.id, "tenant", job.request)
    assert again.is_next
    holder = await talk.opened(job.id)
    await talk.opened(job.id)
    await talk.kept.log.append(holder, 3, [custom("x")])
    await talk.kept.log.append(holder, 3, [custom("x")])
    await talk.kept.log.close(holder, 4, "succeeded")
    await talk.kept.log.close(holder, 4, "succeeded")
    assert [entry[0] for entry in await talk.index()] == [1, 2, 3, 4]


async def test_every_key_of_a_thread_lives_no_longer_than_the_thread(talk: Conversation) -> None:
    await talk.posted()
    await talk.opened((await talk.line())[0])
    await talk.posted()
    redis: Any = talk.kept.redis
    named = keys.of_thread(talk.name)
    lives = {n: await redis.pttl(named[n]) for n in ("record", "line", "jobs", "log")}
    assert all(ms > 0 for ms in lives.values()), lives


async def test_a_job_whose_thread_is_gone_is_gone(talk: Conversation) -> None:
    job_id = await talk.posted()
    redis: Any = talk.kept.redis
    await redis.delete(keys.of_thread(talk.name)["record"])
    with pytest.raises(JobNotFound):
        await talk.opened(job_id)
