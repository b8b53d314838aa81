"""The shared readers at the ends of many logs: prompt for all, still when nobody is there."""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis

from tailrace.api.relay.channel import Channel
from tailrace.api.relay.frames import EVENT_STREAM
from tailrace.api.relay.listener import Listener
from tailrace.api.relay.tail import LOGS_A_READ, Lane, Tail
from tailrace.shared.log_store.events.log_reader import BLOCK_S, LogReader
from tailrace.shared.process.tasks import cancel_and_wait
from tailrace.shared.redis.connection import Client, connect
from tests.support.living import living
from tests.support.service import Attempt, Logs, writing
from tests.support.store import embedded_store
from tests.support.wait import wait_until

PROMPT_S = 0.75 * BLOCK_S
"""Less than a read blocks, far more than a busy machine needs."""

OF_A_MANAGED_STORE = ("on", ">pw", "~*", "&*", "+@all", "-@admin", "-client", "+client|setinfo")
"""What managed stores let their users do."""


class Heard:
    """What one listener was sent, without a socket."""

    def __init__(self, seq: int) -> None:
        self.body = b""
        self.listener = Listener(self._send, None, EVENT_STREAM, seq, ticks=1000)

    async def _send(self, message: Any) -> None:
        self.body += message["body"]

    async def hears(self, number: int) -> float:
        """Wait for an event; the moment in which it was there."""
        mark = b"\nid: %d\n" % number
        await wait_until(lambda: mark in self.body, f"event {number}")
        return time.monotonic()


@dataclass(frozen=True, slots=True)
class Tailed:
    """A tail, and listeners that are at the ends of their logs."""

    tail: Tail
    store: Client
    """The client by which the tail has its readers woken."""

    def watch(self, channel: Channel, seq: int) -> Heard:
        """Join as `Relay` has a listener join that found nothing after its number."""
        heard = Heard(seq)
        channel.window(EVENT_STREAM, seq)
        channel.tail.add(heard.listener)
        if channel.position is None:
            channel.begin(seq)
            self.tail.watch(channel)
        return heard


@asynccontextmanager
async def running_tail(store_url: str, max_connections: int = 50) -> AsyncGenerator[Tailed]:
    store = connect(store_url, max_connections=max_connections)
    tail = Tail(store, store_url)
    running = asyncio.ensure_future(tail.run())
    try:
        yield Tailed(tail, store)
    finally:
        await cancel_and_wait(running)
        await store.aclose()
    assert running.cancelled()


@pytest.fixture
async def tailed(store_url: str) -> AsyncGenerator[Tailed]:
    async with running_tail(store_url) as tailed:
        yield tailed


async def blocked(redis: Redis, readers: int = 1) -> None:
    """Wait until so many readers are blocked in the store."""

    async def they_are() -> bool:
        clients = await cast("Any", redis).info("clients")
        return clients["blocked_clients"] == readers

    await wait_until(they_are, f"{readers} blocked readers")


def leave(channel: Channel) -> None:
    """Everybody leaves, and housekeeping drops the channel."""
    channel.tail.clear()
    channel.position = None


async def said_promptly(job: Attempt, heard: Heard) -> None:
    begun = time.monotonic()
    await job.append("news")
    assert await heard.hears(job.seq) - begun < PROMPT_S


async def test_who_waits_is_sent_the_event_and_not_by_the_clock(tailed: Tailed, logs: Logs):
    job = await logs.opened()
    heard = tailed.watch(Channel(job.job_id), job.seq)
    await blocked(logs.store)
    await said_promptly(job, heard)
    assert heard.body == await job.frames(after=2)


async def test_what_was_written_before_the_first_read_comes_too(tailed: Tailed, logs: Logs):
    job = await logs.opened()
    heard = tailed.watch(Channel(job.job_id), 0)
    await heard.hears(2)
    assert heard.body == await job.frames()


async def test_who_joins_behind_a_blocked_read_does_not_wait_for_it(tailed: Tailed, logs: Logs):
    quiet = await logs.opened()
    tailed.watch(Channel(quiet.job_id), quiet.seq)
    for _ in range(10):
        job = await logs.opened()
        await blocked(logs.store)
        await said_promptly(job, tailed.watch(Channel(job.job_id), job.seq))


