"""The thread of an attempt's job: what LangGraph saves of it, in the order of its calls."""

from collections.abc import Sequence
from dataclasses import dataclass
from types import CoroutineType
from typing import Any, Final

from langgraph.checkpoint.base import WRITES_IDX_MAP
from langgraph.checkpoint.serde.types import ERROR

from tailrace.shared.jobs import Job
from tailrace.shared.log_store.journal.journal import NewCheckpoint, TaskWrites
from tailrace.worker.journal.journal import Journal

_ERROR_SOURCE: Final = "__error_source_node__"
"""A failed task's handler runs once this is stored, or a crash would run the task again."""


@dataclass(frozen=True, slots=True)
class OwnThread:
    """The thread of an attempt's job."""

    id: str
    """As the graph sees it."""
    name: str
    """As the store has it."""
    journal: Journal
    is_new: bool
    """Whether the store has only what this attempt wrote."""
    waits: bool
    """Whether a step waits for the checkpoint before it (durability `sync`)."""

    @property
    def is_shared(self) -> bool:
        """Whether other jobs have it too."""
        return self.name != self.id

    @classmethod
    def of(cls, job: Job, journal: Journal, *, waits: bool) -> "OwnThread":
        """The thread of a job: its own, or one that it shares with other jobs."""
        name = str(job.thread or job.id)
        is_new = job.attempt == 1 and not job.began_at
        return cls(job.request.thread or job.id, name, journal, is_new, waits)

    async def put(self, new: NewCheckpoint) -> None:
        """Hand over a checkpoint; wait until it is stored if the next step has to."""
        await self.journal.checkpoint(new)
        if self.waits:
            await self.journal.stored(new.place)

    def put_writes(self, new: TaskWrites) -> "CoroutineType[Any, Any, None]":
        """Hand over what a task wrote at once; the coroutine is what is left to wait for."""
        if not new.writes:
            return _done()
        channels = {write.channel for write in new.writes}
        path, task = new.writes[0].path, new.writes[0].task
        if channels.isdisjoint(WRITES_IDX_MAP) and not _is_silent(path):
            self.journal.held.hold(task, new)
        else:
            self.journal.add(new)
        return self.journal.stored(new.place) if _ERROR_SOURCE in channels else _done()


def what_counts(writes: Sequence[tuple[str, Any]]) -> Sequence[tuple[str, Any]]:
    """The writes that count of a task that failed or was stopped after its first write.

    LangGraph takes a task with any output as finished, and would never follow its edges.
    """
    channels = {channel for channel, _ in writes}
    if ERROR not in channels or _ERROR_SOURCE in channels:
        return writes
    return [write for write in writes if write[0] in WRITES_IDX_MAP]


def _is_silent(task_path: str) -> bool:
    """Whether the stream never mentions the task: it is the graph's input, or no task at all."""
    return not task_path or task_path.endswith(", __start__")


async def _done() -> None:
    """There is nothing to wait for."""
