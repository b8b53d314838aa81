"""The way of a listener: catch up to the tail, stay there until `end`, or until it is cut."""

import asyncio
import math
import random
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from starlette.types import Receive, Scope, Send

from tailrace.api.errors import EventsExpired
from tailrace.api.http.connection import peer_of
from tailrace.api.relay.channel import Channel
from tailrace.api.relay.cursor import Cursor
from tailrace.api.relay.frames import StreamFormat
from tailrace.api.relay.housekeeping import Housekeeping
from tailrace.api.relay.listener import Listener
from tailrace.api.relay.pages import Pages
from tailrace.api.relay.summaries import Summaries
from tailrace.api.relay.tail import Tail
from tailrace.api.relay.window import write_of
from tailrace.api.settings import ApiSettings
from tailrace.shared.errors import JobNotFound, StoreUnavailable, TailraceError
from tailrace.shared.events import LoggedEvent, gap_event
from tailrace.shared.jobs import JobId
from tailrace.shared.log_store.events.event_log import EventLog
from tailrace.shared.log_store.jobs.summaries import JobSummary
from tailrace.shared.redis.connection import Client

_AGE_JITTER: Final = 0.1
_DRAIN_STEP_S: Final = 0.02
_DRAIN_EACH_S: Final = 0.005


class AtTheEnd(TailraceError):
    """The client has the whole log, `end` included."""


@dataclass(frozen=True, slots=True)
class StartPosition:
    """Where a listener begins."""

    job_id: JobId
    seq: int
    """The number that it has."""
    known: int
    """A number that the log has reached; below `seq` where the client has more than the log."""
    opening: LoggedEvent | None = None
    """What it is told before anything is read, `seq` included."""

    @staticmethod
    def of(job_id: JobId, head: JobSummary, cursor: Cursor) -> "StartPosition":
        """Where a client begins that has everything up to the cursor.

        Raises:
            AtTheEnd: a reconnect that has everything.
            EventsExpired: the job has ended and its events are gone.
        """
        if not head.ended and cursor.seq > head.seq:
            gap = gap_event(head.seq + 1, cursor.seq, "lost")
            return StartPosition(job_id, cursor.seq, head.seq, gap)
        if not head.ended:
            return StartPosition(job_id, cursor.seq, cursor.seq)
        if cursor.from_header and cursor.seq >= head.seq:
            raise AtTheEnd
        if not head.has_log:
            raise EventsExpired("The job has ended, and its events are not kept any more.")
        seq = min(cursor.seq, head.seq - 1)
        return StartPosition(job_id, seq, seq)


class Relay:
    """Every listener of this process.

    Args:
        log_store: the client of the store that has records and logs.
        settings: heartbeat, ages and bounds.
    """

    def __init__(self, log_store: Client, settings: ApiSettings) -> None:
        self.summaries = Summaries(log_store)
        self._settings = settings
        self._log = EventLog(log_store, settings)
        self._pages = Pages(self._log)
        self._tail = Tail(log_store, settings.log_store_url)
        self._housekeeping = Housekeeping(settings.heartbeat_s, settings.stall_s, self._look)
        self._draining = False

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for work in (self.summaries.run(), self._tail.run(), self._housekeeping.run()):
                tasks.create_task(work)
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                self.summaries.stop()

    async def drain(self) -> None:
        """Send everyone away, spread over `drain_s` so that they do not come back in one moment."""
        self._draining = True
        listeners = list(self._housekeeping.listeners)
        random.shuffle(listeners)
        within_s = min(self._settings.drain_s, len(listeners) * _DRAIN_EACH_S)
        share = math.ceil(len(listeners) * _DRAIN_STEP_S / within_s) if within_s else 1
        for number, listener in enumerate(listeners, 1):
            listener.cut(listener.form.farewell())
            if number % share == 0:
                await asyncio.sleep(_DRAIN_STEP_S)

    async def serve(
        self,
        start: StartPosition | None,
        form: StreamFormat,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> None:
        """Write a log to a client whose response has begun; returns early where it is cut.

        Without a start the client is asked to come back in a moment.
        """
        seq = start.seq if start else 0
        peer = peer_of(scope)
        listener = Listener(send, peer, form, seq, self._greatest_age())
        if start is None or self._draining:
            if start is not None and start.opening is not None:
                # A POST without a key has its answer here, or it would start a second job.
                listener.offer(form.encode(start.opening))
            listener.cut(form.farewell())
            return
        if peer is not None:
            # Half for what is pending, half for the write that then waits.
            peer.bound(self._settings.max_pending_bytes // 2, self._settings.stall_s)
        with self._attached(listener, start.job_id) as channel:
            if start.opening is not None:
                await listener.deliver(write_of(form.encode(start.opening), seq))
            while not listener.over:
                await self._catch_up(listener, channel, start.known)
                await listener.wait(receive)
            await listener.finish()

    async def _catch_up(self, listener: Listener, channel: Channel, known: int) -> None:
        try:
            await listener.drained()
            while not listener.over:
                if await self._reach_tail(listener, channel, known):
                    return
        except StoreUnavailable:
            listener.cut(listener.form.farewell())

    async def _reach_tail(self, listener: Listener, channel: Channel, known: int) -> bool:
        """Write what there is behind the listener's number; True where it now is at the tail."""
        frames = window = channel.window(listener.form, known)
        reached = window.last
        if frames.after(listener.seq) is None:
            if channel.position is None or not frames.covers(listener.seq):
                frames = await self._pages.after(listener, channel, known)
                window = channel.window(listener.form, known)
            if frames.after(listener.seq) is None:
                if window.last != reached:
                    return False  # An empty page is older than what the tail has read meanwhile.
                self._join(listener, channel, known)
                return True
        slow = listener.slow
        while not listener.over and (write := frames.after(listener.seq)) is not None:
            await listener.deliver(write)
            if listener.slow and not slow:
                break  # It has just turned out so: a large page must not be held.
        return False

    def _join(self, listener: Listener, channel: Channel, known: int) -> None:
        """Nothing was behind the listener's number a moment ago: the tail reads what comes."""
        channel.window(listener.form, known)
        waiting = channel.position is None
        channel.join(listener)
        if waiting:
            self._tail.watch(channel)

    @contextmanager
    def _attached(self, listener: Listener, job_id: JobId) -> Generator[Channel]:
        channel = self._housekeeping.channels.get(job_id)
        if channel is None:
            channel = self._housekeeping.channels[job_id] = Channel(job_id)
        channel.attached += 1
        self._housekeeping.listeners.add(listener)
        try:
            yield channel
        finally:
            self._housekeeping.listeners.discard(listener)
            channel.tail.discard(listener)
            channel.attached -= 1
            channel.lone_ticks = 0

    async def _look(self, channel: Channel) -> None:
        """Look after a log that is silent: its `end` may have a number that listeners have.

        Only a store that went back in time gives a number twice.
        """
        try:
            head = await self.summaries.get(channel.job_id)
            if head.ended and not head.has_log:
                channel.forget()
            elif head.ended and channel.position is not None and channel.position >= head.seq:
                for end in await self._log.read(channel.job_id, head.seq - 1, limit=1):
                    channel.end_again(end)
        except JobNotFound:
            channel.forget()
        except StoreUnavailable:
            return  # The readers meet the same trouble, and tell everyone.

    def _greatest_age(self) -> int:
        age_s = self._settings.connection_age_s
        jitter = random.uniform(1 - _AGE_JITTER, 1 + _AGE_JITTER)  # noqa: S311 - spreads reconnects
        return max(1, round(age_s * jitter / self._housekeeping.tick_s))