async def test_joins_are_as_prompt_for_a_user_who_may_not_unblock_clients(tmp_path: Path):
    with embedded_store(tmp_path / "store") as store:
        async with writing(store.url) as logs:
            redis = cast("Any", logs.store)
            await redis.execute_command("ACL", "SETUSER", "tail", *OF_A_MANAGED_STORE)
            quiet = await logs.opened()
            async with running_tail(store.url.replace("://", "://tail:pw@")) as tailed:
                tailed.watch(Channel(quiet.job_id), quiet.seq)
                for _ in range(3):
                    job = await logs.opened()
                    await blocked(logs.store)
                    await said_promptly(job, tailed.watch(Channel(job.job_id), job.seq))
            assert not await redis.acl_log()
            [wakeups] = [key async for key in redis.scan_iter("tailrace:*:wake:*")]
            assert 0 < await redis.ttl(wakeups) <= 60


async def test_a_reader_is_woken_that_is_still_on_its_way_to_the_store(
    store_url: str, logs: Logs
) -> None:
    job = await logs.opened()
    async with connect(store_url) as store:
        reader = LogReader(store, store_url)
        begun = time.monotonic()
        reading = asyncio.ensure_future(reader.read({job.job_id: job.seq}))
        await asyncio.sleep(0)
        await reader.interrupt()
        assert await reading == {}
        assert time.monotonic() - begun < PROMPT_S
        await reader.aclose()


async def test_two_on_one_log_get_the_same_bytes(tailed: Tailed, logs: Logs):
    job = await logs.opened()
    channel = Channel(job.job_id)
    one, other = tailed.watch(channel, 2), tailed.watch(channel, 2)
    await job.append("news")
    await one.hears(3)
    assert one.body == other.body == await job.frames(after=2)


async def test_logs_that_are_left_at_once_never_stop_the_loop(tailed: Tailed, logs: Logs):
    jobs = [await logs.opened() for _ in range(5)]
    for n in range(300):
        channel = Channel(jobs[n % 5].job_id)
        tailed.watch(channel, 2)
        for _ in range(n % 4):
            await asyncio.sleep(0)
        leave(channel)
    await said_promptly(jobs[0], tailed.watch(Channel(jobs[0].job_id), 2))


async def test_a_log_that_is_left_and_comes_back_is_read_for_who_came_back(
    tailed: Tailed, logs: Logs
):
    quiet, job = await logs.opened(), await logs.opened()
    tailed.watch(Channel(quiet.job_id), quiet.seq)
    for _ in range(5):
        old = Channel(job.job_id)
        gone = tailed.watch(old, job.seq)
        await blocked(logs.store)
        leave(old)
        await said_promptly(job, tailed.watch(Channel(job.job_id), job.seq))
        assert gone.body == b""


async def test_a_tail_whose_listeners_have_left_lets_the_loop_run(
    store_url: str, logs: Logs, redis: Redis
) -> None:
    quiet, other = await logs.opened(), await logs.opened()
    async with running_tail(store_url, max_connections=1) as tailed:
        channel = Channel(quiet.job_id)
        heard = tailed.watch(channel, quiet.seq)
        await blocked(redis)
        # Joins while the connection that would wake the reader is busy for a second.
        busy = asyncio.ensure_future(cast("Any", tailed.store).blpop("nothing", timeout=1))
        await blocked(redis, 2)
        behind = Channel(other.job_id)
        tailed.watch(behind, other.seq)
        await redis.ping()
        await quiet.append("the read ends by itself, and everyone leaves")
        await heard.hears(quiet.seq)
        leave(channel)
        leave(behind)
        # A tail that spins never comes back from here; pytest's timeout ends it.
        assert await busy is None


