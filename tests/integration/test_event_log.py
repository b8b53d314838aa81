import asyncio
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.asyncio import Redis

from tailrace.shared.errors import (
    Fenced,
    JobNotFound,
    LogClosed,
    SequenceHole,
    SequenceTaken,
    WriteRefused,
)
from tailrace.shared.events import Event, LoggedEvent, decode, encode
from tailrace.shared.jobs import FINAL, FinalStatus, Holder, JobError, JobId, new_job_id
from tailrace.shared.log_store.events.event_log import PAGE
from tailrace.shared.redis import keys
from tests.support.jobs import Stores, custom, stores

RIVAL = "rival"
SETTINGS = {"open_ttl_s": 100.0, "events_ttl_s": 20.0, "retention_s": 50.0}


@pytest.fixture
def kept(redis: Redis) -> Stores:
    return stores(redis, **SETTINGS)


def batch(*values: Any) -> list[Event]:
    return [custom(value) for value in values]


async def test_invariant_03_numbers_are_dense_and_never_reused(kept: Stores) -> None:
    holder = await kept.running()
    assert await kept.log.append(holder, 3, batch("a")) == 3
    assert await kept.log.append(holder, 4, batch("b", "c")) == 5
    before = await kept.events(holder.job_id)

    successor = Holder(holder.job_id, 2, RIVAL)
    await kept.jobs.open_attempt(successor)
    await kept.log.append(successor, 7, batch("d"))
    await kept.log.close(successor, 8, "succeeded", result=b"1")

    after = await kept.events(holder.job_id)
    assert [event.seq for event in after] == list(range(1, 9))
    assert after[: len(before)] == before


async def test_an_event_is_read_as_it_was_written(kept: Stores) -> None:
    holder = await kept.running()
    await kept.log.append(holder, 3, [Event("messages", b'{"a": "\xc3\xa9"}')])

    assert await kept.log.read(holder.job_id, after=2) == [
        LoggedEvent(3, "messages", b'{"a": "\xc3\xa9"}')
    ]


async def test_a_batch_is_stored_whole(kept: Stores) -> None:
    holder = await kept.running()

    assert await kept.log.append(holder, 3, batch(*range(1000))) == 1002
    assert [decode(e.data)["data"] for e in (await kept.events(holder.job_id))[2:]] == list(
        range(1000)
    )


async def test_reading_begins_behind_a_number_and_comes_in_pages(kept: Stores) -> None:
    holder = await kept.running()
    await kept.log.append(holder, 3, batch(*range(PAGE + 10)))

    assert [e.seq for e in await kept.log.read(holder.job_id, after=5, limit=2)] == [6, 7]
    assert len(await kept.log.read(holder.job_id, after=0)) == PAGE
    assert await kept.log.read(holder.job_id, after=PAGE + 12) == []


async def test_a_log_that_is_not_there_is_empty(kept: Stores) -> None:
    assert await kept.log.read(new_job_id(), after=0) == []


async def test_a_repeated_append_stores_nothing_twice(kept: Stores) -> None:
    holder = await kept.running()
    first = await kept.log.append(holder, 3, batch("a", "b"))
    before = await kept.kept(holder.job_id)

    assert await kept.log.append(holder, 3, batch("a", "b")) == first
    assert await kept.kept(holder.job_id) == before


async def test_a_repeated_close_stores_nothing_twice(kept: Stores) -> None:
    holder = await kept.running()
    await kept.log.close(holder, 3, "succeeded", result=b"[1]")
    before = await kept.kept(holder.job_id)

    await kept.log.close(holder, 3, "succeeded", result=b"[1]")
    assert await kept.kept(holder.job_id) == before


async def test_a_repeated_close_stays_what_it_was_when_a_cancel_comes_between(kept: Stores) -> None:
    holder = await kept.running()
    await kept.log.close(holder, 3, "succeeded", result=b"[1]")
    assert (await kept.jobs.cancel(holder.job_id)).status == "succeeded"

    await kept.log.close(holder, 3, "succeeded", result=b"[1]")
    assert (await kept.jobs.get(holder.job_id)).status == "succeeded"


