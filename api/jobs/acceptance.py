"""From a POST to its job: made and queued once for each key, however often the POST is repeated."""

import logging
from dataclasses import dataclass

from tailrace.api.dependencies import Services
from tailrace.api.errors import IdempotencyConflict, NothingToResume
from tailrace.api.jobs.submission import Submission
from tailrace.api.schemas import CreateJob
from tailrace.shared.errors import JobNotFound, StoreUnavailable
from tailrace.shared.jobs import Job, JobId
from tailrace.shared.queue_store.idempotency import Reservation

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Accepted:
    """A job that is stored and queued, and will get its `end`."""

    job: Job
    repeated: bool
    """Whether the caller's key stood for it before this POST."""


async def accept(
    services: Services, tenant: str, submission: Submission, body: CreateJob, new_id: JobId
) -> Accepted:
    """The job that the POST asks for: a new one under `new_id`, or the one that its key stands for.

    Raises:
        UnknownGraph, InvalidInput: no worker could start a new job.
        IdempotencyConflict: the key stands for a job with another body.
        NothingToResume: the caller has had events, and the key does not know of what job.
        StoreUnavailable: not acknowledged. With a key, the same POST again is safe.
    """
    posted = _Posted(services, tenant, body, submission.resumes)
    if submission.key is None:
        accepted = Accepted(await posted.start(new_id), repeated=False)
    else:
        mine = Reservation(new_id, body.digest())
        reserved = await posted.reserve(submission.key, mine)
        accepted = Accepted(await posted.join(reserved.job_id), repeated=reserved != mine)
    if not accepted.repeated:
        fields = {"job_id": accepted.job.id, "graph": body.graph}
        logger.info("job accepted", extra=fields)
    return accepted


@dataclass(frozen=True, slots=True)
class _Posted:
    """One POST on its way to a job."""

    services: Services
    tenant: str
    body: CreateJob
    resumes: bool

    async def start(self, job_id: JobId) -> Job:
        """A new job that only this caller will ever know of."""
        await self.services.graphs.check(self.body)
        job = await self._create(job_id)
        try:
            await self.services.queue.enqueue(job_id)
        except StoreUnavailable:
            # A job that the caller was never told of must not run later.
            await self.services.jobs.cancel(job_id)
            raise
        return job

    async def reserve(self, key: str, mine: Reservation) -> Reservation:
        """What the key stands for, from now on at the latest."""
        keys = self.services.idempotency
        first = await keys.find(self.tenant, key)
        if first is None:
            self._refuse_to_resume()
            # Behind `find`: a refused job leaves no key, and an accepted one is refused no more.
            await self.services.graphs.check(self.body)
            first = await keys.reserve(self.tenant, key, mine)
        if first.digest != mine.digest:
            raise IdempotencyConflict("The Idempotency-Key was used before, with another body.")
        return first

    async def join(self, job_id: JobId) -> Job:
        """The job under a reserved id; made here where nobody has come that far.

        Nothing is taken back where the store goes away in between: with the key it is found again.
        """
        try:
            job = await self.services.jobs.get(job_id)
        except JobNotFound:
            self._refuse_to_resume()
            await self._create(job_id)
            job = await self.services.jobs.get(job_id)
        if job.status == "queued":
            await self.services.queue.enqueue(job_id, above=job.attempt)
        return job

    async def _create(self, job_id: JobId) -> Job:
        return await self.services.jobs.create(
            job_id, self.tenant, self.body.request(self.services.settings)
        )

    def _refuse_to_resume(self) -> None:
        if self.resumes:
            raise NothingToResume(
                "The Idempotency-Key stands for no job any more: there is nothing to go on with."
            )
