"""What a stream does when it can't simply go on: age, gaps, numbers that the store forgot, loss."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

import orjson
import pytest

from tailrace.api.settings import ApiSettings
from tailrace.deploy.local.store import EmbeddedStore
from tailrace.shared.errors import LogClosed
from tailrace.shared.jobs import FinalStatus
from tailrace.shared.process.tasks import cancel_and_wait
from tailrace.shared.redis import keys
from tests.support.service import Api, Logs, serving, writing
from tests.support.store import embedded_store
from tests.support.wire import Exchange, ask, asking

FINAL_STATUSES: tuple[FinalStatus, ...] = ("succeeded", "failed", "cancelled")
COME_BACK = re.compile(rb"retry: (\d+)\n")


def assert_sent_away(exchange: Exchange, body: bytes) -> None:
    """The body's last line asks for a reconnect in 1 to 3 s, and the body is cut."""
    match = COME_BACK.fullmatch(body)
    assert match, body
    assert 1000 <= int(match[1]) <= 3000
    assert exchange.ending == "cut"


async def test_a_stream_is_cut_dirty_at_its_age(store_url: str, logs: Logs):
    job = await logs.opened()
    aged = ApiSettings(redis_url=store_url, connection_age_s=1, heartbeat_s=0.2)
    async with serving(aged) as api:
        exchange = await ask(api.port, "GET", job.events_path)
    assert exchange.ending == "cut"
    assert exchange.frames == await job.frames()


async def test_a_trimmed_log_begins_with_a_gap(api: Api, logs: Logs):
    job = await logs.ended(1, 2, 3)
    await logs.store.xtrim(keys.log(job.job_id), minid="4-0", approximate=False)
    gap = b'event: gap\ndata: {"from":1,"to":3,"reason":"trimmed"}\nid: 3\n\n'
    assert (await ask(api.port, "GET", job.events_path)).frames == gap + await job.frames(after=3)
    later = await ask(api.port, "GET", job.events_path, "Last-Event-ID: 3")
    assert later.frames == await job.frames(after=3)


async def test_a_hole_in_a_log_is_announced_where_it_is(api: Api, logs: Logs):
    job = await logs.ended(1, 2, 3)
    before = await job.frames()
    await logs.store.xdel(keys.log(job.job_id), "3-0", "4-0")
    exchange = await ask(api.port, "GET", job.events_path)
    head, _, rest = before.partition(b'event: custom\ndata: {"ns":[],"data":1}')
    gap = b'event: gap\ndata: {"from":3,"to":4,"reason":"trimmed"}\nid: 4\n\n'
    assert exchange.body == head + gap + rest.partition(b"id: 4\n\n")[2]


async def test_a_cursor_beyond_an_open_log_gets_a_gap_and_goes_on_above_it(api: Api, logs: Logs):
    job = await logs.opened()
    async with asking(api.port, "GET", job.events_path, "Last-Event-ID: 5") as exchange:
        gap = b'event: gap\ndata: {"from":3,"to":5,"reason":"lost"}\nid: 5\n\n'
        assert await exchange.until(b"\n\n") == gap
        await job.append("three", "four", "five", "six")
        await exchange.until(b"id: 6\n\n")
        await job.close()
        await exchange.rest()
    assert exchange.frames == gap + await job.frames(after=5)
    assert exchange.ending == "clean"


async def test_the_end_comes_even_below_the_cursor(api: Api, logs: Logs):
    job = await logs.opened()
    async with asking(api.port, "GET", job.events_path, "Last-Event-ID: 1000") as exchange:
        await exchange.until(b"event: gap\n")
        await job.close()
        await exchange.rest()
    assert exchange.body.endswith(await job.frames(after=2))
    assert exchange.ending == "clean"


async def test_a_listener_beyond_a_busy_log_still_hears_heartbeats(api: Api, logs: Logs):
    job = await logs.opened()
    beyond = asking(api.port, "GET", job.events_path, "Last-Event-ID: 1000000")
    async with beyond as far, asking(api.port, "GET", job.events_path) as near:
        await far.until(b"event: gap\n")

        async def keep_busy() -> None:
            while True:
                await job.append("busy")
                await near.until(b"id: %d\n" % job.seq)

        async with asyncio.TaskGroup() as tasks:
            busy = tasks.create_task(keep_busy())
            await far.until(b": hb\n")
            await cancel_and_wait(busy)


async def test_a_listener_whose_events_expire_is_sent_back_to_learn_it(api: Api, logs: Logs):
    job = await logs.opened()
    async with asking(api.port, "GET", job.events_path) as exchange:
        await exchange.until(b"id: 2\n\n")
        await logs.store.unlink(keys.log(job.job_id))
        ended: dict[Any, Any] = {"status": "succeeded", "seq": "9"}
        await cast("Any", logs.store).hset(keys.job(job.job_id), mapping=ended)
        await exchange.rest()
    assert exchange.ending == "cut"


