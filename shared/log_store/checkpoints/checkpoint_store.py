"""Checkpoints of graphs, in bytes: one hash a thread.

Owns what is kept and for how long. Knows nothing of LangGraph: the worker makes the bytes and reads
them. The hash's fields are told in `checkpoints.lua`.
"""

from collections.abc import AsyncGenerator, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Final

from tailrace.shared.errors import StoreUnavailable
from tailrace.shared.log_store.checkpoints.parts import PART as PART_FIELD
from tailrace.shared.log_store.checkpoints.parts import Parts, is_tree, read_parts
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import copy, hget, keys_like, unlink
from tailrace.shared.redis.connection import Client
from tailrace.shared.redis.scripts import Argument, run_script
from tailrace.shared.settings import SharedSettings

EVERY: Final = 0
"""Keep all checkpoints of a namespace, not only the newest."""

_ROOT_HEAD: Final = "head:"
PART: Final = "\1"
"""Divides the parts of a name, none of which has it in it."""


@dataclass(frozen=True, slots=True)
class Place:
    """One graph's own checkpoints: a namespace of a thread."""

    thread: str
    ns: str


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A graph's state at one moment, but for the values of its channels."""

    id: str
    """Ids made later sort later."""
    parent: str
    """Id of the checkpoint before it, or ''."""
    checkpoint: bytes
    metadata: bytes
    versions: Mapping[str, str]
    """Version of each channel that has a value."""
    span: int = 1
    """How many checkpoints its state is rebuilt from, itself included."""
    opened_by: tuple[str, str] | None = None
    """Namespace and id of the checkpoint whose task this namespace lives in, and goes with."""
    snapshot: bytes = b""
    """What readers without the graph are shown (`snapshots.py`); '' for nothing."""
    shown: Mapping[str, str] = field(default_factory=dict[str, str])
    """Version of each channel that is shown from a field of its own."""


@dataclass(frozen=True, slots=True)
class Write:
    """What a task gave to a channel."""

    task: str
    index: int
    """Its place among the task's writes; below zero for those that may be replaced."""
    path: str
    channel: str
    value: bytes
    shown: bytes = b""
    """The value as JSON, where a reader without the graph needs it."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How much of a namespace stays."""

    count: int
    """How many checkpoints, or `EVERY`. Of a longer chain, up to a quarter more."""
    within_s: float = 0
    """For how long, however many there are; 0 for any time. The newest stays."""


@dataclass(frozen=True, slots=True)
class Stored:
    """A checkpoint as it was read."""

    id: str
    parent: str
    checkpoint: bytes
    metadata: bytes
    values: Mapping[str, bytes]
    """By channel; of a list that is stored by its elements, the root."""
    writes: Sequence[Write]
    """In no particular order."""
    parts: Parts | None = None
    """The elements of those lists."""


def checkpoint_args(
    place: Place,
    new: Checkpoint,
    changed: Mapping[str, bytes],
    keep: Keep,
    fields: Mapping[bytes, bytes] | None = None,
) -> list[Argument]:
    """A checkpoint as the scripts read it (`read_checkpoint` in `checkpoints.lua`)."""
    refs = [ref_of(channel, version) for channel, version in new.versions.items()]
    shows = [ref_of(channel, version) for channel, version in new.shown.items()]
    args: list[Argument] = [place.ns, new.id, new.parent, new.span, new.checkpoint, new.metadata]
    args += [keep.count, round(keep.within_s * 1000), *(new.opened_by or ("", "")), new.snapshot]
    args += [len(refs), *refs, len(shows), *shows, len(changed) + len(fields or ())]
    for channel, value in changed.items():
        args += [f"blob:{place.ns}{PART}{ref_of(channel, new.versions[channel])}", value]
    for name, value in (fields or {}).items():
        args += [name, value]
    return args


def writes_args(place: Place, checkpoint_id: str, writes: Sequence[Write]) -> list[Argument]:
    """What one task wrote as the scripts read it (`read_writes` in the same library)."""
    args: list[Argument] = [place.ns, checkpoint_id, writes[0].task, writes[0].path, len(writes)]
    for write in writes:
        args += [write.index, write.channel, write.value, write.shown]
    return args


def ref_of(channel: str, version: str) -> str:
    """How a checkpoint refers to the value of a channel."""
    return f"{channel}{PART}{version}"


