"""Repairs what a crash between two stores leaves. One process does it at a time, by lease.

Workers and API processes both do it: a cancelled job has to end even if its only worker is frozen.
"""

import asyncio
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from tailrace.shared.errors import JobNotFound, StoreUnavailable, WriteRefused
from tailrace.shared.jobs import FINAL, JobError, JobId
from tailrace.shared.log_store.jobs.job_store import Changed, JobStore
from tailrace.shared.log_store.jobs.open_jobs import OpenJob, OpenJobs
from tailrace.shared.queue_store.queue.job_queue import JobQueue
from tailrace.shared.redis.keys import SHARDS

LEAD_EVERY_S: Final = 0.75
LEASE_S: Final = 2.0
SWEEP_EVERY_S: Final = 5.0
CANCEL_OVERDUE_S: Final = 3.0
"""How long the holder of a running job that was cancelled has to close it."""
OWED_FOR_MS: Final = 2_000
"""How long a job may be next on its thread and not yet begin."""
MISSING_FOR_S: Final = 10.0
"""How long a job may be in its log and not yet in the queue."""
EXPIRES_WITHIN_MS: Final = 60_000

_CHUNK: Final = 500
_EXPIRED: Final = JobError("expired", "The job did not finish in the time that it is kept.")

logger = logging.getLogger(__name__)


@dataclass(slots=True)
class Sweep:
    """The sweep of one process; idle while another process leads."""

    jobs: JobStore
    open_jobs: OpenJobs
    queue: JobQueue
    process_id: str
    _missing_since: dict[JobId, float] = field(default_factory=dict[JobId, float])
    _swept_at: float = 0

    async def run(self) -> None:
        """Lead if no other process does, and sweep while leading; runs until cancelled."""
        while True:
            await asyncio.sleep(LEAD_EVERY_S)
            try:
                overdue = await self.queue.lead(self.process_id, LEASE_S, CANCEL_OVERDUE_S)
                if overdue is not None:
                    await self._lead(overdue)
            except StoreUnavailable as error:
                logger.warning("sweep postponed", extra={"reason": str(error)})
            except Exception:
                logger.warning("sweep crashed", exc_info=True)

    async def _lead(self, overdue: Sequence[JobId]) -> None:
        for job in await self.open_jobs.look(overdue) if overdue else ():
            await self._end_cancelled(job)
        for job_id in await self.open_jobs.owed(OWED_FOR_MS):
            await self.queue.enqueue(job_id)
        if time.monotonic() - self._swept_at >= SWEEP_EVERY_S:
            self._swept_at = time.monotonic()
            await self.sweep()

    async def sweep(self) -> None:
        """Look through every open job once.

        Raises:
            StoreUnavailable: the rest is left for the next sweep.
        """
        missing: dict[JobId, int] = {}
        for shard in SHARDS:
            for ids in _chunks(await self.open_jobs.ids(shard)):
                seen = await self.open_jobs.look(ids)
                for job in seen:
                    await self._repair(job)
                queued = {
                    job.id: job.attempt
                    for job in seen
                    if job.status in ("queued", "running") and not job.in_line
                }
                lost = await self.queue.missing(list(queued)) if queued else ()
                missing.update((job_id, queued[job_id]) for job_id in lost)
        await self._enqueue_missing(missing)

    async def _repair(self, job: OpenJob) -> None:
        if job.status is None:
            await self.open_jobs.forget(job.id)
        elif job.cancel_requested:
            if not await self.queue.interrupt(job.id):
                await self._end_cancelled(job)
        elif 0 <= job.ttl_ms < EXPIRES_WITHIN_MS:
            await self._end_expired(job)

    async def _end_expired(self, job: OpenJob) -> None:
        try:
            ended = await self.jobs.expire(job.id, EXPIRES_WITHIN_MS, _EXPIRED)
        except (WriteRefused, JobNotFound) as refusal:
            logger.info("job not expired", extra={"job_id": job.id, "reason": repr(refusal)})
            return
        logger.warning("job expired", extra={"job_id": job.id})
        await self._leave_queue(job.id, ended)

    async def _end_cancelled(self, job: OpenJob) -> None:
        """Close a cancelled job that its holder has not closed in time."""
        if job.cancel_requested and job.status is not None and job.status not in FINAL:
            logger.warning("cancelled job closed for its worker", extra={"job_id": job.id})
            try:
                ended = await self.jobs.close_over(job.id, "cancelled")
            except JobNotFound:
                logger.info("job record gone", extra={"job_id": job.id})
            else:
                await self._leave_queue(job.id, ended)
                return
        await self.queue.remove(job.id)

    async def _leave_queue(self, job_id: JobId, ended: Changed) -> None:
        await self.queue.remove(job_id)
        await self.queue.enqueue_following(ended.following)

    async def _enqueue_missing(self, missing: Mapping[JobId, int]) -> None:
        """Enqueue jobs that the queue has not known for a while, above their logs' attempts."""
        now = time.monotonic()
        since = {job_id: self._missing_since.get(job_id, now) for job_id in missing}
        for job_id, first_seen in since.items():
            if now - first_seen >= MISSING_FOR_S:
                logger.warning("job enqueued again", extra={"job_id": job_id})
                await self.queue.enqueue(job_id, above=missing[job_id])
        self._missing_since = since


def _chunks(ids: list[JobId]) -> Iterator[list[JobId]]:
    rest = iter(ids)
    while chunk := list(islice(rest, _CHUNK)):
        yield chunk
