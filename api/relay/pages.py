"""Reads for listeners behind what this process remembers: page by page, a few at a time."""

import asyncio
from collections.abc import Sequence
from typing import Final

from tailrace.api.relay.channel import Channel
from tailrace.api.relay.frames import PAGE_BYTES, Encoder, fitting
from tailrace.api.relay.listener import Listener
from tailrace.api.relay.whole_log import ChannelId, WholeLog
from tailrace.api.relay.window import Window
from tailrace.shared.events import LoggedEvent
from tailrace.shared.log_store.blobs.references import References, full_size
from tailrace.shared.log_store.events.event_log import PAGE, EventLog
from tailrace.shared.log_store.jobs.summaries import LogId
from tailrace.shared.log_store.threads.thread_log import ThreadLog
from tailrace.shared.threads import ThreadName

AT_ONCE: Final = 8
"""Pages under way: a thousand listeners that reconnect at once must not hold a thousand pages."""

_LARGEST_PAGE: Final = 1000
_SMALLEST_PAGE: Final = 4
_SLOW: Final = 8
"""A slow client's page is smaller by this factor: about one write."""


class Pages:
    """Pages of logs.

    Args:
        log: reads the logs of jobs.
        thread_log: reads the logs of threads.
        references: finds large values.
    """

    def __init__(self, log: EventLog, thread_log: ThreadLog, references: References) -> None:
        self._log = log
        self._thread_log = thread_log
        self._references = references
        self._permits = asyncio.Semaphore(AT_ONCE)

    async def after(self, listener: Listener, channel: Channel, known: int) -> Window:
        """Frames after the listener's number; none if the log has none now.

        Raises:
            StoreUnavailable: the store did not respond.
        """
        async with self._permits:
            window = channel.window(listener.stream_format, known)
            if window.after(listener.seq) is not None:
                return window  # Somebody else has read them meanwhile.
            page = Window(listener.stream_format, listener.seq)
            page.encoder = await self._encoder(listener, channel)
            # A slow client would hold its page for long.
            limit = channel.page_events // (_SLOW if listener.slow else 1)
            page.add(await self._page(channel.log_id, page.base, max(limit, 1)))
            if page.encoder is not None:
                listener.written = (page.last, page.encoder.copy())
        if page.size:
            mean = page.size / len(page)
            channel.page_events = round(min(max(PAGE_BYTES / mean, _SMALLEST_PAGE), _LARGEST_PAGE))
        window = channel.window(listener.stream_format, known)
        window.take(page)
        window.trim(channel.window_bytes)
        return page

    async def _encoder(self, listener: Listener, channel: Channel) -> Encoder | None:
        """What writes the listener's next frames, where that depends on what came before."""
        make = listener.stream_format.encoder
        if make is None:
            return None
        if listener.written is not None and listener.written[0] == listener.seq:
            return listener.written[1].copy()
        encoder = make()
        await self.replay(encoder, channel.log_id, listener.seq)
        return encoder

    async def replay(self, encoder: Encoder, log_id: ChannelId, seq: int) -> None:
        """Have an encoder write the log from its start up to this number, for nobody.

        Raises:
            StoreUnavailable: the store did not respond.
        """
        reached = 0
        while reached < seq:
            events = await self._page(log_id, reached, PAGE)
            for event in events:
                if event.seq <= seq:
                    encoder(event)
            reached = events[-1].seq if events else seq

    async def event(self, log_id: ChannelId, seq: int) -> LoggedEvent | None:
        """The event under this number, if the log has it.

        Raises:
            StoreUnavailable: the store did not respond.
        """
        events = await self._page(log_id, seq - 1, limit=1)
        return events[0] if events and events[0].seq == seq else None

    async def _page(self, log_id: ChannelId, after: int, limit: int) -> Sequence[LoggedEvent]:
        """The events after a number that fit into a page, `limit` at most."""
        if not isinstance(log_id, WholeLog):
            events = await self._read(log_id, after, limit)
            return events[: fitting(len(event.data) for event in events)]
        events = await self._read(log_id.of, after, limit)
        count = fitting(full_size(event.data) for event in events)
        return await self._references.resolved(events[:count])

    async def _read(self, log_id: LogId, after: int, limit: int) -> list[LoggedEvent]:
        if isinstance(log_id, ThreadName):
            return await self._thread_log.read(log_id, after, limit)
        return await self._log.read(log_id, after, limit)
