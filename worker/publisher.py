"""Brings a run's events to its log: in batches that clock themselves, one write in flight.

What arrives while a write is under way is the next batch; the first event never waits. A bounded
buffer pushes back on the graph.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import accumulate
from operator import attrgetter
from typing import Final

from tailrace.shared.errors import Fenced, SequenceHole
from tailrace.shared.event_log import EventLog
from tailrace.shared.events import Event
from tailrace.shared.job_store import JobStore
from tailrace.shared.jobs import FinalStatus, Holder, JobError
from tailrace.worker.insist import insist

BATCH_EVENTS: Final = 1024
"""More would hold up others at the store; fewer leave it idle while the next are on their way."""
BATCH_BYTES: Final = 1024 * 1024
BUFFER_EVENTS: Final = 2 * BATCH_EVENTS
BUFFER_BYTES: Final = 4 * BATCH_BYTES
TURN_EVENTS: Final = 64
"""Behind so many the loop gets its turn: a write takes several until it is on its way."""

_DATA: Final = attrgetter("data")


class Publisher:
    """The one writer of an attempt. It insists for ever: whoever stops the attempt ends that.

    Args:
        log: where the events go.
        jobs: opens the log again if the store forgets.
        holder: the attempt that has opened the log.
        last_seq: the log's last number.
    """

    def __init__(self, log: EventLog, jobs: JobStore, holder: Holder, last_seq: int) -> None:
        self._log = log
        self._jobs = jobs
        self._holder = holder
        self._last_seq = last_seq
        self._buffer: list[Event] = []
        self._buffered_bytes = 0
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._written = 0
        self._progress = asyncio.Event()
        self._over = False

    async def put(self, event: Event) -> None:
        """Hand over an event; waits while the buffer is full, and lets others run now and then."""
        if not self._room.is_set():
            await self._room.wait()
        buffer = self._buffer
        if not buffer:
            self._work.set()
        buffer.append(event)
        self._buffered_bytes += len(event.data)
        if len(buffer) % TURN_EVENTS == 0:
            await asyncio.sleep(0)
        if len(buffer) >= BUFFER_EVENTS or self._buffered_bytes >= BUFFER_BYTES:
            self._room.clear()

    async def run(self) -> None:
        """Write what is handed over, until cancelled.

        Raises:
            WriteRefused: nothing more can be written under this attempt.
            JobNotFound: the record has expired.
        """
        try:
            while True:
                await self._work.wait()
                while self._buffer:
                    await self._write_batch()
                self._work.clear()
        finally:
            self._over = True
            self._progress.set()

    async def flushed(self) -> None:
        """Wait until everything that was handed over so far is in the log.

        Raises:
            Fenced: it will never be, since `run` has ended.
        """
        awaited = self._written + len(self._buffer)
        while self._written < awaited:
            if self._over:
                raise Fenced(self._holder.attempt)
            await self._progress.wait()

    async def close(
        self,
        status: FinalStatus,
        *,
        result: bytes | None = None,
        error: JobError | None = None,
    ) -> None:
        """Write what is buffered, then `end`.

        Raises:
            WriteRefused, JobNotFound: as `run`.
        """
        await self.last_write(
            lambda sent: self._log.close(self._holder, sent + 1, status, result=result, error=error)
        )

    async def last_write(self, write: Callable[[int], Awaitable[None]]) -> None:
        """Write what ends the attempt, behind all that is buffered.

        Args:
            write: given the highest number sent; made anew where the store has forgotten some.

        Raises:
            WriteRefused, JobNotFound: as `run`.
        """
        await self.flushed()

        async def insisted() -> None:
            try:
                await write(self._last_seq)
            except SequenceHole:
                await self._reopen(self._last_seq + 1)
                await write(self._last_seq)

        await insist(insisted, for_s=None)

    async def _write_batch(self) -> None:
        batch = self._next_batch()
        # A batch once sent is sent again unchanged, so that the store knows a repeat.
        await insist(lambda: self._append(batch), for_s=None)
        self._last_seq += len(batch)
        del self._buffer[: len(batch)]
        self._buffered_bytes -= _bytes_of(batch)
        if len(self._buffer) < BUFFER_EVENTS and self._buffered_bytes < BUFFER_BYTES:
            self._room.set()
        self._written += len(batch)
        self._progress.set()
        self._progress = asyncio.Event()

    async def _append(self, batch: list[Event]) -> None:
        try:
            await self._log.append(self._holder, self._last_seq + 1, batch)
        except SequenceHole:
            await self._reopen(self._last_seq + len(batch))
            await self._log.append(self._holder, self._last_seq + 1, batch)

    async def _reopen(self, floor: int) -> None:
        """Go on above every number ever sent: the store has forgotten some that it had taken."""
        job = await self._jobs.open_attempt(self._holder, floor)
        self._last_seq = job.seq

    def _next_batch(self) -> list[Event]:
        """What fits into one write; one event always does."""
        if self._buffered_bytes <= BATCH_BYTES:
            return self._buffer[:BATCH_EVENTS]
        sizes = accumulate(len(event.data) for event in self._buffer[:BATCH_EVENTS])
        fitting = sum(1 for size in sizes if size <= BATCH_BYTES)
        return self._buffer[: max(fitting, 1)]


def _bytes_of(events: Sequence[Event]) -> int:
    return sum(map(len, map(_DATA, events)))
