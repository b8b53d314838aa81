"""From a POST to its job: made and queued once for each key, however often the POST is repeated."""

import logging
from dataclasses import dataclass

from tailrace.api.dependencies import Services
from tailrace.api.errors import IdempotencyConflict, NothingToResume
from tailrace.api.jobs.ending import end_job
from tailrace.api.jobs.submission import Submission
from tailrace.shared.errors import JobNotFound, StoreUnavailable
from tailrace.shared.jobs import Job, JobId
from tailrace.shared.log_store.jobs.job_store import Created
from tailrace.shared.queue_store.idempotency import Reservation

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A job that is stored and queued, and will get its `end`."""

    job: Job
    repeated: bool
    """Whether the client's key already stood for it."""


async def accept(
    services: Services, tenant: str, submission: Submission, new_id: JobId
) -> Accepted:
    """The job that the POST asks for: a new one under `new_id`, or the one that its key stands for.

    Raises:
        UnknownGraph, GraphBroken, InvalidInput: no worker could start a new job.
        ThreadNotFound, ThreadBusy, LineFull: its thread does not take the job.
        IdempotencyConflict: the key stands for a job with another body.
        NothingToResume: the client has had events, and the key stands for no job.
        StoreUnavailable: not acknowledged. With a key, the same POST can safely be repeated.
    """
    posted = _Posted(services, tenant, submission)
    if submission.key is None:
        accepted = Accepted(await posted.start(new_id), repeated=False)
    else:
        mine = Reservation(new_id, submission.body.digest())
        reserved = await posted.reserve(submission.key, mine)
        accepted = Accepted(await posted.join(reserved.job_id), repeated=reserved != mine)
    if not accepted.repeated:
        fields = {"job_id": accepted.job.id, "graph": submission.body.graph}
        logger.info("job accepted", extra=fields)
    return accepted


@dataclass(frozen=True, slots=True)
class _Posted:
    """One POST on its way to a job."""

    services: Services
    tenant: str
    submission: Submission

    async def start(self, job_id: JobId) -> Job:
        """A new job that only this client will ever know of."""
        await self.services.graphs.check(self.submission.body)
        job, is_next = await self._create(job_id)
        try:
            await self._end_others(job)
            if is_next:
                await self.services.queue.enqueue(job_id)
        except StoreUnavailable:
            # A job that the client was never told of must not run later.
            await self.services.jobs.cancel(job_id)
            raise
        return job

    async def reserve(self, key: str, mine: Reservation) -> Reservation:
        """What the key stands for; from now on, if it is new."""
        keys = self.services.idempotency
        first = await keys.find(self.tenant, key)
        if first is None:
            self._refuse_to_resume()
            # After `find`: a refused job leaves no key, and an accepted one is not refused again.
            await self.services.graphs.check(self.submission.body)
            first = await keys.reserve(self.tenant, key, mine)
        if first.digest != mine.digest:
            raise IdempotencyConflict("The Idempotency-Key was used before, with a different body.")
        return first

    async def join(self, job_id: JobId) -> Job:
        """The job under a reserved id; made here unless another POST has made it.

        Nothing is undone if the store becomes unavailable in between: the key finds the job again.
        """
        try:
            job = await self.services.jobs.get(job_id)
        except JobNotFound:
            self._refuse_to_resume()
            created, is_next = await self._create(job_id)
            await self._end_others(created)
            job = await self.services.jobs.get(job_id)
        else:
            is_next = True
        if job.status == "queued" and is_next:
            await self.services.queue.enqueue(job_id, above=job.attempt)
        return job

    async def _end_others(self, job: Job) -> None:
        """Hurry what the job's strategy has decided already: the sweep would do it, too."""
        if job.thread is None or self.submission.body.multitask_strategy in ("enqueue", "reject"):
            return
        for other in await self.services.jobs.ahead_of(job):
            await end_job(self.services, other)

    async def _create(self, job_id: JobId) -> Created:
        return await self.services.jobs.create(
            job_id,
            self.tenant,
            self.submission.body.request(self.services.settings),
            self.submission.body.on_thread,
        )

    def _refuse_to_resume(self) -> None:
        if self.submission.resumes:
            raise NothingToResume(
                "The Idempotency-Key no longer stands for a job: there is nothing to resume."
            )
