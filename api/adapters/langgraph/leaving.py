"""What happens when a client leaves: a run that asked for it is cancelled if nobody comes back.

Only the client's own leaving counts. Streams that we cut, at their greatest age, at a shutdown or
when the store is lost, are left by nobody, and neither are those of a replica that was killed.
"""

import asyncio
import logging
import secrets
from collections.abc import Awaitable, Callable
from contextlib import suppress

from tailrace.api.adapters.langgraph.views.runs import is_over
from tailrace.api.dependencies import Services
from tailrace.api.jobs.ending import end_job
from tailrace.shared.errors import JobNotFound, StoreUnavailable
from tailrace.shared.jobs import Job

logger = logging.getLogger(__name__)

WhenOver = Callable[[bool], Awaitable[None]]
"""What is called when a client is no longer served; with whether it has left by itself."""


def cancels(job: Job) -> bool:
    """Whether the run asked to be cancelled when its caller leaves."""
    return (job.request.view or {}).get("on_disconnect") == "cancel"


async def watch(services: Services, job: Job, *, asked: bool) -> WhenOver | None:
    """Count a client that is about to be served.

    Args:
        services: of this process.
        job: the run's.
        asked: whether the run, or this client, wants it cancelled when nobody listens.

    Returns:
        What has to be called when the client is no longer served, if anything.
    """
    if not asked or is_over(job):
        return None
    listener = secrets.token_hex(8)
    try:
        await services.presence.enter(job.id, listener)
    except StoreUnavailable:
        return None  # Its stream meets the same trouble, and is cut by us.

    async def over(left: bool) -> None:
        with suppress(StoreUnavailable, JobNotFound):
            come = await services.presence.leave(job.id, listener)
            if left:
                await _cancel_if_alone(services, job, come)

    return over


async def _cancel_if_alone(services: Services, job: Job, come: int) -> None:
    """Cancel the run if nobody has come back in time.

    A shutdown ends no wait before its time: clients come back at another replica, and are seen.
    """
    presence = services.presence
    await asyncio.sleep(services.settings.disconnect_s)
    if not await presence.is_alone(job.id, come):
        # Those who seem to listen may have been at a replica that is gone.
        await asyncio.sleep(presence.forgotten_s)
        if not await presence.is_alone(job.id, come):
            return
    logger.info("run cancelled, its caller has left", extra={"job_id": job.id})
    await end_job(services, job.id)
