"""Slow, dead and vanishing listeners: what becomes of them, and that nobody else notices."""

import asyncio
import re
import socket
import time
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from itertools import pairwise
from typing import get_args

import pytest
from sse_starlette.sse import AppStatus

from tailrace.api.relay.channel import LARGEST_WINDOW
from tailrace.api.relay.pages import AT_ONCE
from tailrace.api.relay.window import Window
from tests.support.bare_socket import BareSocket, How, bare
from tests.support.inside import Inside, seen_inside
from tests.support.living import living, open_files
from tests.support.service import Attempt, Logs
from tests.support.wait import wait_until
from tests.support.wire import HEARTBEAT, asking

pytestmark = pytest.mark.timeout(90)

COME_BACK = re.compile(rb"retry: (\d+)\n")
STALL_S = 1.0
PATIENT_S = 60.0
"""Longer than any test: nobody is cut by it."""
SLACK_S = 10.0
"""For a machine that does much else."""
BEAT_S = 1.5
"""Long enough that a tenth of it is more than a busy machine is late."""
READERS_OF_600 = 3
FRAME = "x" * 60_000
MEGABYTE = [FRAME] * 17


async def grow(job: Attempt, megabytes: int) -> None:
    for _ in range(megabytes):
        await job.append(*MEGABYTE)


@asynccontextmanager
async def stuck(
    store_url: str, job: Attempt, stall_s: float
) -> AsyncGenerator[tuple[Inside, BareSocket]]:
    """A listener that has taken all that it can without reading, and more is there for it."""
    async with (
        seen_inside(store_url, stall_s=stall_s) as api,
        bare(api.port, job.events_path) as listener,
    ):
        await grow(job, 6)
        await api.is_stuck()
        yield api, listener


def without_heartbeats(body: bytes) -> bytes:
    return body.replace(HEARTBEAT, b"")


async def test_invariant_06_one_that_reads_nothing_holds_little_and_delays_nobody(
    store_url: str, logs: Logs
):
    job, other = await logs.opened(), await logs.opened()
    async with (
        seen_inside(store_url, stall_s=PATIENT_S) as api,
        bare(api.port, job.events_path),
        asking(api.port, "GET", job.events_path) as near,
        asking(api.port, "GET", other.events_path) as far,
    ):
        most = 0
        async with asyncio.TaskGroup() as tasks:
            reading = [tasks.create_task(exchange.rest()) for exchange in (near, far)]
            for n in range(24):
                await grow(job, 1)
                await other.append(n)
                most = max(most, api.pending)
            await job.close()
            await other.close()
        assert without_heartbeats(reading[0].result()) == await job.frames()
        assert without_heartbeats(reading[1].result()) == await other.frames()
        assert (near.ending, far.ending) == ("clean", "clean")
        # The one that reads nothing is still there, and holds no more than it may.
        await api.has_listeners(1)
        await api.is_stuck()
        assert max(most, api.pending) <= api.api.settings.max_pending_bytes


