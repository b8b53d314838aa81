"""Where an attempt resumes after a crash: LangGraph's checkpoints, stored with the job."""

from typing import Final

from langgraph.checkpoint.base import BaseCheckpointSaver

from tailrace.shared.jobs import JobId
from tailrace.shared.log_store.checkpoints.checkpoint_store import CheckpointStore
from tailrace.shared.redis.connection import Client
from tailrace.shared.settings import SharedSettings
from tailrace.worker.checkpoints.saver import CheckpointSaver, OwnThread
from tailrace.worker.runtime.retry import persistent

_NEWEST: Final = 1
"""How many are kept: LangGraph resumes from the newest one, and there is no time travel."""


class Checkpoints:
    """The checkpoints of all jobs.

    Args:
        redis: the log store.
        settings: how long an open job's keys live.
    """

    def __init__(self, redis: Client, settings: SharedSettings) -> None:
        self._store = CheckpointStore(redis, settings)

    def of(self, own: OwnThread | None = None) -> BaseCheckpointSaver[str]:
        """The saver of one attempt; call it in the event loop that runs the graph."""
        return CheckpointSaver(self._store, own=own, keep=_NEWEST)

    async def exists(self, job_id: JobId) -> bool:
        """Whether the job's graph has a checkpoint to resume from.

        Raises:
            StoreUnavailable: after half a minute.
        """
        return await persistent(self._store).exists(job_id)