class CheckpointStore:
    """The checkpoints of all threads on one log store.

    Nothing here is fenced: what an attempt writes of its own job goes through the journal.
    """

    def __init__(self, redis: Client, settings: SharedSettings) -> None:
        self._redis = redis
        self._ttl_ms = round(settings.open_ttl_s * 1000)

    async def put(
        self,
        place: Place,
        new: Checkpoint,
        changed: Mapping[str, bytes],
        *,
        keep: Keep,
        fields: Mapping[bytes, bytes] | None = None,
    ) -> None:
        """Store a checkpoint, and drop all but the newest `keep` and what those are rebuilt from.

        One call, repeatable.

        Args:
            place: whose checkpoint it is.
            new: the checkpoint.
            changed: values of the channels that have changed; the store has the others.
            keep: how many.
            fields: parts of lists, and what is shown, that the store lacks.

        Raises:
            ValuesLacking: the store lacks the value of an unchanged channel; put all values.
            StoreUnavailable: it may or may not have been stored.
        """
        await run_script(
            self._redis,
            "log_store/checkpoints/put",
            keys.of_checkpoints(place.thread),
            *checkpoint_args(place, new, changed, keep, fields),
            ttl_ms=self._ttl_ms,
        )

    async def put_writes(self, place: Place, checkpoint_id: str, writes: Sequence[Write]) -> None:
        """Store what one task wrote on top of a checkpoint, which itself may come later.

        One call, repeatable; a write with an index that is known stays as it is.

        Raises:
            StoreUnavailable: it may or may not have been stored.
        """
        if writes:
            await run_script(
                self._redis,
                "log_store/checkpoints/write",
                keys.of_checkpoints(place.thread),
                *writes_args(place, checkpoint_id, writes),
                ttl_ms=self._ttl_ms,
            )

    async def get(self, place: Place, checkpoint_id: str | None = None) -> Stored | None:
        """Read a checkpoint, the newest without an id; None where there is none.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        reply = await run_script(
            self._redis,
            "log_store/checkpoints/read",
            keys.of_checkpoints(place.thread),
            ns=place.ns,
            id=checkpoint_id or "",
        )
        return await self._with_parts(place, _stored(iter(reply))) if reply else None

    async def _with_parts(self, place: Place, stored: Stored) -> Stored:
        roots = [value for value in stored.values.values() if is_tree(value)]
        if not roots:
            return stored
        key = keys.checkpoints(place.thread)
        parts = await read_parts(self._redis, key, roots, PART_FIELD)
        if parts is None:
            raise StoreUnavailable(f"{key} lacks a part of {stored.id}")
        return replace(stored, parts=parts)

    async def newest(self, thread: str) -> str | None:
        """Id of the newest checkpoint of a thread's graph itself.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        found = await hget(self._redis, keys.checkpoints(thread), _ROOT_HEAD)
        return found.decode() if found else None

    async def ids(self, thread: str) -> list[tuple[str, str]]:
        """Namespace and id of each checkpoint of a thread.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        reply = await run_script(
            self._redis, "log_store/checkpoints/list", keys.of_checkpoints(thread)
        )
        flat = [part.decode() for part in reply]
        return list(zip(flat[::2], flat[1::2], strict=True))

    async def threads(self) -> AsyncGenerator[str]:
        """The threads that have checkpoints. Walks through the whole store: for operators only.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        async with aclosing(keys_like(self._redis, keys.ALL_CHECKPOINTS)) as found:
            async for key in found:
                yield keys.thread_of_checkpoints(key)

    async def prune(self, thread: str) -> None:
        """Keep each namespace's newest checkpoint, and what it is rebuilt from.

        Raises:
            StoreUnavailable: it may or may not have been done.
        """
        await run_script(self._redis, "log_store/checkpoints/prune", keys.of_checkpoints(thread))

    async def drop(self, place: Place, checkpoint_ids: Sequence[str]) -> None:
        """Delete some checkpoints with what goes with them.

        Raises:
            StoreUnavailable: it may or may not have been done.
        """
        await run_script(
            self._redis,
            "log_store/checkpoints/drop",
            keys.of_checkpoints(place.thread),
            *checkpoint_ids,
            ns=place.ns,
        )

    async def delete(self, thread: str) -> None:
        """Delete all checkpoints of a thread.

        Raises:
            StoreUnavailable: it may or may not have been done.
        """
        await unlink(self._redis, keys.checkpoints(thread))

    async def copy(self, source: str, target: str) -> None:
        """Give one thread the checkpoints of another, which may live on another node.

        Raises:
            StoreUnavailable: it may or may not have been done.
        """
        from_, to = keys.checkpoints(source), keys.checkpoints(target)
        await copy(self._redis, from_, to, self._ttl_ms)


def _stored(reply: Iterator[bytes]) -> Stored:
    id_, parent = next(reply).decode(), next(reply).decode()
    checkpoint, metadata = next(reply), next(reply)
    refs = [(next(reply).decode(), next(reply)) for _ in range(int(next(reply)))]
    values = {ref.rpartition(PART)[0]: value for ref, value in refs}
    return Stored(id_, parent, checkpoint, metadata, values, tuple(_writes(reply)))


def _writes(reply: Iterator[bytes]) -> Iterator[Write]:
    for task, index, path, channel, value in zip(*[reply] * 5, strict=True):
        yield Write(task.decode(), int(index), path.decode(), channel.decode(), value)
