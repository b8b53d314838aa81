"""LangGraph's checkpointer: an attempt writes to its journal and reads from the store.

What is kept, and for how long, is up to `shared.log_store.checkpoints.checkpoint_store`.
"""

import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from types import CoroutineType
from typing import Any, Final, TypeVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
)

from tailrace.shared.errors import (
    JobNotFound,
    StoreUnavailable,
    Unserializable,
    ValuesLacking,
    WriteRefused,
)
from tailrace.shared.log_store.checkpoints import checkpoint_store as kept
from tailrace.shared.log_store.checkpoints.checkpoint_store import (
    EVERY,
    CheckpointStore,
    Keep,
    Place,
)
from tailrace.shared.log_store.journal.journal import NewCheckpoint, TaskWrites
from tailrace.shared.log_store.results import ResultAt
from tailrace.worker.checkpoints.chain import Chain
from tailrace.worker.checkpoints.codec import CheckpointCodec, config_of, configurable, place_of
from tailrace.worker.checkpoints.ids import make_later_than
from tailrace.worker.checkpoints.serializer import StateSerializer
from tailrace.worker.checkpoints.snapshots import Snapshots
from tailrace.worker.checkpoints.sync_saver import SyncSaver
from tailrace.worker.journal.own_thread import OwnThread, what_counts
from tailrace.worker.runtime.turns import in_turns

T = TypeVar("T")

_ALL: Final = Keep(EVERY)
_LARGE_RESULT: Final = 4096
"""Bytes of a result from which on it is not stored beside the state that has it."""


