"""Reads a run's stream: hands its events to the journal, notes what the worker itself needs."""

import asyncio
import time
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping, Sequence
from itertools import chain
from types import AsyncGeneratorType
from typing import Any, Final, cast

from tailrace.shared.errors import TailraceError
from tailrace.shared.events import Event
from tailrace.worker.attempt.limits import LimitExceeded, Limits
from tailrace.worker.attempt.run_config import MARKED, without_ours
from tailrace.worker.attempt.stream.spill import Spill
from tailrace.worker.attempt.stream.translate import Part, is_cached, named_only, translate
from tailrace.worker.journal.journal import Journal

MODES: Final = ("values", "updates", "tasks")
"""What is streamed for the worker itself: `values` has the result, `updates` says that the run
stops, `tasks` says which tasks have ended."""

_INTERRUPT: Final = "__interrupt__"


class StreamReader:
    """The reader of one run.

    Args:
        journal: where the events go.
        limits: counts what the run writes.
        wanted: the modes that the job asks for.
        spill: takes large values out of events.
        detailed: whether events tell what only a view of the job needs.
        named_only: whether events of checkpoints name them and leave out their states.
    """

    def __init__(
        self,
        journal: Journal,
        limits: Limits,
        wanted: Collection[str],
        spill: Spill,
        *,
        detailed: bool = False,
        named_only: bool = False,
    ) -> None:
        self._journal = journal
        self._limits = limits
        self._wanted = frozenset(wanted)
        self._detailed = detailed
        self._named_only = named_only
        self._spill = spill
        self._ending: Sequence[Event] = ()
        self.last: Mapping[str, Any] | None = None
        """The last `values` of the graph itself."""
        self.stops = False
        """Whether the graph itself has stopped: at an interrupt or a breakpoint."""

    async def drain(self, parts: AsyncGenerator[Part]) -> None:
        """Read to the end.

        Raises:
            LimitExceeded, Unserializable: the log does not take what the run wrote.
        """
        held, custom = self._journal.held, "custom" in self._wanted
        largest, count, put = self._spill.largest, self._limits.count, self._journal.put
        held.stream = cast("AsyncGeneratorType[Part, None]", parts)
        try:
            async for part in parts:
                if part["type"] != "custom" or self._ending:
                    await self._take(part)
                elif custom:
                    # As `_put`, without a coroutine: a graph may write 100,000 events a second.
                    for event in translate(part):
                        if len(event.data) > largest:
                            event = await self._spill.event(event)  # noqa: PLW2901 - a smaller one
                        count(event)
                        await put(event)
            for event in self._ending:
                await self._put(event)
        except (asyncio.CancelledError, TailraceError, LimitExceeded):
            # Cut off by us. The graph's own errors come after all of its events.
            held.abandon()
            raise
        finally:
            # The stream is over; LangGraph waits for its checkpoints as it ends.
            held.stream = None

    async def _take(self, part: Part) -> None:
        if part["type"] in MODES:
            await self._note(part)
        for event in self._due(part):
            await self._put(event)

    async def _put(self, event: Event) -> None:
        if len(event.data) > self._spill.largest:
            event = await self._spill.event(event)
        self._limits.count(event)
        await self._journal.put(event)

    async def _note(self, part: Part) -> None:
        """Note what the worker itself needs."""
        mode, data, ns = part["type"], part["data"], part["ns"]
        if mode == "tasks" and "result" in data:
            await self._journal.held.release_in_order(data["id"])
        elif mode == "updates" and is_cached(data):
            self._journal.held.release_cached("|".join(ns), data)
        elif mode == "updates" and not ns and _INTERRUPT in data:
            self.stops = True
        elif mode == "values" and not ns:
            self.last = part

    def _due(self, part: Part) -> Iterable[Event]:
        """The events to hand over now: those that were held back, then those of the part."""
        mode, ended = part["type"], self._ending
        if ended:
            self._ending = ()
        if mode not in self._wanted:
            return ended
        plain = without_ours(part) if mode in MARKED else part
        if mode == "checkpoints" and self._named_only:
            plain = named_only(plain)
        at = time.time_ns() // 1_000_000 if self._detailed else None
        events = translate(plain, detailed=self._detailed, at=at)
        if mode == "updates" and _ends_a_task(part):
            # The task's writes have to come before it, and the part that names the task comes next.
            self._ending = tuple(events)
            return ended
        return chain(ended, events) if ended else events


def _ends_a_task(part: Part) -> bool:
    return _INTERRUPT not in part["data"] and not is_cached(part["data"])