async def refused(kept: Stores, error: type[Exception], holder: Holder, first_seq: int) -> None:
    """Both kinds of write are refused with the error, and nothing of them is stored."""
    before = await kept.kept(holder.job_id)
    with pytest.raises(error):
        await kept.log.append(holder, first_seq, batch("x"))
    with pytest.raises(error):
        await kept.log.close(holder, first_seq, "failed", error=JobError("internal", "x"))
    assert await kept.kept(holder.job_id) == before


async def test_invariant_05_a_zombie_adds_nothing_once_its_successor_has_opened(
    kept: Stores,
) -> None:
    zombie = await kept.running()
    await kept.jobs.open_attempt(Holder(zombie.job_id, 2, RIVAL))

    await refused(kept, Fenced, zombie, 4)


async def test_a_refusal_names_the_attempt_that_holds_the_log(kept: Stores) -> None:
    zombie = await kept.running()
    await kept.jobs.open_attempt(Holder(zombie.job_id, 7, RIVAL))

    with pytest.raises(Fenced) as caught:
        await kept.log.append(zombie, 4, batch("x"))
    assert caught.value.at == 7


async def test_an_attempt_that_has_not_opened_the_log_writes_nothing(kept: Stores) -> None:
    holder = await kept.running()

    await refused(kept, WriteRefused, Holder(holder.job_id, 2, RIVAL), 3)


async def test_a_job_that_nobody_has_opened_takes_no_events(kept: Stores) -> None:
    job_id = await kept.queued()

    await refused(kept, WriteRefused, Holder(job_id, 0, "x"), 2)
    await refused(kept, WriteRefused, Holder(job_id, 1, "x"), 2)


async def test_a_hole_is_refused(kept: Stores) -> None:
    await refused(kept, SequenceHole, await kept.running(), 4)


@pytest.mark.parametrize("first_seq", [1, 2, 3])
async def test_numbers_in_use_under_another_token_are_refused(kept: Stores, first_seq: int) -> None:
    holder = await kept.running()
    await kept.log.append(holder, 3, batch("a"))

    await refused(kept, SequenceTaken, replace(holder, token=RIVAL), first_seq)


async def test_the_next_number_under_another_token_is_refused(kept: Stores) -> None:
    holder = await kept.running()

    await refused(kept, SequenceTaken, replace(holder, token=RIVAL), 3)


async def test_a_batch_that_begins_within_the_log_is_refused(kept: Stores) -> None:
    holder = await kept.running()
    await kept.log.append(holder, 3, batch("a"))

    with pytest.raises(SequenceTaken):
        await kept.log.append(holder, 3, batch("a", "b"))


@pytest.mark.parametrize("status", sorted(FINAL))
async def test_invariant_04_nothing_follows_end(kept: Stores, status: FinalStatus) -> None:
    holder = await kept.running()
    await kept.log.close(holder, 3, status)

    await refused(kept, LogClosed, holder, 4)
    await refused(kept, LogClosed, replace(holder, attempt=9, token=RIVAL), 4)
    assert [e.name for e in await kept.events(holder.job_id)].count("end") == 1


async def test_a_job_that_is_not_there_takes_nothing(kept: Stores) -> None:
    holder = Holder(new_job_id(), 1, "x")

    await refused(kept, JobNotFound, holder, 1)
    assert await kept.kept(holder.job_id) == ({}, [])


async def test_close_writes_end_status_and_result(kept: Stores) -> None:
    holder = await kept.running()
    await kept.log.close(holder, 3, "succeeded", result=b'{"a":[1]}')
    job = await kept.jobs.get(holder.job_id)

    assert (job.status, job.seq, job.result, job.error) == ("succeeded", 3, b'{"a":[1]}', None)
    assert job.ended_at
    assert (await kept.events(holder.job_id))[-1] == LoggedEvent(
        3, "end", b'{"status":"succeeded","result":{"a":[1]}}'
    )


