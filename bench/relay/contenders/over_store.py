"""A relay that serves the logs of the shared store, whichever process does it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, cast

from bench.relay.store_logs import StoreLog, StoreLogs
from bench.relay.writing import Gate, Log


@dataclass(frozen=True, slots=True)
class OverStore:
    """See `Relay`; the number of an event is its id."""

    pid: int
    port: int
    logs: StoreLogs
    beside: Mapping[str, int]
    header: str = ""
    count: Literal["id", "data"] = field(default="id", init=False)

    @property
    def gate(self) -> Gate:
        """The store's socket."""
        return self.logs.gate

    async def open(self, count: int) -> Sequence[Log]:
        """New logs of running jobs."""
        return await self.logs.open(count)

    async def close(self, logs: Sequence[Log], events: int) -> None:
        """End the jobs."""
        await self.logs.close(cast("Sequence[StoreLog]", logs), events)

    async def finished(self, count: int, events: int) -> Sequence[Log]:
        """Logs of jobs that are over."""
        return await self.logs.finished(count, events)

    def last(self, log: Log, events: int) -> int:
        """The number of `end`."""
        return log.first + events
