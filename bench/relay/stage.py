"""A contender on the stage: its server, started when needed and warmed, and its finished logs."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final

from bench.relay.contenders.relay import Contender, Ground, Relay
from bench.relay.crowd import Listening, crowd
from bench.relay.writing import Log, publish

_WARM_LISTENERS: Final = 50
_WARM_EVENTS: Final = 200
_WARM_S: Final = 20.0
SETTLE_S: Final = 0.5
"""Between the last response and the first event, so that every listener is already waiting."""


class Stage:
    """One contender over a run.

    Args:
        contender: who.
        ground: what the run has for all.
    """

    def __init__(self, contender: Contender, ground: Ground) -> None:
        self.contender = contender
        self.ground = ground
        self._stack = AsyncExitStack()
        self._relay: Relay | None = None
        self._finished: dict[tuple[int, int], Sequence[Log]] = {}

    @property
    def loadgen(self) -> Path:
        """The load generator."""
        return self.ground.programs.loadgen

    @property
    def publisher(self) -> Path:
        """What writes events."""
        return self.ground.programs.publisher

    async def relay(self) -> Relay:
        """The server, warm."""
        if self._relay is None:
            self._relay = await self._stack.enter_async_context(self.fresh())
        return self._relay

    @asynccontextmanager
    async def fresh(self) -> AsyncGenerator[Relay]:
        """A server of its own for one measurement, warm, so that all it needs is loaded."""
        async with self.contender.serve(self.ground) as relay:
            await self._warm_up(relay)
            yield relay

    async def finished(self, count: int, events: int) -> Sequence[Log]:
        """Finished logs, written once for all rounds."""
        if (count, events) not in self._finished:
            relay = await self.relay()
            self._finished[count, events] = await relay.finished(count, events)
        return self._finished[count, events]

    async def leave(self) -> None:
        """End the server; the next measurement starts another, with no memory of this one."""
        await self._stack.aclose()
        self._relay = None
        self._finished.clear()

    async def _warm_up(self, relay: Relay) -> None:
        logs = await relay.open(1)
        asked = listening(relay, logs, _WARM_LISTENERS, _WARM_EVENTS, seconds=_WARM_S)
        async with crowd(self.loadgen, asked) as listeners:
            await listeners.accepted()
            await publish(self.publisher, relay.gate, logs, _WARM_EVENTS)
            await listeners.counted()
        await relay.close(logs, _WARM_EVENTS)
        await asyncio.sleep(SETTLE_S)


def listening(
    relay: Relay, logs: Sequence[Log], connections: int, events: int, *, seconds: float
) -> Listening:
    """Listeners that are done after the last of so many events, or never if there are none."""
    return Listening(
        port=relay.port,
        paths=[log.path for log in logs],
        connections=connections,
        header=relay.header,
        count=relay.count,
        last=logs[0].first + events - 1 if events else 0,
        seconds=seconds,
    )
