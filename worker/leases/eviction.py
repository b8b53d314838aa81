"""Takes a job away from a graph that does not let go of it: ended, or handed back to the queue."""

import logging
from dataclasses import dataclass

from tailrace.shared.errors import JobNotFound, StoreUnavailable, WriteRefused
from tailrace.shared.jobs import JobError
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.queue_store.queue.job_queue import JobQueue
from tailrace.worker.attempt.attempt import Attempt, Stop
from tailrace.worker.leases.held_attempts import HeldAttempts

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Eviction:
    """Writes an attempt's outcome in place of its graph, over connections of the lease thread."""

    worker_id: str
    held: HeldAttempts
    queue: JobQueue
    jobs: JobStore

    async def end(self, attempt: Attempt, error: JobError) -> None:
        """End the job as failed, and stop its graph.

        Raises:
            StoreUnavailable: the lease runs out, and another worker finds the job as it is.
        """
        job_id, is_closed, following = attempt.claim.job_id, True, None
        try:
            following = (await self.jobs.evict(attempt.holder, error)).following
            logger.error("job ended by the watchdog", extra={"job_id": job_id, "why": error.type})
        except (WriteRefused, JobNotFound) as refusal:
            # It has just ended by itself, or another worker has it, which needs it in the queue.
            is_closed = False
            fields = {"job_id": job_id, "reason": repr(refusal)}
            logger.info("job already ended or taken over", extra=fields)
        self.held.drop(attempt)
        self.held.interrupt(attempt, Stop.LOST)
        if is_closed:
            await self.queue.remove(job_id)
        await self.queue.enqueue_following(following)

    async def hand_back(self, attempt: Attempt) -> None:
        """Put the job back in the queue, without counting a failure."""
        try:
            await self.jobs.requeue(attempt.holder, "shutdown", failures=0)
            self.held.drop(attempt)
            await self.queue.release(self.worker_id, attempt.claim)
        except (StoreUnavailable, WriteRefused, JobNotFound) as refusal:
            # Its lease runs out, and another worker finds it as it is.
            fields = {"job_id": attempt.claim.job_id, "reason": repr(refusal)}
            logger.warning("job could not be handed back", extra=fields)
