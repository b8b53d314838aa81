"""What an attempt gives, in the graph's own order: events, what tasks wrote, checkpoints.

Several in one call, under one fence. So a checkpoint is never ahead of the log, and what a finished
task wrote is stored with the event that says so. A call of events alone is `event_log`'s.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any, Final, Literal

from tailrace.shared.events import Event
from tailrace.shared.jobs import Holder
from tailrace.shared.log_store.blobs.blob_store import BlobStore
from tailrace.shared.log_store.checkpoints.checkpoint_store import (
    PART,
    Checkpoint,
    Keep,
    Place,
    Write,
    checkpoint_args,
    ref_of,
    writes_args,
)
from tailrace.shared.log_store.checkpoints.parts import is_element
from tailrace.shared.log_store.events.event_log import EventLog, runs
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.log_store.of_job import run_of_job
from tailrace.shared.redis.connection import Client
from tailrace.shared.redis.scripts import Argument
from tailrace.shared.settings import SharedSettings

PIECE_BYTES: Final = 256 * 1024
"""A larger value goes ahead in pieces of this size: a call that is too long holds up others."""
_FIELDS_BYTES: Final = 4 * PIECE_BYTES
"""If an entry brings more than this, its elements go ahead too."""


@dataclass(frozen=True, slots=True)
class TaskWrites:
    """What one task wrote on top of a checkpoint."""

    place: Place
    checkpoint_id: str
    writes: Sequence[Write]

    def whole(self) -> "TaskWrites":
        """The same: they refer to nothing."""
        return self

    @property
    def size(self) -> int:
        """Bytes of the values."""
        return sum(len(write.value) + len(write.shown) for write in self.writes)


@dataclass(frozen=True, slots=True)
class NewCheckpoint:
    """A graph's state after a step."""

    place: Place
    checkpoint: Checkpoint
    changed: Mapping[str, bytes]
    """Values of the channels that have changed."""
    all_values: Callable[[], Mapping[str, bytes]]
    """Values of all channels, for a store that has forgotten some."""
    keep: Keep
    """How much of the namespace stays."""
    fields: Mapping[bytes, bytes] = field(default_factory=dict[bytes, bytes])
    """Parts of lists, and what is shown, that the store lacks."""
    all_fields: Callable[[], Mapping[bytes, bytes]] = dict
    """The same for a store that has forgotten some."""

    def whole(self) -> "NewCheckpoint":
        """The same with the values of all channels."""
        return replace(self, changed=self.all_values(), fields=self.all_fields())

    @property
    def size(self) -> int:
        """Bytes of what is stored."""
        checkpoint = self.checkpoint
        stored = len(checkpoint.checkpoint) + len(checkpoint.snapshot)
        return stored + _size(self.changed) + _size(self.fields)


@dataclass(frozen=True, slots=True)
class NewView:
    """What a stored checkpoint is shown as from now on (`snapshots.py`)."""

    place: Place
    checkpoint_id: str
    kind: Literal["snap", "live"]
    """Of its own step, or as the newest with what finished tasks have changed since."""
    text: bytes
    fields: Mapping[bytes, bytes]
    """Parts of lists, and what is shown, that the store lacks."""
    all_fields: Callable[[], Mapping[bytes, bytes]]

    def whole(self) -> "NewView":
        """The same with all that it refers to."""
        return replace(self, fields=self.all_fields())

    @property
    def size(self) -> int:
        """Bytes of what is stored."""
        return len(self.text) + _size(self.fields)


State = TaskWrites | NewCheckpoint | NewView
Entry = Event | State


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
                fields = await self._light_fields(holder, entry.fields)
                return ["c", *checkpoint_args(place, checkpoint, light_values, keep, fields)]
            case NewView(place, checkpoint_id, kind, text):
                fields = await self._light_fields(holder, entry.fields)
                args: list[Argument] = ["v", place.ns, checkpoint_id, kind, text, len(fields)]
                for name, value in fields.items():
                    args += [name, value]
                return args
            case Event():
                raise TypeError("an event is not state")

    async def _light_fields(
        self, holder: Holder, fields: Mapping[bytes, bytes]
    ) -> Mapping[bytes, bytes]:
        """The fields without what is too large for one call, which is stored before."""
        light = {name: await self._light(holder, name, value) for name, value in fields.items()}
        if _size(light) <= _FIELDS_BYTES:
            return light
        ahead: list[Argument] = []
        size = 0
        for name, value in light.items():
            if not is_element(name, fields[name]):
                continue
            ahead += [name, value]
            size += len(value)
            if size > PIECE_BYTES:
                await self._ahead(holder, ahead)
                ahead, size = [], 0
        if ahead:
            await self._ahead(holder, ahead)
        return {name: value for name, value in light.items() if not is_element(name, fields[name])}

    async def _ahead(self, holder: Holder, fields: Sequence[Argument]) -> None:
        await run_of_job(
            self._redis,
            "log_store/journal/ahead",
            holder.job_id,
            holder.thread,
            len(fields) // 2,
            *fields,
            attempt=holder.attempt,
            token=holder.token,
            open_ttl_ms=self._open_ttl_ms,
        )

    async def _light_write(self, holder: Holder, of: TaskWrites, write: Write) -> Write:
        parts = (f"write:{of.place.ns}", of.checkpoint_id, write.task, str(write.index))
        field = PART.join(parts)
        value = await self._light(holder, field, write.value)
        shown = await self._light(holder, f"show:{field}", write.shown)
        return replace(write, value=value, shown=shown)

    async def _light(self, holder: Holder, field: str | bytes, value: bytes) -> bytes:
        """The value, or the number of its pieces where it is too large for one call."""
        if len(value) <= PIECE_BYTES:
            return value
        count = math.ceil(len(value) / PIECE_BYTES)
        name = field.encode() if isinstance(field, str) else field
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
                field=b"piece:%b\1%d" % (name, n + 1),
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


def _size(values: Mapping[Any, bytes]) -> int:
    return sum(map(len, values.values()))


def _pairs(flat: Iterator[Argument]) -> Iterator[tuple[Argument, Argument]]:
    return zip(flat, flat, strict=True)
