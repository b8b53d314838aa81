"""The way of a listener: catch up to the tail, stay there until `end`, or until it is cut."""

import asyncio
import random
from collections.abc import Generator
from contextlib import contextmanager
from functools import partial
from typing import Final

from starlette.types import Receive, Scope, Send

from tailrace.api.http.connection import peer_of
from tailrace.api.relay.channel import Channel, Subscriber
from tailrace.api.relay.cursor import StartPosition
from tailrace.api.relay.frames import Encoder, StreamFormat
from tailrace.api.relay.housekeeping import Housekeeping
from tailrace.api.relay.hub import Hub
from tailrace.api.relay.listener import Listener
from tailrace.api.relay.pages import Pages
from tailrace.api.relay.readers import WholeLogReader
from tailrace.api.relay.summaries import Summaries
from tailrace.api.relay.tail import Tail
from tailrace.api.relay.whole_log import ChannelId, WholeLog, stored
from tailrace.api.relay.window import write_of
from tailrace.api.settings import ApiSettings
from tailrace.shared.errors import StoreUnavailable
from tailrace.shared.events import LoggedEvent
from tailrace.shared.log_store.blobs.blob_store import BlobStore
from tailrace.shared.log_store.blobs.references import References
from tailrace.shared.log_store.events.event_log import EventLog
from tailrace.shared.log_store.events.log_reader import LogReader
from tailrace.shared.log_store.threads.thread_log import ThreadLog, ThreadLogReader
from tailrace.shared.redis.connection import Client
from tailrace.shared.threads import ThreadName

_AGE_JITTER: Final = 0.1


class Relay:
    """Every listener of this process.

    Args:
        log_store: the client of the store that has records and logs.
        settings: heartbeat, ages and limits.
    """

    def __init__(self, log_store: Client, settings: ApiSettings) -> None:
        self.summaries = Summaries(log_store)
        self.hub = Hub()
        self._settings = settings
        self.log = EventLog(log_store, settings)
        self.references = References(BlobStore(log_store, settings))
        self._pages = Pages(self.log, ThreadLog(log_store), self.references)
        self._tails = {
            (of_thread, is_whole): Tail(
                log_store,
                settings.log_store_url,
                partial(WholeLogReader, reader, self.references) if is_whole else reader,
            )
            for of_thread, reader in ((False, LogReader), (True, ThreadLogReader))
            for is_whole in (False, True)
        }
        self._housekeeping = Housekeeping(
            self.hub, settings.heartbeat_s, settings.stall_s, self.summaries, self.log
        )

    async def run(self) -> None:
        """Serve until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tails = [tail.run() for tail in self._tails.values()]
            for work in (self.summaries.run(), *tails, self._housekeeping.run()):
                tasks.create_task(work)

    async def serve(
        self,
        start: StartPosition | None,
        stream_format: StreamFormat,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> bool:
        """Write a log to a client whose response has begun; returns early if it is cut.

        Without a start the client is asked to reconnect in a moment.

        Returns:
            Whether the client left before the end.
        """
        seq = start.seq if start else 0
        peer = peer_of(scope)
        listener = Listener(send, peer, stream_format, seq, self._greatest_age())
        opening = _opening(start, stream_format)
        if start is None or self.hub.draining:
            if opening:
                # A POST without a key has its response here, or it would start a second job.
                listener.offer(opening)
            listener.dismiss()
            return False
        if peer is not None:
            # Half for what is pending, half for the write that then waits.
            peer.bound(self._settings.max_pending_bytes // 2, self._settings.stall_s)
        with self.hub.listening(listener, start.log_id) as channel:
            if opening:
                await listener.deliver(write_of(opening, seq, ends=start.closes))
            while not listener.over:
                await self._catch_up(listener, channel, start.known)
                await listener.wait(receive)
            await listener.finish()
        return listener.left

    @contextmanager
    def subscribed(self, subscriber: Subscriber, log_id: ChannelId, known: int) -> Generator[None]:
        """Have a subscriber hear a log's events as they are stored, perhaps some older ones first.

        Args:
            subscriber: what hears them, until it is dismissed or the context is left.
            log_id: the job, or the thread.
            known: a number that its log has reached.
        """
        with self.hub.subscribed(subscriber, log_id) as channel:
            self._follow(channel, known)
            yield

    async def event(self, log_id: ChannelId, seq: int) -> LoggedEvent | None:
        """The event under this number, if the log has it.

        Raises:
            StoreUnavailable: the store did not respond.
        """
        return await self._pages.event(log_id, seq)

    async def replay(self, encoder: Encoder, log_id: ChannelId, seq: int) -> None:
        """Have an encoder write a log from its start up to this number, for nobody.

        Raises:
            StoreUnavailable: the store did not respond.
        """
        await self._pages.replay(encoder, log_id, seq)

    async def _catch_up(self, listener: Listener, channel: Channel, known: int) -> None:
        try:
            await listener.drained()
            while not listener.over:
                if await self._reach_tail(listener, channel, known):
                    return
        except StoreUnavailable:
            listener.dismiss()

    async def _reach_tail(self, listener: Listener, channel: Channel, known: int) -> bool:
        """Write everything after the listener's number; True once it is at the tail."""
        frames = window = channel.window(listener.stream_format, known)
        reached = window.last
        if frames.after(listener.seq) is None:
            if channel.position is None or window.blind or not frames.covers(listener.seq):
                frames = await self._pages.after(listener, channel, known)
                window = channel.window(listener.stream_format, known)
            if frames.after(listener.seq) is None:
                if window.last != reached or window.blind:
                    return False  # An empty page is older than what the tail has read meanwhile.
                self._join(listener, channel, known)
                return True
        slow = listener.slow
        while not listener.over and (write := frames.after(listener.seq)) is not None:
            await listener.deliver(write)
            if listener.slow and not slow:
                break  # It has only now turned out to be slow: it must not hold a large page.
        return False

    def _join(self, listener: Listener, channel: Channel, known: int) -> None:
        """Nothing came after the listener's number a moment ago: the tail reads what follows."""
        channel.window(listener.stream_format, known)
        channel.tail.add(listener)
        self._follow(channel, known)

    def _follow(self, channel: Channel, known: int) -> None:
        """Have the tail read for this channel, from where every window of it stops."""
        if channel.position is None:
            channel.begin(known)
            of_thread = isinstance(stored(channel.log_id), ThreadName)
            self._tails[of_thread, isinstance(channel.log_id, WholeLog)].watch(channel)

    def _greatest_age(self) -> int:
        """In ticks; at random within limits, which spreads reconnects."""
        jitter = random.uniform(1 - _AGE_JITTER, 1 + _AGE_JITTER)  # noqa: S311 - no secret
        return self._housekeeping.ticks(self._settings.connection_age_s * jitter)


def _opening(start: StartPosition | None, stream_format: StreamFormat) -> bytes:
    """What a client is sent before anything is read."""
    if start is None or start.opening is None:
        return b""
    if isinstance(start.opening, bytes):
        return start.opening
    return stream_format.encode(start.opening)
