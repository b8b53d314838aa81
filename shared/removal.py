"""Deletes threads with all that they have: when asked to, and when their time is up."""

import logging
from dataclasses import dataclass

from tailrace.shared.errors import JobNotFound, ThreadNotFound
from tailrace.shared.jobs import FINAL, JobId
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.log_store.jobs.open_jobs import OpenJobs
from tailrace.shared.log_store.threads.expiry import Expiry
from tailrace.shared.queue_store.queue.job_queue import JobQueue
from tailrace.shared.redis.keys import SHARDS
from tailrace.shared.threads import ThreadName

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Removal:
    """Ends what runs on a thread, then deletes it in one step, then what is left of it.

    A process may be lost after any step. Before the thread is deleted, it is there with all that it
    has, and its jobs may be cancelled. After that it is unknown. Of more than `JOBS_AT_ONCE` jobs,
    some may then be left for a moment; workers delete them.
    """

    jobs: JobStore
    open_jobs: OpenJobs
    queue: JobQueue
    expiry: Expiry

    async def delete(self, name: ThreadName) -> None:
        """Delete a thread.

        Raises:
            ThreadNotFound: there is none.
            StoreUnavailable: it may or may not be deleted; calling again is safe.
        """
        if not await self._delete(name, if_expired=False):
            raise ThreadNotFound

    async def delete_job(self, name: ThreadName, job_id: JobId) -> None:
        """Delete a job that is over from its thread, with the checkpoints that it made.

        Raises:
            ThreadBusy: the job, or another one of the thread, is not over.
            JobNotFound: there is no such job.
            StoreUnavailable: it may or may not be deleted; calling again is safe.
        """
        await self.expiry.delete_job(name, job_id)

    async def reap(self) -> None:
        """Delete what is left of deleted threads, and the threads whose time is up.

        Raises:
            StoreUnavailable: the rest is left for the next time.
        """
        for shard in SHARDS:
            await self.expiry.bury(shard, await self.expiry.remains(shard))
            for name in await self.expiry.expired(shard):
                if await self._delete(name, if_expired=True):
                    logger.info("thread expired", extra={"thread_id": name.id})

    async def _delete(self, name: ThreadName, *, if_expired: bool) -> bool:
        jobs = await self.expiry.jobs(name)
        for job in reversed(await self.open_jobs.look(jobs)):
            # The last in line first: none of them begins.
            if job.status is not None and job.status not in FINAL:
                await self._end(job.id)
        deleted = await self.expiry.delete(name, jobs, if_expired=if_expired)
        if deleted is None:
            return False
        await self.expiry.bury(name.id[-1], deleted)
        return True

    async def _end(self, job_id: JobId) -> None:
        try:
            await self.jobs.close_over(job_id, "cancelled")
        except JobNotFound:
            return
        if not await self.queue.interrupt(job_id):
            await self.queue.remove(job_id)