async def test_one_that_reads_nothing_delays_no_event_of_its_neighbours(store_url: str, logs: Logs):
    job = await logs.opened()
    async with (
        seen_inside(store_url, stall_s=PATIENT_S, heartbeat_s=4 * SLACK_S) as api,
        bare(api.port, job.events_path),
        asking(api.port, "GET", job.events_path) as near,
    ):
        await asyncio.gather(grow(job, 5), near.until(b"id: %d\n" % (2 + 5 * len(MEGABYTE))))
        await api.is_stuck()
        near.chunks.clear()
        delays: list[float] = []
        for n in range(20):
            begun = time.monotonic()
            await job.append(n)
            await near.until(b"id: %d\n" % job.seq)
            delays.append(time.monotonic() - begun)
        # Behind the one that is stuck it would be a second at least: its stall, or a tick.
        assert sorted(delays)[len(delays) // 2] < 0.5


async def test_one_that_reads_nothing_is_cut_after_its_time_and_not_before(
    store_url: str, logs: Logs
):
    job = await logs.opened()
    async with (
        seen_inside(store_url, stall_s=2 * STALL_S) as api,
        bare(api.port, job.events_path) as dead,
    ):
        begun = time.monotonic()
        await grow(job, 6)
        await api.is_stuck()
        await api.has_listeners(0, timeout_s=2 * STALL_S + SLACK_S)
        assert time.monotonic() - begun >= 2 * STALL_S
        await api.has_closed_all()
        assert await dead.rest() != await job.frames()
        assert dead.ending == "cut"


async def test_a_slow_reader_is_not_cut_and_gets_every_byte(store_url: str, logs: Logs):
    job = await logs.opened()
    async with stuck(store_url, job, stall_s=STALL_S) as (api, slow):
        until = time.monotonic() + 4 * STALL_S
        pending: list[int] = []
        while time.monotonic() < until:
            assert await slow.read(2048)
            pending.append(api.pending)
            await asyncio.sleep(0.05)
        # Its buffer was never empty for long: only its progress has saved it.
        assert sorted(pending)[len(pending) // 4] > 0
        await job.close()
        assert without_heartbeats(await slow.rest()) == await job.frames()
        assert slow.ending == "clean"


async def test_one_that_stops_for_a_while_gets_every_frame_once(store_url: str, logs: Logs):
    job = await logs.opened()
    async with stuck(store_url, job, stall_s=PATIENT_S) as (api, listener):
        for _ in range(3):
            await grow(job, 4)
            await api.is_stuck()
            before = len(listener.raw)
            while len(listener.raw) - before < 3 * 2**20:
                await listener.read(2**20)
        await job.close()
        assert without_heartbeats(await listener.rest()) == await job.frames()
        assert listener.ending == "clean"


async def test_an_idle_listener_is_not_cut_by_the_stall(store_url: str, logs: Logs):
    job = await logs.opened()
    async with (
        seen_inside(store_url, stall_s=0.3) as api,
        bare(api.port, job.events_path) as idle,
    ):
        await api.has_listeners(1)
        # It does not even read its heartbeats.
        await asyncio.sleep(5 * 0.3)
        assert api.listeners == 1
        await job.close()
        assert without_heartbeats(await idle.rest()) == await job.frames()


@pytest.mark.parametrize("frames", [1, 40], ids=["that is not full", "that is full"])
async def test_half_a_hang_up_of_a_stuck_listener_frees_it(store_url: str, logs: Logs, frames: int):
    job = await logs.opened()
    # Long enough to be filled by single frames on a slow machine, before it is cut as stuck.
    stall_s = 6 * STALL_S
    async with (
        seen_inside(store_url, stall_s=stall_s) as api,
        bare(api.port, job.events_path) as half,
        asking(api.port, "GET", job.events_path) as near,
    ):
        while not api.pending:
            await job.append(*[FRAME] * frames)
            await near.until(b"id: %d\n" % job.seq)
            near.chunks.clear()
        half.sock.shutdown(socket.SHUT_WR)

        async def only_the_other_is_left() -> bool:
            await job.append("still written")
            return api.listeners == 1

        await wait_until(only_the_other_is_left, "it to be forgotten", stall_s + SLACK_S)
        await wait_until(lambda: api.connections == 1, "its connection to be closed")


@pytest.mark.parametrize("how", get_args(How))
async def test_who_vanishes_is_forgotten(store_url: str, logs: Logs, how: How):
    job = await logs.opened()
    async with (
        seen_inside(store_url, stall_s=PATIENT_S) as api,
        asking(api.port, "GET", job.events_path) as stays,
    ):

        async def twenty_come_and_vanish() -> None:
            async with AsyncExitStack() as stack:
                leaving = [
                    await stack.enter_async_context(bare(api.port, job.events_path))
                    for _ in range(20)
                ]
                await api.has_listeners(21)
                await grow(job, 4)
                await api.is_stuck()
                for one in leaving:
                    one.hang_up(how)
            await api.has_listeners(1)

        async def files() -> int:
            """Without the connections to the store, which are pools."""
            return open_files() - len(await logs.store.client_list())

        await stays.until(b"id: 2\n")
        before = await files()
        await twenty_come_and_vanish()

        async def they_are_back() -> bool:
            return await files() <= before

        await wait_until(they_are_back, "files to come back")
        await job.close()
        assert without_heartbeats(await stays.rest()) == await job.frames()


async def test_a_window_stays_within_its_bound(store_url: str, logs: Logs):
    finished = await logs.opened()
    await grow(finished, 8)
    await finished.close()
    live = await logs.opened()
    await grow(live, 8)
    async with (
        seen_inside(store_url, stall_s=PATIENT_S) as api,
        bare(api.port, live.events_path),
        asking(api.port, "GET", live.events_path, f"Last-Event-ID: {live.seq}") as near,
    ):
        async with asking(api.port, "GET", finished.events_path) as replay:
            assert without_heartbeats(await replay.rest()) == await finished.frames()
        after = live.seq
        await asyncio.gather(grow(live, 4), near.until(b"id: %d\n" % (after + 4 * len(MEGABYTE))))
        sizes = [window.size for window in living(Window)]
        assert max(sizes) <= LARGEST_WINDOW
        # Three that are shared, and the page of the one that reads nothing.
        assert len(sizes) <= 3


async def test_silence_never_lasts_longer_than_a_heartbeat(store_url: str, logs: Logs):
    job = await logs.opened()
    async with (
        seen_inside(store_url, stall_s=PATIENT_S, heartbeat_s=BEAT_S) as api,
        bare(api.port, job.events_path, "Last-Event-ID: 2", buffer=65536) as idle,
    ):
        await idle.read(65536)
        beats: list[float] = []
        while len(beats) < 5:
            await idle.read(65536)
            beats.append(time.monotonic())
        gaps = [after - before for before, after in pairwise(beats)]
        assert idle.body == HEARTBEAT * 5
        assert sorted(gaps)[len(gaps) // 2] <= BEAT_S * 1.1
        assert max(gaps) < 1.75 * BEAT_S
        assert min(gaps) > 0.5 * BEAT_S


async def test_a_busy_listener_gets_no_heartbeats(store_url: str, logs: Logs):
    job = await logs.opened()
    async with (
        seen_inside(store_url, stall_s=PATIENT_S, heartbeat_s=1) as api,
        asking(api.port, "GET", job.events_path) as busy,
    ):
        until = time.monotonic() + 3
        while time.monotonic() < until:
            await job.append("busy")
            await busy.until(b"id: %d\n" % job.seq)
        assert HEARTBEAT not in busy.body


async def test_a_listener_costs_one_task_and_no_timer_of_its_own(store_url: str, logs: Logs):
    job = await logs.opened()
    async with seen_inside(store_url, stall_s=PATIENT_S) as api, AsyncExitStack() as stack:

        async def hears(listener: BareSocket, seq: int) -> None:
            while b"id: %d\n" % seq not in listener.body:
                await listener.read(65536)

        async def join(number: int) -> list[BareSocket]:
            path = job.events_path
            joined = [await stack.enter_async_context(bare(api.port, path)) for _ in range(number)]
            await asyncio.gather(*(hears(listener, job.seq) for listener in joined))
            return joined

        first = await join(2)
        # What comes now comes through the readers that all share: their tasks are there.
        await job.append("live")
        await asyncio.gather(*(hears(listener, job.seq) for listener in first))
        before = len(asyncio.all_tasks())
        await join(50)
        await wait_until(lambda: len(asyncio.all_tasks()) <= before + 50, "one task each")


async def test_ages_are_spread(store_url: str, logs: Logs):
    job = await logs.opened()
    aged = seen_inside(store_url, stall_s=PATIENT_S, connection_age_s=2, heartbeat_s=0.1)
    async with aged as api, AsyncExitStack() as stack:
        listeners = [
            await stack.enter_async_context(bare(api.port, job.events_path)) for _ in range(40)
        ]
        moments = await asyncio.gather(*(_cut_at(listener) for listener in listeners))
    # 1.8 to 2.2 s; that forty draws lie in half of it is as likely as a thrown coin's forty heads.
    assert max(moments) - min(moments) > 0.2
    assert all(listener.ending == "cut" for listener in listeners)


async def _cut_at(listener: BareSocket) -> float:
    await listener.rest()
    return time.monotonic()


async def test_at_shutdown_listeners_are_sent_away_over_a_while(
    store_url: str, logs: Logs, monkeypatch: pytest.MonkeyPatch
):
    job = await logs.opened()
    async with seen_inside(store_url, heartbeat_s=30) as api, AsyncExitStack() as stack:
        listeners = [
            await stack.enter_async_context(bare(api.port, job.events_path)) for _ in range(200)
        ]
        await api.has_listeners(200)
        ends = [asyncio.ensure_future(_cut_at(listener)) for listener in listeners]
        monkeypatch.setattr(AppStatus, "should_exit", True)
        await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
        async with bare(api.port, job.events_path) as late:
            assert COME_BACK.fullmatch(await late.rest())
            assert late.ending == "cut"
        moments = sorted(await asyncio.gather(*ends))
        frames = await job.frames()
    # 200 take a second: in no tenth of it as many as half of them.
    assert moments[-1] - moments[0] > 0.5
    assert all(after - before > 0.1 for before, after in zip(moments, moments[100:], strict=False))
    for listener in listeners:
        told = COME_BACK.fullmatch(listener.body.removeprefix(frames))
        assert told
        assert 1000 <= int(told[1]) <= 3000
        assert listener.ending == "cut"


async def test_listeners_cost_the_store_no_connections(store_url: str, logs: Logs):
    job, *others = await asyncio.gather(*(logs.opened() for _ in range(601)))
    async with seen_inside(store_url) as api, AsyncExitStack() as stack:

        async def join(jobs: Sequence[Attempt]) -> int:
            """The store's connections when so many more are at the end of their log."""
            before = api.listeners
            for job in jobs:
                await stack.enter_async_context(bare(api.port, job.events_path))
            await api.has_listeners(before + len(jobs), 20)
            return len(await logs.store.client_list())

        one = await join([job])
        # What they read to come to the end is read through a pool.
        assert await join([job] * 299) <= one + AT_ONCE
        assert await join(others) <= one + 2 * AT_ONCE + 2 * READERS_OF_600


async def test_who_vanishes_behind_the_request_is_no_error(store_url: str, logs: Logs):
    job = await logs.opened()
    # Leaving this block fails where an error was logged.
    async with seen_inside(store_url) as api:
        for _ in range(100):
            async with bare(api.port, job.events_path) as listener:
                listener.hang_up("rst")
        async with asking(api.port, "GET", job.events_path) as stays:
            await stays.until(b"id: 2\n")
        await api.has_listeners(0)
