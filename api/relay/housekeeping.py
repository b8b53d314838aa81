"""One timer for everyone: heartbeats, ages, stalled clients, and logs that nobody listens to."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Final

from tailrace.api.relay.channel import ALL_WINDOWS, LARGEST_WINDOW, SMALLEST_WINDOW, Channel
from tailrace.api.relay.listener import Listener
from tailrace.shared.jobs import JobId

_TICKS_A_HEARTBEAT: Final = 4
_TICKS_A_LOOK: Final = 4 * _TICKS_A_HEARTBEAT
_LONGEST_TICK_S: Final = 1.0
_LINGER_S: Final = 5.0
"""A log's frames are kept for so long without a listener: they may all be on their way back."""


class Housekeeping:
    """Knows all listeners and channels of a process, and visits them with every tick.

    Args:
        heartbeat_s: silence after which a listener gets a sign of life.
        stall_s: how long a connection's buffer may make no progress.
        look: looks after the log of a channel that has been silent for a while.
    """

    def __init__(
        self,
        heartbeat_s: float,
        stall_s: float,
        look: Callable[[Channel], Coroutine[None, None, None]],
    ) -> None:
        self.tick_s = min(heartbeat_s / _TICKS_A_HEARTBEAT, _LONGEST_TICK_S)
        self.listeners: set[Listener] = set()
        self.channels: dict[JobId, Channel] = {}
        self._ticks_a_heartbeat = max(1, int(heartbeat_s / self.tick_s))
        self._ticks_to_stall = stall_s / self.tick_s
        self._linger_ticks = _LINGER_S / self.tick_s
        self._look = look
        self._ticks = 0
        self._window_bytes = LARGEST_WINDOW

    async def run(self) -> None:
        """Tick until cancelled."""
        async with asyncio.TaskGroup() as looks:
            while True:
                await asyncio.sleep(self.tick_s)
                # Counted, not timed: who was frozen must not take its clients for stalled.
                self._ticks += 1
                for listener in tuple(self.listeners):
                    self._visit(listener)
                self._share_memory()
                for channel in tuple(self.channels.values()):
                    if self._tick(channel):
                        looks.create_task(self._look(channel))

    def _share_memory(self) -> None:
        """Keep all windows together within their bound: too many or too busy logs halve each."""
        size = sum(channel.size for channel in self.channels.values())
        if size > ALL_WINDOWS:
            self._window_bytes = max(self._window_bytes // 2, SMALLEST_WINDOW)
        elif size < ALL_WINDOWS // 4:
            self._window_bytes = min(self._window_bytes * 2, LARGEST_WINDOW)
        for channel in self.channels.values():
            channel.bound(self._window_bytes)

    def _visit(self, listener: Listener) -> None:
        listener.ticks_left -= 1
        listener.idle_ticks += 1
        # To ask the kernel costs a call for each: idle listeners are asked now and then.
        asked = listener.pending or listener.ticks_left % _TICKS_A_HEARTBEAT == 0
        if asked and listener.unmoved(self._ticks) >= self._ticks_to_stall:
            listener.abort()
        elif listener.ticks_left <= 0:
            listener.cut()
        elif listener.idle_ticks >= self._ticks_a_heartbeat and not listener.full:
            listener.beat()

    def _tick(self, channel: Channel) -> bool:
        """Count a tick; whether it is time to look after the log."""
        channel.idle_ticks += 1
        channel.lone_ticks += 1
        if not channel.attached and channel.lone_ticks >= self._linger_ticks:
            del self.channels[channel.job_id]
            channel.position = None
        return channel.position is not None and channel.idle_ticks % _TICKS_A_LOOK == 0
