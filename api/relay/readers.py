"""What tails read many logs with: plain ones, or whole ones.

Readers of plain logs are `log_reader`'s and `thread_log`'s.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from tailrace.api.relay.frames import fitting
from tailrace.api.relay.whole_log import WholeLog
from tailrace.shared.events import LoggedEvent
from tailrace.shared.log_store.blobs.references import References, full_size
from tailrace.shared.log_store.events.log_reader import BLOCK_S
from tailrace.shared.redis.connection import Client


class Reader(Protocol):
    """One reader of many logs; `LogReader` says more."""

    async def read(
        self, after: Mapping[Any, int], block_s: float = BLOCK_S
    ) -> Mapping[Any, list[LoggedEvent]]:
        """Wait until a log has events above its number; those events, in order."""
        ...

    async def interrupt(self) -> None:
        """End a read that blocks."""
        ...

    async def rest(self) -> None:
        """Hold no connection until the next read."""
        ...

    async def aclose(self) -> None:
        """Close the connection."""
        ...


MakeReader = Callable[[Client, str], Reader]


class WholeLogReader:
    """A reader of many logs that puts large values in their places.

    Args:
        make_reader: makes what reads the plain logs.
        references: finds large values.
        store: as for every reader, and so is `url`.
        url: the log store's URL.
    """

    def __init__(
        self, make_reader: MakeReader, references: References, store: Client, url: str
    ) -> None:
        self._reader = make_reader(store, url)
        self._references = references

    async def read(
        self, after: Mapping[WholeLog, int], block_s: float = BLOCK_S
    ) -> Mapping[WholeLog, list[LoggedEvent]]:
        """As the plain reader's.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        logs = {log.of: log for log in after}
        found = await self._reader.read({log.of: seq for log, seq in after.items()}, block_s)
        whole: dict[WholeLog, list[LoggedEvent]] = {}
        for log_id, events in found.items():
            # Those that are left out are read again.
            some = events[: fitting(full_size(event.data) for event in events)]
            whole[logs[log_id]] = await self._references.resolved(some)
        return whole

    async def interrupt(self) -> None:
        """As the plain reader's."""
        await self._reader.interrupt()

    async def rest(self) -> None:
        """As the plain reader's."""
        await self._reader.rest()

    async def aclose(self) -> None:
        """As the plain reader's."""
        await self._reader.aclose()
