"""Waiting for a job's outcome: listening to its log in the caller's place."""

import asyncio
import logging
from contextlib import suppress
from typing import Final

from starlette.responses import Response
from starlette.types import Message, Receive, Scope

from tailrace.api.dependencies import Services
from tailrace.api.jobs.responses import Links, job_answer
from tailrace.api.relay.frames import EVENT_STREAM
from tailrace.api.relay.relay import StartPosition
from tailrace.shared.errors import JobNotFound, StoreUnavailable
from tailrace.shared.jobs import Job
from tailrace.shared.process.tasks import cancel_and_wait

_ASKS: Final = b'event: status\ndata: {"status":"waiting",'
"""No data can look like it: data is one line."""

_NO_CONNECTION: Final[Scope] = {"type": "http"}
"""Nothing is written to the caller's connection while it waits, so it can't be slow either."""

logger = logging.getLogger(__name__)


async def waited_answer(links: Links, job: Job, limit_s: int) -> Response:
    """The job: `200` once it has ended, `202` if it asks something or `limit_s` is over.

    The job is accepted, so trouble while waiting is no error: the wait is just shorter.
    """
    try:
        if limit_s and not job.ended and job.status != "waiting":
            await _settled(links.services, links.request.receive, job, limit_s)
            job = await links.services.jobs.get(job.id)
    except (StoreUnavailable, JobNotFound) as error:
        logger.warning("wait broken off", extra={"job_id": job.id, "reason": repr(error)})
    applied = {"Preference-Applied": f"wait={limit_s}"}
    return job_answer(links, job, 200 if job.ended else 202, applied)


async def _settled(services: Services, receive: Receive, job: Job, limit_s: int) -> None:
    """Listen until the job ends or asks something, or the time is over.

    Like any listener this one is sent away when the caller leaves, the process stops, or the store
    is lost.
    """
    over = asyncio.Event()

    async def hear(message: Message) -> None:
        if not message["more_body"] or _ASKS in message["body"]:
            over.set()

    async def listen() -> None:
        try:
            start = StartPosition(job.id, job.seq, job.seq)
            await services.relay.serve(start, EVENT_STREAM, _NO_CONNECTION, receive, hear)
        finally:
            over.set()

    async with asyncio.TaskGroup() as tasks:
        listening = tasks.create_task(listen())
        with suppress(TimeoutError):
            async with asyncio.timeout(limit_s):
                await over.wait()
        await cancel_and_wait(listening)
