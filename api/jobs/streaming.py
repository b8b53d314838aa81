"""A job's events in answer to its POST."""

from starlette.responses import Response

from tailrace.api.dependencies import Services
from tailrace.api.jobs.responses import Links
from tailrace.api.relay.cursor import Cursor
from tailrace.api.relay.frames import StreamFormat
from tailrace.api.relay.relay import StartPosition
from tailrace.api.relay.response import stream_from
from tailrace.shared.events import LoggedEvent, status_event
from tailrace.shared.jobs import Job


async def stream_answer(links: Links, job: Job, form: StreamFormat, cursor: Cursor) -> Response:
    """The job's events behind the cursor; `204` for a caller that has them all.

    The job is accepted, so a store that is away by now is no error: the caller shall come back.

    Raises:
        EventsExpired: the job has ended and its events are gone.
        JobNotFound: the store has lost the job.
    """
    headers = {"Location": links.job(job.id), "Content-Location": links.events(job.id)}
    return await stream_from(
        _start(links.services, job, cursor), links.services.relay, form, headers
    )


async def _start(services: Services, job: Job, cursor: Cursor) -> StartPosition:
    """Where the caller begins; at the log's start with an event that needs no store.

    Who is cut behind it comes back with its number, so that a POST without a key is known for a
    repeat, and starts no second job.
    """
    if cursor.seq == 0 and not job.ended:
        queued = status_event("queued", 0, job.created_at)
        return StartPosition(job.id, 1, 1, LoggedEvent(1, queued.name, queued.data))
    return StartPosition.of(job.id, await services.relay.summaries.get(job.id), cursor)
