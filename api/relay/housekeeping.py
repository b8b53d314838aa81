"""One timer that visits the hub: heartbeats, ages, stalled clients, silent and abandoned logs."""

import asyncio
from typing import Final

from tailrace.api.relay.channel import Channel
from tailrace.api.relay.hub import Hub
from tailrace.api.relay.listener import Listener
from tailrace.api.relay.summaries import Summaries
from tailrace.api.relay.whole_log import stored
from tailrace.shared.errors import JobNotFound, StoreUnavailable, ThreadNotFound
from tailrace.shared.log_store.events.event_log import EventLog
from tailrace.shared.threads import ThreadName

_TICKS_A_HEARTBEAT: Final = 4
_TICKS_A_CHECK: Final = 4 * _TICKS_A_HEARTBEAT
_LONGEST_TICK_S: Final = 1.0
_LINGER_S: Final = 5.0
"""How long a log's frames are kept without a listener: all of them may be reconnecting."""


class Housekeeping:
    """Visits every listener and every channel of a hub with each tick.

    Args:
        hub: what is visited.
        heartbeat_s: silence after which a listener is sent a heartbeat.
        stall_s: how long a connection's buffer may make no progress.
        summaries: of jobs whose logs have been silent for a while.
        log: their events.
    """

    def __init__(
        self, hub: Hub, heartbeat_s: float, stall_s: float, summaries: Summaries, log: EventLog
    ) -> None:
        self._hub = hub
        self._tick_s = min(heartbeat_s / _TICKS_A_HEARTBEAT, _LONGEST_TICK_S)
        self._ticks_a_heartbeat = max(1, int(heartbeat_s / self._tick_s))
        self._ticks_to_stall = stall_s / self._tick_s
        self._linger_ticks = _LINGER_S / self._tick_s
        self._summaries = summaries
        self._log = log
        self._ticks = 0

    def ticks(self, seconds: float) -> int:
        """A time in ticks, one at least."""
        return max(1, round(seconds / self._tick_s))

    async def run(self) -> None:
        """Tick until cancelled."""
        async with asyncio.TaskGroup() as checks:
            while True:
                await asyncio.sleep(self._tick_s)
                # Counted, not timed: after a freeze, clients must not be mistaken for stalled.
                self._ticks += 1
                for listener in tuple(self._hub.listeners):
                    self._visit(listener)
                self._hub.share_memory()
                for channel in tuple(self._hub.channels.values()):
                    if self._tick(channel):
                        checks.create_task(self._check(channel))

    def _visit(self, listener: Listener) -> None:
        listener.ticks_left -= 1
        listener.idle_ticks += 1
        # Asking the kernel costs a call for each: idle listeners are asked only now and then.
        asked = listener.pending or listener.ticks_left % _TICKS_A_HEARTBEAT == 0
        if asked and listener.unmoved(self._ticks) >= self._ticks_to_stall:
            listener.abort()
        elif listener.ticks_left <= 0:
            listener.cut()
        elif listener.idle_ticks >= self._ticks_a_heartbeat and not listener.full:
            listener.send_heartbeat()

    def _tick(self, channel: Channel) -> bool:
        """Count a tick; whether it is time to check on the log."""
        channel.idle_ticks += 1
        channel.unattended_ticks += 1
        if not channel.attached and channel.unattended_ticks >= self._linger_ticks:
            self._hub.discard(channel)
        return channel.position is not None and channel.idle_ticks % _TICKS_A_CHECK == 0

    async def _check(self, channel: Channel) -> None:
        """Check on a silent log: its `end` may have a number that its listeners already have.

        Only a store that went back in time gives a number twice.
        """
        try:
            log_id = stored(channel.log_id)
            summary = await self._summaries.get(log_id)
            if isinstance(log_id, ThreadName):
                if channel.position is not None and summary.seq < channel.position:
                    channel.forget()
            elif summary.ended and not summary.has_log:
                channel.forget()
            elif summary.ended and channel.position is not None and channel.position >= summary.seq:
                for end in await self._log.read(log_id, summary.seq - 1, limit=1):
                    channel.end_again(end)
        except (JobNotFound, ThreadNotFound):
            channel.forget()
        except StoreUnavailable:
            return  # The readers meet the same trouble, and dismiss everyone.