async def test_close_writes_the_error(kept: Stores) -> None:
    holder = await kept.running()
    error = JobError("timeout", "Too long.", retryable=True)
    await kept.log.close(holder, 3, "failed", error=error)

    assert (await kept.jobs.get(holder.job_id)).error == error
    assert decode((await kept.events(holder.job_id))[-1].data)["error"] == {
        "type": "timeout",
        "detail": "Too long.",
        "retryable": True,
    }


async def test_an_open_job_is_listed_until_its_end(kept: Stores) -> None:
    holder = await kept.running()
    assert await kept.is_listed_open(holder.job_id)

    await kept.log.close(holder, 3, "failed")
    assert not await kept.is_listed_open(holder.job_id)


async def test_invariant_12_status_and_log_agree_at_every_moment(
    kept: Stores, store_url: str
) -> None:
    holders = [await kept.running() for _ in range(30)]
    written = asyncio.Event()
    seen: set[bool] = set()

    async def look() -> None:
        async with Redis.from_url(store_url) as reader:
            while not written.is_set():
                for holder in holders:
                    seen.add(await _end_seen(reader, holder.job_id))

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(look())
        for holder in holders:
            for n in range(5):
                await kept.log.append(holder, 3 + n, batch(n))
            await kept.log.close(holder, 8, "succeeded", result=b"1")
        written.set()
    assert seen == {False, True}


async def _end_seen(reader: Redis, job_id: JobId) -> bool:
    """Whether the job has ended, as record and log say in one moment."""
    async with reader.pipeline(transaction=True) as pipe:
        cast("Any", pipe).hmget(keys.job(job_id), "status", "seq", "result")
        cast("Any", pipe).xrevrange(keys.log(job_id), count=1)
        (status, seq, result), [(last, entry)] = await pipe.execute()
    assert last == seq + b"-0"
    assert (status == b"succeeded") == (entry[b"e"] == b"end") == (result is not None)
    return status == b"succeeded"


async def test_every_write_renews_the_life_of_record_and_log(kept: Stores, redis: Redis) -> None:
    holder = await kept.running()
    for key in (keys.job(holder.job_id), keys.log(holder.job_id)):
        await cast("Any", redis).pexpire(key, 5000)
    await kept.log.append(holder, 3, batch("a"))

    assert min(await kept.ttls_ms(holder.job_id)) > 95_000


async def test_behind_the_end_events_and_record_live_as_long_as_each_is_set(kept: Stores) -> None:
    holder = await kept.running()
    await kept.log.close(holder, 3, "succeeded", result=b"1")
    record_ms, log_ms = await kept.ttls_ms(holder.job_id)

    assert 45_000 < record_ms <= 50_000
    assert 15_000 < log_ms <= 20_000


async def test_a_repeat_behind_the_end_does_not_lengthen_any_life(
    kept: Stores, redis: Redis
) -> None:
    holder = await kept.running()
    await kept.log.close(holder, 3, "succeeded")
    for key in (keys.job(holder.job_id), keys.log(holder.job_id)):
        await cast("Any", redis).pexpire(key, 5000)
    await kept.log.close(holder, 3, "succeeded")

    assert max(await kept.ttls_ms(holder.job_id)) <= 5000


@dataclass
class Writer:
    """A worker as the store sees one: it numbers what it believes to come next."""

    holder: Holder
    last_seq: int = 0
    sent: int = 0
    repeat: Any = None


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["open", "append", "append", "repeat", "close", "requeue", "cancel"]),
        st.sampled_from([0, 1]),
        st.integers(1, 3),
    ),
    max_size=25,
)


