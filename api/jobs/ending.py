"""Asks for a job's end."""

from tailrace.api.dependencies import Services
from tailrace.shared.jobs import JobId


async def end_job(services: Services, job_id: JobId, *, rollback: bool = False) -> None:
    """Ask for the job's end, first in its record, then in the queue; repeatable.

    Args:
        services: of this process.
        job_id: the job.
        rollback: whether its thread's state goes back to where the job began.

    Raises:
        JobNotFound: there is no such job, or no longer.
        StoreUnavailable: the job may or may not have been cancelled.
    """
    ended = await services.jobs.cancel(job_id, rollback=rollback)
    await services.queue.interrupt(job_id)
    await services.queue.enqueue_following(ended.following)
