"""Where an attempt goes on after a crash: LangGraph's checkpoints, kept beside the job."""

from typing import Final

from langgraph.checkpoint.base import BaseCheckpointSaver

from tailrace.shared.jobs import JobId
from tailrace.shared.log_store.checkpoints.checkpoint_store import CheckpointStore
from tailrace.shared.redis.connection import Client
from tailrace.shared.settings import SharedSettings
from tailrace.worker.checkpoints.saver import CheckpointSaver, OwnThread
from tailrace.worker.runtime.retry import persistent

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

    def of(self, own: OwnThread | None = None) -> BaseCheckpointSaver[str]:
        """The saver of one attempt; asked for in the loop that runs its graph."""
        return CheckpointSaver(self._store, own=own, keep=_NEWEST)

    async def exists(self, job_id: JobId) -> bool:
        """Whether the job's graph has a checkpoint to go on from.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        return await persistent(self._store).exists(job_id)
