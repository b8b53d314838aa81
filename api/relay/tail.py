"""Serves the ends of many logs with few blocked reads."""

import asyncio
import logging
from itertools import islice
from typing import Final

from tailrace.api.relay.channel import Channel
from tailrace.api.relay.readers import MakeReader, Reader
from tailrace.api.relay.whole_log import ChannelId
from tailrace.shared.errors import StoreUnavailable
from tailrace.shared.log_store.events.log_reader import BLOCK_S, LogReader, shard_of_reader
from tailrace.shared.redis.connection import Client

logger = logging.getLogger(__name__)

LOGS_A_READ: Final = 256
"""The cost of a read grows with the logs that it names, whether they have news or not."""

READERS: Final = 16
"""Readers of one process at most: on a Cluster one a shard."""

_SLICE_S: Final = 0.02
"""How long a reader waits for a part of its logs, where it has more than `LOGS_A_READ`."""

_RETRY_S: Final = 0.2
_WAKE_RETRY_S: Final = 0.002


class Tail:
    """All readers of a process; as many as its channels need, `READERS` at most.

    Args:
        store: the client of the log store.
        url: its URL.
        make_reader: what reads the logs of these channels.
    """

    def __init__(self, store: Client, url: str, make_reader: MakeReader = LogReader) -> None:
        self._store = store
        self._make_reader = make_reader
        self._url = url
        self._lanes: dict[str, list[Lane]] = {}
        self._new: asyncio.Queue[Lane] = asyncio.Queue(READERS)

    def watch(self, channel: Channel) -> None:
        """Feed a channel from its position on, until it has none."""
        shard = shard_of_reader(self._url, channel.log_id)
        lanes = self._lanes.setdefault(shard, [])
        if any(channel in lane for lane in lanes):
            return
        lane = min(lanes, key=len, default=None)
        if lane is None or (len(lane) >= LOGS_A_READ and not shard and len(lanes) < READERS):
            lane = Lane(self._make_reader(self._store, self._url))
            lanes.append(lane)
            self._new.put_nowait(lane)
        lane.watch(channel)

    async def run(self) -> None:
        """Read until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while True:
                tasks.create_task((await self._new.get()).run())


class Lane:
    """One reader, and the channels that it feeds."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._channels: dict[ChannelId, Channel] = {}
        self._unseen: set[ChannelId] = set()
        self._joined = asyncio.Event()
        self._away = False

    def __len__(self) -> int:
        return len(self._channels)

    def __contains__(self, channel: Channel) -> bool:
        return self._channels.get(channel.log_id) is channel

    def watch(self, channel: Channel) -> None:
        """Read for this channel too, from now on."""
        self._channels[channel.log_id] = channel
        self._unseen.add(channel.log_id)
        self._joined.set()

    async def run(self) -> None:
        """Read and feed until cancelled; a lost store is told to listeners and tried again."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._admit_joins())
            try:
                while True:
                    await self._someone_waits()
                    await self._read_and_feed()
            finally:
                await self._reader.aclose()

    async def _someone_waits(self) -> None:
        if not self._channels:
            await self._reader.rest()
        while not self._channels:
            # Whoever joined may have left again: without this the loop would spin.
            self._joined.clear()
            await self._joined.wait()

    async def _read_and_feed(self) -> None:
        channels = self._next()
        positions = {id_: c.position for id_, c in channels.items() if c.position is not None}
        if not positions:
            return
        whole = len(channels) == len(self._channels)
        self._unseen.difference_update(positions)
        try:
            news = await self._reader.read(positions, BLOCK_S if whole else _SLICE_S)
        except StoreUnavailable as error:
            self._lose(error)
            await asyncio.sleep(_RETRY_S)
            return
        self._found()
        for log_id, events in news.items():
            # Read from the position that was sent: where it is another by now, it is read again.
            if (channel := channels[log_id]).position == positions[log_id]:
                channel.feed(events)

    def _lose(self, error: StoreUnavailable) -> None:
        if not self._away:
            logger.warning("log reader lost the store", extra={"reason": str(error)})
        self._away = True
        self._unseen.clear()
        for channel in self._channels.values():
            channel.forget()

    def _found(self) -> None:
        if self._away:
            logger.info("log reader has the store again")
        self._away = False

    def _next(self) -> dict[ChannelId, Channel]:
        """The channels of the next read; where there are too many for one, the next in turn."""
        for log_id in [id_ for id_, c in self._channels.items() if c.position is None]:
            del self._channels[log_id]
            self._unseen.discard(log_id)
        channels = dict(islice(self._channels.items(), LOGS_A_READ))
        if len(channels) < len(self._channels):
            for log_id in channels:
                self._channels[log_id] = self._channels.pop(log_id)
        return channels

    async def _admit_joins(self) -> None:
        """End the blocked read for those who joined after it began."""
        while True:
            await self._joined.wait()
            self._joined.clear()
            while self._unseen:
                try:
                    await self._reader.interrupt()
                except StoreUnavailable:
                    # The read itself meets the same trouble, and tells everyone.
                    await asyncio.sleep(_RETRY_S)
                await asyncio.sleep(_WAKE_RETRY_S)
