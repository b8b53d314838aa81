"""What an attempt gives, in the graph's own order: events, what tasks wrote, checkpoints.

Several in one call, under one fence. So a checkpoint is never ahead of the log, and what a finished
task wrote is stored with the event that says so. A call of events alone is `event_log`'s.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Final

from tailrace.shared.events import Event
from tailrace.shared.jobs import Holder
from tailrace.shared.log_store.blobs.blob_store import BlobStore
from tailrace.shared.log_store.checkpoints.checkpoint_store import (
    PART,
    Checkpoint,
    Place,
    Write,
    checkpoint_args,
    ref_of,
    writes_args,
)
from tailrace.shared.log_store.events.event_log import EventLog, runs
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.log_store.of_job import run_of_job
from tailrace.shared.redis.connection import Client
from tailrace.shared.redis.scripts import Argument
from tailrace.shared.settings import SharedSettings

PIECE_BYTES: Final = 256 * 1024
"""A larger value goes ahead in pieces of this size: a call that is too long holds up others."""


@dataclass(frozen=True, slots=True)
class TaskWrites:
    """What one task wrote on top of a checkpoint."""

    place: Place
    checkpoint_id: str
    writes: Sequence[Write]

    @property
    def size(self) -> int:
        """Bytes of the values."""
        return sum(len(write.value) for write in self.writes)


@dataclass(frozen=True, slots=True)
class NewCheckpoint:
    """A graph's state after a step."""

    place: Place
    checkpoint: Checkpoint
    changed: Mapping[str, bytes]
    """Values of the channels that have changed."""
    all_values: Callable[[], Mapping[str, bytes]]
    """Values of all channels, for a store that has forgotten some."""
    keep: int
    """How many of the namespace stay."""

    def whole(self) -> "NewCheckpoint":
        """The same with the values of all channels."""
        return replace(self, changed=self.all_values())

    @property
    def size(self) -> int:
        """Bytes of what is stored."""
        return len(self.checkpoint.checkpoint) + sum(map(len, self.changed.values()))


Entry = Event | TaskWrites | NewCheckpoint


class JournalStore:
    """The journals of all attempts on one store."""

    def __init__(self, redis: Client, settings: SharedSettings) -> None:
        self._redis = redis
        self._open_ttl_ms = round(settings.open_ttl_s * 1000)

    async def append(
        self, holder: Holder, first_seq: int, number: int, entries: Sequence[Entry]
    ) -> None:
        """Append a batch, its events under the numbers from `first_seq` on.

        Atomic, and repeatable with the same holder, number and entries.

        Args:
            holder: the attempt.
            first_seq: number of the first event, or of the next one where there is none.
            number: the batch's, from 1 with each opening of the attempt.
            entries: in the order in which they become visible.

        Raises:
            ValuesLacking: a checkpoint needs a value that the store does not have.
            SequenceHole: the store lacks what it once acknowledged.
            Fenced, LogClosed, SequenceTaken: as `EventLog.append`.
            JobNotFound: the record has expired.
            StoreUnavailable: the batch may or may not have been stored.
        """
        last_seq = first_seq - 1 + sum(isinstance(entry, Event) for entry in entries)
        parts: list[Argument] = []
        for kind, group in groupby(entries, type):
            if kind is Event:
                for name, lines in _pairs(runs([e for e in group if isinstance(e, Event)])):
                    parts += ["e", name, lines]
                continue
            for entry in group:
                parts += await self._stored_ahead(holder, entry)
        await run_of_job(
            self._redis,
            "log_store/journal/journal",
            holder.job_id,
            holder.thread,
            *parts,
            attempt=holder.attempt,
            token=holder.token,
            first_seq=first_seq,
            last_seq=last_seq,
            open_ttl_ms=self._open_ttl_ms,
            batch=number,
        )

    async def _stored_ahead(self, holder: Holder, entry: Entry) -> list[Argument]:
        """The entry's arguments; what is too large in it is stored before."""
        match entry:
            case TaskWrites(place, checkpoint_id, writes):
                light = [await self._light_write(holder, entry, write) for write in writes]
                return ["w", *writes_args(place, checkpoint_id, light)]
            case NewCheckpoint(place, checkpoint, changed, _, keep):
                ns = place.ns
                light_values = {
                    channel: await self._light(
                        holder, f"blob:{ns}{PART}{ref_of(channel, checkpoint.versions[channel])}", v
                    )
                    for channel, v in changed.items()
                }
                return ["c", *checkpoint_args(place, checkpoint, light_values, keep)]
            case Event():
                raise TypeError("an event is not state")

    async def _light_write(self, holder: Holder, of: TaskWrites, write: Write) -> Write:
        parts = (f"write:{of.place.ns}", of.checkpoint_id, write.task, str(write.index))
        value = await self._light(holder, PART.join(parts), write.value)
        return Write(write.task, write.index, write.path, write.channel, value)

    async def _light(self, holder: Holder, field: str, value: bytes) -> bytes:
        """The value, or the number of its pieces where it is too large for one call."""
        if len(value) <= PIECE_BYTES:
            return value
        count = math.ceil(len(value) / PIECE_BYTES)
        for n in range(count):
            piece = value[n * PIECE_BYTES : (n + 1) * PIECE_BYTES]
            await run_of_job(
                self._redis,
                "log_store/journal/piece",
                holder.job_id,
                holder.thread,
                attempt=holder.attempt,
                token=holder.token,
                open_ttl_ms=self._open_ttl_ms,
                field=f"piece:{field}{PART}{n + 1}",
                data=piece,
            )
        return b"\0%d" % count


@dataclass(frozen=True, slots=True)
class JournalStores:
    """Where an attempt writes."""

    log: EventLog
    journal: JournalStore
    jobs: JobStore
    blobs: BlobStore


def _pairs(flat: Iterator[Argument]) -> Iterator[tuple[Argument, Argument]]:
    return zip(flat, flat, strict=True)
