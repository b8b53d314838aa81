"""Where an attempt resumes after a crash: LangGraph's checkpoints, stored with the job."""

from typing import Final

from tailrace.shared.jobs import Job
from tailrace.shared.log_store.checkpoints.checkpoint_store import CheckpointStore, Keep
from tailrace.shared.redis.connection import Client
from tailrace.shared.settings import SharedSettings
from tailrace.worker.checkpoints.saver import CheckpointSaver, OwnThread
from tailrace.worker.runtime.retry import persistent

_NEWEST: Final = Keep(1)
"""How many are kept of a job that has no thread: nobody can read its earlier ones."""


class Checkpoints:
    """The checkpoints of all jobs.

    Args:
        redis: the log store.
        settings: how long an open job's keys live.
    """

    def __init__(self, redis: Client, settings: SharedSettings) -> None:
        self._store = CheckpointStore(redis, settings)
        self._of_threads = Keep(settings.thread_checkpoints, settings.thread_checkpoints_s)

    def of(self, own: OwnThread | None = None) -> CheckpointSaver:
        """The saver of one attempt; call it in the event loop that runs the graph."""
        shared = own is not None and own.is_shared
        return CheckpointSaver(self._store, own=own, keep=self._of_threads if shared else _NEWEST)

    async def has_begun(self, job: Job) -> bool:
        """Whether the job's graph has a checkpoint of its own to resume from.

        Raises:
            StoreUnavailable: after half a minute.
        """
        newest = await persistent(self._store).newest(str(job.thread or job.id))
        return newest not in (None, job.began_at)
