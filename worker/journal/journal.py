"""Writes what a run produces to the store, in order: in batches, one in flight.

What arrives while a batch is in flight makes up the next one, and the first event never waits. A
bounded buffer slows down the graph.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, Literal, cast

from tailrace.shared.errors import Fenced, SequenceHole, StoreUnavailable, ValuesLacking
from tailrace.shared.events import Event
from tailrace.shared.jobs import FinalStatus, Holder, JobError, JobId
from tailrace.shared.log_store.blobs.blob_store import Blob
from tailrace.shared.log_store.checkpoints.checkpoint_store import Place
from tailrace.shared.log_store.journal.journal import (
    Entry,
    JournalStores,
    NewCheckpoint,
    State,
)
from tailrace.shared.log_store.results import ResultAt
from tailrace.worker.journal.batches import (
    BATCH_BYTES,
    BATCH_EVENTS,
    bytes_of,
    events_in,
    is_state,
    next_batch,
    size_of,
)
from tailrace.worker.journal.held_writes import HeldWrites
from tailrace.worker.journal.lasting_state import LastingState
from tailrace.worker.runtime.retry import persistent, until_stored

BUFFER_EVENTS: Final = 2 * BATCH_EVENTS
BUFFER_BYTES: Final = 4 * BATCH_BYTES
TURN_EVENTS: Final = 64
"""After so many events others get a turn: to send a write takes several."""


class Journal:
    """The one writer of an attempt. It retries until the attempt is stopped.

    Args:
        stores: where it writes, and what opens the log again if the store went back in time.
        holder: the attempt that has opened the log.
        last_seq: the log's last number.
    """

    def __init__(self, stores: JournalStores, holder: Holder, last_seq: int) -> None:
        self._stores = stores
        self._holder = holder
        self._last_seq = last_seq
        self._number = 0
        self._buffer: list[Entry] = []
        self._states = 0
        """How many entries in the buffer are not events."""
        self._buffered_bytes = 0
        self._work = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._written = 0
        self._progress = asyncio.Event()
        self._over = False
        self._ends_at: dict[Place, int] = {}
        self._lasting = LastingState()
        self._state: Literal["needed", "optional", "dropped"] = "needed"
        """Whether the graph's state is stored; `optional` until the store does not take it."""
        self.held = HeldWrites(self.add)

    async def put(self, event: Event) -> None:
        """Hand over an event; waits while the buffer is full, and yields now and then."""
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

    def add(self, entry: State) -> None:
        """Hand over state, which is stored after all that was handed over before."""
        if self.held.is_abandoned:
            return
        self._buffer.append(entry)
        self._states += 1
        self._buffered_bytes += entry.size
        self._ends_at[entry.place] = self._written + len(self._buffer)
        self._work.set()

    async def checkpoint(self, new: NewCheckpoint) -> None:
        """Hand over a checkpoint, after the writes of the tasks that it is based on."""
        await self.held.caught_up(new.place, new.checkpoint.id)
        self.add(new)
        self.held.checkpoint_is_there(new.place, new.checkpoint.id)

    async def run(self) -> None:
        """Write what is handed over, until cancelled.

        Raises:
            WriteRefused: nothing more can be written by this attempt.
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
        """Wait until everything that was handed over so far is stored.

        Raises:
            Fenced: it never will be, since `run` has ended.
        """
        await self._until_written(self._written + len(self._buffer))

    async def stored(self, place: Place) -> None:
        """Wait until all state of a namespace that was handed over so far is stored.

        Raises:
            Fenced: as `flushed`.
        """
        await self._until_written(self._ends_at.get(place, 0))

    async def blob(self, data: bytes, media_type: str, *, most: int) -> Blob:
        """Store a large value at once, so that an event handed over later can refer to it.

        Args:
            data: the value.
            media_type: what it is.
            most: bytes that all such values of the job may have together.

        Raises:
            BlobsFull, WriteRefused, JobNotFound: as `BlobStore.put`.
            StoreUnavailable: after half a minute.
        """
        blobs = persistent(self._stores.blobs)
        return await blobs.put(self._holder, data, media_type, most=most)

    def knows(self, place: Place) -> bool:
        """Whether state of the namespace was ever handed over."""
        return place in self._ends_at

    async def close(
        self,
        status: FinalStatus,
        *,
        result: bytes | None = None,
        error: JobError | None = None,
        at: ResultAt | None = None,
    ) -> JobId | None:
        """Write what is buffered, then `end`; what `last_write` returns.

        Raises:
            WriteRefused, JobNotFound: as `run`.
        """
        log, holder = self._stores.log, self._holder
        self._state = "needed" if status == "succeeded" else "optional"
        return await self.last_write(
            lambda sent: log.close(holder, sent + 1, status, result=result, error=error, at=at)
        )

    async def last_write(self, write: Callable[[int], Awaitable[JobId | None]]) -> JobId | None:
        """Write what ends the attempt, after all that is buffered.

        Returns the job that has to be queued now, since it is next on the thread.

        Args:
            write: gets the highest number sent; called again if the store has lost some.

        Raises:
            WriteRefused, JobNotFound: as `run`.
        """
        await self.flushed()

        async def written() -> JobId | None:
            try:
                return await write(self._last_seq)
            except SequenceHole:
                await self._reopen(self._last_seq + 1)
                if self._lasting.owed:
                    await self._append([])
                return await write(self._last_seq)

        return await until_stored(written, for_s=None)

    async def _until_written(self, awaited: int) -> None:
        while self._written < awaited:
            if self._over:
                raise Fenced(self._holder.attempt)
            await self._progress.wait()

    async def _write_batch(self) -> None:
        batch = next_batch(self._buffer, self._buffered_bytes)
        # A batch is sent again unchanged, so that the store recognizes a repeat.
        await until_stored(partial(self._append, batch), for_s=None)
        if self._states:
            events, size = events_in(batch), sum(map(size_of, batch))
        else:
            events, size = len(batch), bytes_of(cast("Sequence[Event]", batch))
        self._last_seq += events
        self._states -= len(batch) - events
        del self._buffer[: len(batch)]
        self._buffered_bytes -= size
        if len(self._buffer) < BUFFER_EVENTS and self._buffered_bytes < BUFFER_BYTES:
            self._room.set()
        self._written += len(batch)
        self._progress.set()
        self._progress = asyncio.Event()

    async def _append(self, batch: Sequence[Entry]) -> None:
        try:
            await self._append_once(batch)
        except SequenceHole:
            await self._reopen(self._last_seq + events_in(batch))
            await self._append_once(batch)

    async def _append_once(self, batch: Sequence[Entry]) -> None:
        entries = [*self._lasting.owed, *batch] if self._lasting.owed else batch
        if self._state == "dropped":
            entries = [entry for entry in batch if isinstance(entry, Event)]
        # If all of the buffer are events, none of them is examined.
        if (self._states or self._lasting.owed) and any(map(is_state, entries)):
            await self._append_state(entries)
        elif entries:
            await self._stores.log.append(
                self._holder, self._last_seq + 1, cast("Sequence[Event]", entries)
            )

    async def _append_state(self, entries: Sequence[Entry]) -> None:
        store, first, number = self._stores.journal, self._last_seq + 1, self._number + 1
        try:
            await store.append(self._holder, first, number, entries)
        except StoreUnavailable:
            # A full store takes the small `end` of a job that has failed, but no state.
            if self._state == "optional":
                self._state = "dropped"
            raise
        except ValuesLacking:
            whole = [e if isinstance(e, Event) else e.whole() for e in entries]
            await store.append(self._holder, first, number, whole)
        self._number = number
        self._lasting.keep([e for e in entries if not isinstance(e, Event)])

    async def _reopen(self, floor: int) -> None:
        """Continue above every number ever sent: the store has lost some that it had stored."""
        job = await self._stores.jobs.open_attempt(self._holder, floor)
        self._last_seq, self._number = job.seq, 0
        self._lasting.owe_everything()