async def test_a_lost_store_sends_listeners_and_newcomers_away(tmp_path: Path):
    with embedded_store(tmp_path / "store") as store:
        async with alone(store) as (api, logs):
            job = await logs.opened()
            async with asking(api.port, "GET", job.events_path) as exchange:
                await exchange.until(b"id: 2\n\n")
                store.kill()
                await exchange.rest()
            newcomer = await ask(api.port, "GET", job.events_path)
            store.start()
            told = exchange.frames
            assert_sent_away(exchange, told.removeprefix(await job.frames()))
            assert newcomer.head.status == 200
            assert newcomer.head.one("content-type") == "text/event-stream"
            assert_sent_away(newcomer, newcomer.body)


async def test_a_frozen_store_sends_newcomers_away_within_seconds(tmp_path: Path):
    with embedded_store(tmp_path / "store") as store:
        async with alone(store) as (api, logs):
            job = await logs.opened()
            os.killpg(store.pid, signal.SIGSTOP)
            try:
                exchange = await ask(api.port, "GET", job.events_path)
            finally:
                os.killpg(store.pid, signal.SIGCONT)
            assert exchange.head.status == 200
            assert_sent_away(exchange, exchange.body)


async def test_a_store_that_changes_its_role_stops_no_listener_for_good(tmp_path: Path):
    with embedded_store(tmp_path / "store") as store:
        async with alone(store) as (api, logs):
            job = await logs.opened()
            async with asking(api.port, "GET", job.events_path) as exchange:
                await exchange.until(b": hb\n")
                # Whoever blocks on a server at that moment is thrown out.
                await logs.store.execute_command("REPLICAOF", "127.0.0.1", "1")
            await logs.store.execute_command("REPLICAOF", "NO", "ONE")
            async with asking(api.port, "GET", job.events_path) as again:
                await again.until(b": hb\n")
                await job.append("still relayed")
                await again.until(b"still relayed")


async def test_invariant_12_replicas_serve_equal_bytes(store_url: str, logs: Logs):
    job = await logs.opened()
    settings_ = ApiSettings(redis_url=store_url)
    async with serving(settings_) as one, serving(settings_) as other:
        streams = [asking(api.port, "GET", job.events_path) for api in (one, other, one)]
        async with streams[0] as a, streams[1] as b, streams[2] as c:
            for n in range(20):
                await job.append(n, n)
            await job.close(result=b"1")
            bodies = [await exchange.rest() for exchange in (a, b, c)]
    assert bodies == [await job.frames()] * 3


async def test_invariant_12_the_record_agrees_with_the_log(api: Api, logs: Logs):
    for status in FINAL_STATUSES:
        job = await logs.opened()
        await job.close(status)
        record = orjson.loads((await ask(api.port, "GET", f"/jobs/{job.job_id}")).body)
        end = (await ask(api.port, "GET", job.events_path)).body.rpartition(b"data: ")[2]
        assert orjson.loads(end.partition(b"\n")[0])["status"] == record["status"] == status


async def test_invariant_04_nothing_follows_the_end(api: Api, logs: Logs):
    job = await logs.ended(1)
    with pytest.raises(LogClosed):
        await job.append("late")
    exchange = await ask(api.port, "GET", job.events_path)
    assert exchange.body.endswith(b"retry: 86400000\nid: %d\n\n" % job.seq)
    assert exchange.ending == "clean"
    again = await ask(api.port, "GET", job.events_path, f"Last-Event-ID: {job.seq}")
    assert again.head.status == 204


async def test_invariant_10_an_accepted_job_is_known_at_every_replica(store_url: str, logs: Logs):
    await logs.announce()
    settings_ = ApiSettings(redis_url=store_url)
    async with serving(settings_) as one, serving(settings_) as other:
        for _ in range(10):
            body = b'{"graph":"any","input":{}}'
            accepted = await ask(
                one.port, "POST", "/jobs", "Content-Type: application/json", body=body
            )
            assert accepted.head.status == 202
            place = accepted.head.one("location")
            for api in (one, other):
                assert (await ask(api.port, "GET", place)).head.status == 200
                async with asking(api.port, "GET", f"{place}/events") as events:
                    assert events.head.status == 200


@asynccontextmanager
async def alone(store: EmbeddedStore) -> AsyncGenerator[tuple[Api, Logs]]:
    """An API and a writer on a store that the test may hurt."""
    hurried = ApiSettings(redis_url=store.url, heartbeat_s=0.2)
    async with writing(store.url) as logs, serving(hurried) as api:
        yield api, logs