@dataclass
class Rivals:
    """Two writers at one job, and what the log held after each of their steps."""

    kept: Stores
    job_id: JobId
    writers: list[Writer] = field(default_factory=list[Writer])
    log: list[LoggedEvent] = field(default_factory=list[LoggedEvent])

    async def step(self, action: str, number: int, size: int) -> None:
        writer = self.writers[number]
        try:
            await getattr(self, action)(writer, size)
        except WriteRefused:
            # An open closes a job that has failed too often, and then refuses.
            wrote = await self.kept.events(self.job_id) != self.log
            assert action == "open" or not wrote, "a refused call wrote"
        await self.check()

    async def open(self, writer: Writer, size: int) -> None:
        holder = replace(writer.holder, attempt=writer.holder.attempt + size)
        writer.last_seq = (await self.kept.jobs.open_attempt(holder)).seq
        writer.holder = holder
        writer.repeat = None

    async def append(self, writer: Writer, size: int) -> None:
        holder, first = writer.holder, writer.last_seq + 1
        events = [custom([holder.token, writer.sent + n]) for n in range(size)]
        writer.sent += size
        writer.repeat = lambda: self.kept.log.append(holder, first, events)
        writer.last_seq = await writer.repeat()
        stored = (await self.kept.events(self.job_id))[first - 1 : writer.last_seq]
        assert [e.data for e in stored] == [e.data for e in events], "taken, but not stored"

    async def close(self, writer: Writer, size: int) -> None:
        holder, seq = writer.holder, writer.last_seq + 1
        status: FinalStatus = "succeeded" if size == 1 else "failed"
        writer.repeat = lambda: self.kept.log.close(holder, seq, status)
        await writer.repeat()
        assert (await self.kept.events(self.job_id))[-1].name == "end", "taken, but not closed"

    async def requeue(self, writer: Writer, _: int) -> None:
        await self.kept.jobs.requeue(writer.holder, "shutdown", failures=0)

    async def repeat(self, writer: Writer, _: int) -> None:
        if writer.repeat is not None:
            await writer.repeat()
            assert await self.kept.events(self.job_id) == self.log, "a repeat wrote"

    async def cancel(self, *_: object) -> None:
        await self.kept.jobs.cancel(self.job_id)

    async def check(self) -> None:
        before, self.log = self.log, await self.kept.events(self.job_id)
        job = await self.kept.jobs.get(self.job_id)
        names = [event.name for event in self.log]
        last = next(e for e in reversed(self.log) if e.name in ("status", "end"))

        assert self.log[: len(before)] == before
        assert [event.seq for event in self.log] == list(range(1, job.seq + 1))
        assert "end" not in names[:-1]
        assert decode(last.data)["status"] == job.status
        assert (names[-1] == "end") == job.ended
        assert await self.kept.is_listed_open(self.job_id) == (not job.ended)
        payloads = [event.data for event in self.log if event.name == "custom"]
        assert len(payloads) == len(set(payloads))


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(steps=STEPS)
async def test_invariants_03_04_05_12_hold_whatever_two_rival_writers_do(
    kept: Stores, steps: list[tuple[str, int, int]]
) -> None:
    job_id = await kept.queued()
    rivals = Rivals(kept, job_id)
    rivals.writers = [Writer(Holder(job_id, 0, token)) for token in ("one", "two")]

    await rivals.check()
    for action, number, size in steps:
        await rivals.step(action, number, size)


async def test_success_of_an_append_means_that_its_events_are_stored(kept: Stores) -> None:
    holder = await kept.running()
    await kept.jobs.requeue(holder, "shutdown", failures=0)

    # The store gave number 3 to the status; what the holder would have sent as 3 is not there.
    with pytest.raises(WriteRefused):
        await kept.log.append(holder, 3, batch("a"))


async def test_success_of_a_close_means_that_the_log_is_closed(kept: Stores) -> None:
    holder = await kept.running()
    await kept.jobs.requeue(holder, "shutdown", failures=0)

    with pytest.raises(WriteRefused):
        await kept.log.close(holder, 3, "succeeded", result=encode(1))