async def test_hundreds_of_listeners_hear_all_of_logs_that_grow(tailed: Tailed, logs: Logs):
    jobs = [await logs.opened() for _ in range(20)]
    channels = [Channel(job.job_id) for job in jobs]
    everyone = [tailed.watch(channels[n % 20], 2) for n in range(300)]

    async def write(job: Attempt) -> None:
        for n in range(20):
            await job.append(n)
        await job.close()

    await asyncio.gather(*map(write, jobs))
    for heard in everyone:
        await heard.hears(23)
    frames = [await job.frames(after=2) for job in jobs]
    assert [heard.body for heard in everyone] == [frames[n % 20] for n in range(300)]


async def test_nothing_is_kept_of_logs_that_ended(tailed: Tailed, logs: Logs):
    async def one_ends() -> None:
        job = await logs.opened()
        heard = tailed.watch(Channel(job.job_id), job.seq)
        await job.close()
        await heard.hears(job.seq)
        assert heard.listener.over

    for _ in range(10):
        await one_ends()
    await wait_until(lambda: not living(Channel), "the channels to be forgotten")
    assert not living(Heard)


async def test_many_logs_are_shared_by_a_few_readers(tailed: Tailed, logs: Logs):
    jobs = [await logs.opened() for _ in range(2 * LOGS_A_READ + 1)]
    everyone = [tailed.watch(Channel(job.job_id), job.seq) for job in jobs]
    await blocked(logs.store, 3)
    for job, heard in zip(jobs[::40], everyone[::40], strict=True):
        await said_promptly(job, heard)
    assert len(living(Lane)) == 3


async def test_a_reader_with_more_logs_than_one_read_takes_goes_round(
    store_url: str, logs: Logs, redis: Redis
):
    jobs = [await logs.opened() for _ in range(2 * LOGS_A_READ + 1)]
    channels = [Channel(job.job_id) for job in jobs]
    everyone = [Heard(job.seq) for job in jobs]
    store = connect(store_url)
    lane = Lane(LogReader(store, store_url))
    for channel, heard in zip(channels, everyone, strict=True):
        channel.window(EVENT_STREAM, 2)
        channel.tail.add(heard.listener)
        channel.begin(2)
        lane.watch(channel)
    async with cast("Any", redis).monitor() as monitor:
        running = asyncio.ensure_future(lane.run())
        for job, heard in zip(jobs[::40], everyone[::40], strict=True):
            await said_promptly(job, heard)
        assert await _logs_named(monitor, reads=15) == LOGS_A_READ
    await cancel_and_wait(running)
    await store.aclose()


async def _logs_named(monitor: Any, reads: int) -> int:
    """The most logs that one of the next reads names."""
    most = 0
    while reads:
        command: str = (await monitor.next_command())["command"]
        verb, _, names_and_numbers = command.partition(" STREAMS ")
        if verb.startswith("XREAD "):
            most = max(most, names_and_numbers.count(":log:"))
            reads -= 1
    return most


async def test_a_lost_store_sends_everyone_away_and_is_survived(tmp_path: Path):
    with embedded_store(tmp_path / "store") as store:
        async with writing(store.url) as logs, running_tail(store.url) as tailed:
            job = await logs.opened()
            channel = Channel(job.job_id)
            heard = tailed.watch(channel, job.seq)
            await blocked(logs.store)
            store.kill()
            await wait_until(lambda: heard.listener.over, "it to be sent away")
            assert heard.body.startswith(b"retry: ")
            assert (channel.position, channel.tail) == (None, set())
            store.start()
            again = tailed.watch(channel, job.seq)
            await job.append("news")
            await again.hears(job.seq)


async def test_joins_are_prompt_also_after_the_store_was_restarted_unseen(tmp_path: Path):
    with embedded_store(tmp_path / "store") as store:
        async with writing(store.url) as logs, running_tail(store.url) as tailed:
            quiet, job = await logs.opened(), await logs.opened()
            first = Channel(job.job_id)
            await tailed.watch(first, 0).hears(2)
            leave(first)
            # Nobody waits now; ids of connections begin anew in a new process.
            await blocked(logs.store, readers=0)
            store.stop()
            store.start()
            await logs.jobs.get(quiet.job_id)
            tailed.watch(Channel(quiet.job_id), quiet.seq)
            await blocked(logs.store)
            await said_promptly(job, tailed.watch(Channel(job.job_id), job.seq))
