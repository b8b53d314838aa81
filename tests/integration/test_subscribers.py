"""Subscribers hear a job's events without a connection: what `Prefer: wait` is built on."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field

from tailrace.api.relay.relay import Relay
from tailrace.api.settings import ApiSettings
from tailrace.shared.events import LoggedEvent
from tailrace.shared.process.tasks import cancel_and_wait
from tailrace.shared.redis.connection import connect
from tests.support.proxy import store_proxy
from tests.support.service import Logs
from tests.support.wait import wait_until


@dataclass(eq=False, slots=True)
class Ear:
    heard: list[LoggedEvent] = field(default_factory=list[LoggedEvent])
    dismissed: bool = False

    def hear(self, events: Sequence[LoggedEvent]) -> None:
        self.heard += events

    def dismiss(self) -> None:
        self.dismissed = True


@asynccontextmanager
async def running(store_url: str) -> AsyncGenerator[Relay]:
    """A relay without a server around it."""
    store = connect(store_url)
    relay = Relay(store, ApiSettings(redis_url=store_url))
    task = asyncio.ensure_future(relay.run())
    try:
        yield relay
    finally:
        await cancel_and_wait(task)
        await store.aclose()


async def test_each_hears_every_event_that_is_stored_and_nobody_makes_frames(
    store_url: str, logs: Logs
):
    job = await logs.opened()
    early, late = Ear(), Ear()
    async with running(store_url) as relay:
        with relay.subscribed(early, job.job_id, known=job.seq):
            await job.append("one", "two")
            await wait_until(lambda: len(early.heard) == 2, "two events")
            with relay.subscribed(late, job.job_id, known=1):
                await job.close()
                await wait_until(lambda: early.heard[-1].name == "end", "the end")
                [channel] = relay.hub.channels.values()
                assert channel.size == 0
        assert channel.attached == 0
        assert not channel.subscribers
    assert early.heard == (await job.events())[2:]
    assert late.heard == early.heard[2:]
    assert not early.dismissed
    assert not late.dismissed


async def test_a_drain_dismisses_those_who_are_there_and_those_who_come(store_url: str, logs: Logs):
    job = await logs.opened()
    there, comes = Ear(), Ear()
    async with running(store_url) as relay:
        with relay.subscribed(there, job.job_id, known=job.seq):
            await relay.hub.drain(drain_s=1)
            assert there.dismissed
        with relay.subscribed(comes, job.job_id, known=job.seq):
            assert comes.dismissed


async def test_a_lost_store_dismisses_them(store_url: str, logs: Logs):
    job = await logs.opened()
    ear = Ear()
    async with AsyncExitStack() as stack:
        link = await stack.enter_async_context(store_proxy(store_url))
        relay = await stack.enter_async_context(running(link.url))
        with relay.subscribed(ear, job.job_id, known=job.seq):
            await logs.has_waiting_reader()
            link.cut()
            await wait_until(lambda: ear.dismissed, "to be dismissed")