class CheckpointSaver(SyncSaver):
    """A LangGraph checkpointer on the log store. Calls are repeated while it is unavailable.

    Args:
        store: where the bytes are.
        own: the thread that is written through the journal; a graph may use others besides.
        keep: how many checkpoints of each namespace to keep, or `EVERY`.
    """

    def __init__(
        self, store: CheckpointStore, *, own: OwnThread | None = None, keep: Keep = _ALL
    ) -> None:
        serializer = StateSerializer()
        super().__init__(serializer)
        self._codec = CheckpointCodec(serializer)
        self._store = in_turns(store)
        self._own = own
        self._keep = keep
        self._chain = Chain(own, self._codec, keep) if own is not None and own.is_shared else None
        self._seen: dict[Place, Mapping[str, Any]] = {}
        """What the nodes of each namespace had seen at its newest checkpoint."""

    def show(self, graph: Any) -> None:
        """Show readers the states of this graph, which has this checkpointer; needs a thread."""
        if self._chain is not None:
            self._chain.snapshots = Snapshots(graph)

    async def settled(self, run: Awaitable[T]) -> T:
        """What the run gives, once readers are shown what it has left in no checkpoint.

        Raises:
            Exception: what the run raises, or `StoreUnavailable`.
        """
        try:
            found = await run
        except (WriteRefused, JobNotFound, StoreUnavailable):
            raise
        except Exception:
            if self._chain is not None:
                await self._chain.settle()
            raise
        if self._chain is not None:
            await self._chain.settle()
        return found

    def result_at(self, result: bytes, output: Callable[[Any], Any]) -> ResultAt | None:
        """Where a thread's newest state has this result; None if it is small, or differs.

        Args:
            result: JSON.
            output: the part of a state that a graph gives as its result.
        """
        if self._chain is None or len(result) < _LARGE_RESULT:
            return None
        return self._chain.result_at(result, output)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Read the checkpoint that the config names, or the newest."""
        place, id_ = self._place(config), get_checkpoint_id(config)
        if (own := self._own_of(place)) is not None:
            if own.is_new and not own.journal.knows(place):
                return None
            await own.journal.stored(place)
        stored = await self._store.get(place, id_)
        if stored is None:
            return None
        make_later_than(stored.id)
        found = self._codec.tuple(self._seen_as(place), stored)
        if own is not None and self._chain is not None:
            self._chain.was_read(place, stored, found.checkpoint, newest=id_ is None)
        # A copy: LangGraph changes what it gets here.
        self._seen[place] = {n: dict(v) for n, v in found.checkpoint["versions_seen"].items()}
        if own is not None:
            own.journal.held.checkpoint_is_there(place, stored.id)
        return found

    async def alist(
        self,
        config: RunnableConfig | None,
        *,
        filter: dict[str, Any] | None = None,
        before: RunnableConfig | None = None,
        limit: int | None = None,
    ) -> AsyncIterator[CheckpointTuple]:
        """Read a thread's checkpoints, newest first; those of all threads without a config."""
        left = limit
        async for place, id_ in self._listed(config, before):
            if left == 0:
                return
            found = await self.aget_tuple(config_of(self._seen_as(place), id_))
            if found is not None and (filter or {}).items() <= found.metadata.items():
                left = left and left - 1
                yield found

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Store a checkpoint and the channels that have changed.

        Raises:
            Unserializable: the state contains something that is not data.
            StoreUnavailable: after half a minute; for the job's own thread, the journal retries.
            Fenced: the job is no longer this attempt's.
        """
        place = self._place(config)
        own = self._own_of(place)
        new = self._packed(place, config, checkpoint, metadata)
        if own is not None and self._chain is not None:
            entry = await self._chain.new(config, checkpoint, metadata, new)
        else:
            entry = self._new(place, checkpoint, new, new_versions)
        if own is None:
            await self._put(entry)
        else:
            await own.put(entry)
            if self._chain is not None:
                await self._chain.was_put(place, new.id)
        return config_of(self._seen_as(place), new.id)

    def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> "CoroutineType[Any, Any, None]":
        """Store what a task wrote on top of a checkpoint.

        Not a coroutine function, because the journal keeps the order of the calls: right after
        this one, LangGraph puts the task's end into its stream.

        Raises:
            Unserializable, StoreUnavailable, Fenced: as `aput`, when awaited.
        """
        place, id_ = self._place(config), configurable(config)["checkpoint_id"]
        own = self._own_of(place)
        counting = writes if own is None else what_counts(writes)
        chain = self._chain if own is not None else None
        shown = [] if chain is None else [chain.shown_write(place.ns)]
        try:
            new = TaskWrites(place, id_, self._codec.writes(counting, task_id, task_path, *shown))
        except Unserializable as error:
            return _failed(error)
        if chain is not None:
            chain.was_written(place, id_, task_id, [channel for channel, _ in counting])
        return self._put_writes(new) if own is None else own.put_writes(new)

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete all checkpoints of a thread."""
        await self._store.delete(self._name(thread_id))

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete the checkpoints of these runs, in whatever thread."""
        every = [found async for found in self.alist(None)]
        for found in (f for f in every if f.metadata.get("run_id") in run_ids):
            place, id_ = self._place(found.config), found.checkpoint["id"]
            await self._store.drop(place, [id_])

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Copy the checkpoints of one thread to another."""
        await self._store.copy(self._name(source_thread_id), self._name(target_thread_id))

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Keep each namespace's newest checkpoint and what it is rebuilt from, or delete all."""
        call = self._store.delete if strategy == "delete" else self._store.prune
        for thread in thread_ids:
            await call(self._name(thread))

    def get_next_version(self, current: str | int | None, channel: None) -> str:  # noqa: ARG002
        """A version that sorts above the current one, and that no other branch ever uses."""
        number = int(str(current or 0).partition(".")[0]) + 1
        return f"{number:010}.{secrets.token_hex(4)}"

    def _name(self, thread_id: str) -> str:
        """What the store calls a thread that the graph knows by this id."""
        return self._own.name if self._own is not None and self._own.id == thread_id else thread_id

    def _place(self, config: RunnableConfig) -> Place:
        """Whose checkpoints the config is about, as the store names them."""
        place = place_of(config)
        return Place(self._name(place.thread), place.ns)

    def _seen_as(self, place: Place) -> Place:
        """The same as the graph names them."""
        own = self._own
        return Place(own.id, place.ns) if own and own.name == place.thread else place

    def _own_of(self, place: Place) -> OwnThread | None:
        return self._own if self._own is not None and self._own.name == place.thread else None

    def _packed(
        self,
        place: Place,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
    ) -> kept.Checkpoint:
        """A checkpoint without values; says which nodes have run since the one before it."""
        seen, before = checkpoint["versions_seen"], self._seen.get(place, {})
        self._seen[place] = seen
        ran = [node for node in seen if seen[node] != before.get(node)]
        return self._codec.checkpoint(config, checkpoint, metadata, ran)

    def _new(
        self,
        place: Place,
        checkpoint: Checkpoint,
        new: kept.Checkpoint,
        new_versions: ChannelVersions,
    ) -> NewCheckpoint:
        values = partial(self._codec.values, checkpoint)
        changed = values([name for name in new_versions if name in new.versions])
        return NewCheckpoint(place, new, changed, lambda: values([*new.versions]), self._keep)

    async def _put(self, new: NewCheckpoint) -> None:
        put = partial(self._store.put, new.place, new.checkpoint, keep=new.keep)
        try:
            await put(new.changed)
        except ValuesLacking:
            # The store went back in time and lost a value that has not changed since.
            await put(new.all_values())

    async def _put_writes(self, new: TaskWrites) -> None:
        await self._store.put_writes(new.place, new.checkpoint_id, new.writes)

    async def _listed(
        self, config: RunnableConfig | None, before: RunnableConfig | None
    ) -> AsyncIterator[tuple[Place, str]]:
        """Place and id of the checkpoints that the configs ask for, newest first."""
        wanted, below = configurable(config), configurable(before).get("checkpoint_id")
        ns, only = wanted.get("checkpoint_ns"), wanted.get("checkpoint_id")
        if self._own is not None:
            await self._own.journal.flushed()
        threads = (
            [self._place(config).thread] if config else [t async for t in self._store.threads()]
        )
        for thread in threads:
            ids = await self._store.ids(thread)
            for found, id_ in sorted(ids, key=lambda pair: pair[1], reverse=True):
                if ns in {None, found} and only in {None, id_} and (not below or id_ < below):
                    yield Place(thread, found), id_


async def _failed(error: Exception) -> None:
    raise error
