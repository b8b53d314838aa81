"""Owns what one process serves: the channels of its logs, the listeners, the memory they share."""

import asyncio
import math
import random
from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

from tailrace.api.relay.channel import LARGEST_WINDOW, Channel, Subscriber
from tailrace.api.relay.listener import Listener
from tailrace.api.relay.whole_log import ChannelId

ALL_WINDOWS: Final = 64 * 1024 * 1024
"""Memory that the windows of all logs share, in bytes."""

SMALLEST_WINDOW: Final = 16 * 1024

_DRAIN_STEP_S: Final = 0.02
_DRAIN_EACH_S: Final = 0.005


class Hub:
    """The channels and listeners of a process."""

    def __init__(self) -> None:
        self.channels: dict[ChannelId, Channel] = {}
        self.listeners: set[Listener] = set()
        self._draining = False
        self._window_bytes = LARGEST_WINDOW

    @property
    def draining(self) -> bool:
        """Whether whoever comes is sent away at once."""
        return self._draining

    @contextmanager
    def listening(self, listener: Listener, log_id: ChannelId) -> Generator[Channel]:
        """The log's channel, which stays while the listener is attached."""
        with self._attached(log_id) as channel:
            self.listeners.add(listener)
            try:
                yield channel
            finally:
                self.listeners.discard(listener)
                channel.tail.discard(listener)

    @contextmanager
    def subscribed(self, subscriber: Subscriber, log_id: ChannelId) -> Generator[Channel]:
        """The log's channel, whose events the subscriber hears once the tail reads them."""
        with self._attached(log_id) as channel:
            channel.subscribers.add(subscriber)
            if self.draining:
                subscriber.dismiss()
            try:
                yield channel
            finally:
                channel.subscribers.discard(subscriber)

    def discard(self, channel: Channel) -> None:
        """Drop a channel that nobody is attached to; the tail stops reading for it."""
        del self.channels[channel.log_id]
        channel.position = None

    def share_memory(self) -> None:
        """Keep all windows within their common limit: too many or too busy logs halve each."""
        size = sum(channel.size for channel in self.channels.values())
        if size > ALL_WINDOWS:
            self._window_bytes = max(self._window_bytes // 2, SMALLEST_WINDOW)
        elif size < ALL_WINDOWS // 4:
            self._window_bytes = min(self._window_bytes * 2, LARGEST_WINDOW)
        for channel in self.channels.values():
            channel.bound(self._window_bytes)

    async def drain(self, drain_s: float) -> None:
        """Dismiss everyone, spread over `drain_s` so that they don't all return at one moment."""
        self._draining = True
        for channel in self.channels.values():
            for subscriber in channel.subscribers:
                subscriber.dismiss()
        listeners = list(self.listeners)
        random.shuffle(listeners)
        within_s = min(drain_s, len(listeners) * _DRAIN_EACH_S)
        share = math.ceil(len(listeners) * _DRAIN_STEP_S / within_s) if within_s else 1
        for number, listener in enumerate(listeners, 1):
            listener.dismiss()
            if number % share == 0:
                await asyncio.sleep(_DRAIN_STEP_S)

    @contextmanager
    def _attached(self, log_id: ChannelId) -> Generator[Channel]:
        channel = self.channels.get(log_id)
        if channel is None:
            channel = self.channels[log_id] = Channel(log_id)
        channel.attached += 1
        try:
            yield channel
        finally:
            channel.attached -= 1
            channel.unattended_ticks = 0
