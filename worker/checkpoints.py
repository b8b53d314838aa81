"""Where an attempt goes on after a crash: LangGraph's checkpoints, kept beside the job.

What is kept of them, under which fence and for how long, is `tailrace.shared.checkpoint_store`'s.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, TypeVar

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    BaseCheckpointSaver,
    ChannelVersions,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
)

from tailrace.shared import checkpoint_store as kept
from tailrace.shared.checkpoint_store import EVERY, CheckpointStore, Place
from tailrace.shared.errors import SequenceHole, StoreUnavailable
from tailrace.shared.jobs import Holder, JobId
from tailrace.shared.redis import Client
from tailrace.shared.settings import SharedSettings
from tailrace.worker.checkpoint_codec import CheckpointCodec, config_of, configurable, place_of
from tailrace.worker.insist import FOR_S, insist
from tailrace.worker.serializer import StateSerializer
from tailrace.worker.sync_saver import SyncSaver
from tailrace.worker.task_writes import TaskWrites

T = TypeVar("T")

_AT_ONCE: Final = 2
"""Calls of one attempt at the same time: thousands of tasks leave connections for other jobs."""

_NEWEST: Final = 1
"""LangGraph goes on from the newest checkpoint alone; time travel is not offered."""


class Checkpoints:
    """The checkpoints of all jobs.

    Args:
        redis: the log store.
        settings: say how long an open job's keys live.
    """

    def __init__(self, redis: Client, settings: SharedSettings) -> None:
        self._store = CheckpointStore(redis, settings)

    def of(self, holder: Holder, writes: TaskWrites | None = None) -> BaseCheckpointSaver[str]:
        """The saver of one attempt; asked for in the loop that runs its graph.

        Args:
            holder: the attempt.
            writes: keeps what its tasks wrote behind what they said; None stores it at once.
        """
        return CheckpointSaver(self._store, holder=holder, keep=_NEWEST, writes=writes)

    async def exists(self, job_id: JobId) -> bool:
        """Whether the job's graph has a checkpoint to go on from.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        return await insist(lambda: self._store.exists(job_id))


class CheckpointSaver(SyncSaver):
    """A LangGraph checkpointer on the log store. Every call is tried again while that is away.

    Args:
        store: where the bytes go.
        holder: the attempt whose fence guards its job's thread; without one nothing is guarded.
        keep: how many checkpoints of a namespace to keep, or `EVERY`.
        writes: no checkpoint is ahead of the log then, or the next attempt would go on behind
            events that nobody has.
    """

    def __init__(
        self,
        store: CheckpointStore,
        *,
        holder: Holder | None = None,
        keep: int = EVERY,
        writes: TaskWrites | None = None,
    ) -> None:
        serializer = StateSerializer()
        super().__init__(serializer)
        self._codec = CheckpointCodec(serializer)
        self._store = store
        self._holder = holder
        self._keep = keep
        self._writes = writes
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def aget_tuple(self, config: RunnableConfig) -> CheckpointTuple | None:
        """Read the checkpoint that the config names, or the newest."""
        place, id_ = place_of(config), get_checkpoint_id(config)
        stored = await self._insist(lambda: self._store.get(place, id_))
        return None if stored is None else self._codec.tuple(place, stored)

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
            found = await self.aget_tuple(config_of(place, id_))
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
            WriteRefused: the job is another attempt's, or has ended.
            JobNotFound: the job's record has expired.
            Unserializable: the state holds something that is no data.
            StoreUnavailable: for half a minute.
        """
        if self._writes is not None:
            await self._writes.logged()
        place, values = place_of(config), partial(self._codec.values, checkpoint)
        new = self._codec.checkpoint(config, checkpoint, metadata)
        try:
            await self._put(place, new, values([n for n in new_versions if n in new.versions]))
        except SequenceHole:
            # The store went back in time, behind a value that has not changed since.
            await self._put(place, new, values([*new.versions]))
        if self._writes is not None:
            self._writes.supersede(place)
        return config_of(place, new.id)

    async def aput_writes(
        self,
        config: RunnableConfig,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str = "",
    ) -> None:
        """Store what a task wrote on top of a checkpoint.

        An attempt's are held back until what the task said is in the log (see `task_writes`); not
        so its questions, answers and errors, after which the task is run again from its top.

        Raises:
            WriteRefused, JobNotFound, Unserializable, StoreUnavailable: as `aput`.
        """
        place, id_ = place_of(config), configurable(config)["checkpoint_id"]
        new = self._codec.writes(writes, task_id, task_path)

        async def store() -> None:
            await self._insist(lambda: self._store.put_writes(place, id_, new, holder=self._holder))

        if self._writes is None or any(channel in WRITES_IDX_MAP for channel, _ in writes):
            await store()
        else:
            self._writes.hold(task_id, place, store)

    async def adelete_thread(self, thread_id: str) -> None:
        """Delete all checkpoints of a thread."""
        await self._insist(lambda: self._store.delete(thread_id))

    async def adelete_for_runs(self, run_ids: Sequence[str]) -> None:
        """Delete the checkpoints that these runs have made, in whatever thread."""
        every = [found async for found in self.alist(None)]
        for found in (f for f in every if f.metadata.get("run_id") in run_ids):
            place, id_ = place_of(found.config), found.checkpoint["id"]
            await self._insist(partial(self._store.drop, place, [id_]))

    async def acopy_thread(self, source_thread_id: str, target_thread_id: str) -> None:
        """Give one thread the checkpoints of another."""
        await self._insist(lambda: self._store.copy(source_thread_id, target_thread_id))

    async def aprune(self, thread_ids: Sequence[str], *, strategy: str = "keep_latest") -> None:
        """Keep each namespace's newest checkpoint and what it is rebuilt from, or none at all."""
        call = self._store.delete if strategy == "delete" else self._store.prune
        for thread in thread_ids:
            await self._insist(partial(call, thread))

    def get_next_version(self, current: str | int | None, channel: None) -> str:  # noqa: ARG002
        """A version that sorts above the current one, and that no other branch ever gives."""
        number = int(str(current or 0).partition(".")[0]) + 1
        return f"{number:010}.{secrets.token_hex(4)}"

    async def _insist(self, call: Callable[[], Awaitable[T]]) -> T:
        return await insist(partial(self._in_turn, call))

    async def _in_turn(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(FOR_S):
                await self._turns.acquire()
        except TimeoutError as error:
            raise StoreUnavailable("too many checkpoints are waiting") from error
        try:
            return await call()
        finally:
            self._turns.release()

    async def _put(self, place: Place, new: kept.Checkpoint, changed: Mapping[str, bytes]) -> None:
        keep, holder = self._keep, self._holder
        await self._insist(lambda: self._store.put(place, new, changed, keep=keep, holder=holder))

    async def _listed(
        self, config: RunnableConfig | None, before: RunnableConfig | None
    ) -> AsyncIterator[tuple[Place, str]]:
        """Where they are that the configs ask for, newest first."""
        wanted, below = configurable(config), configurable(before).get("checkpoint_id")
        ns, only = wanted.get("checkpoint_ns"), wanted.get("checkpoint_id")
        threads = [wanted["thread_id"]] if config else [t async for t in self._store.threads()]
        for thread in threads:
            ids = await self._insist(partial(self._store.ids, thread))
            for found, id_ in sorted(ids, key=lambda pair: pair[1], reverse=True):
                if ns in {None, found} and only in {None, id_} and (not below or id_ < below):
                    yield Place(thread, found), id_
