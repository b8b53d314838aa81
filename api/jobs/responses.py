"""A job as a response: plain, once it has settled, or as the stream of its events."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive

from tailrace.api.dependencies import Services
from tailrace.api.jobs.acceptance import Accepted
from tailrace.api.jobs.submission import Plain, ResponseForm, Streamed, Waited
from tailrace.api.relay.cursor import Cursor, StartPosition
from tailrace.api.relay.response import stream_response
from tailrace.api.schemas import job_body
from tailrace.shared.errors import JobNotFound, StoreUnavailable
from tailrace.shared.events import LoggedEvent, decode, status_event
from tailrace.shared.jobs import Job, JobId
from tailrace.shared.process.tasks import cancel_and_wait

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Links:
    """Where one client finds a job and its events."""

    request: Request
    services: Services
    tenant: str
    ticket: bool
    """Whether the events' URL gets a stream ticket."""

    @property
    def root(self) -> str:
        """What the service's paths begin with behind a proxy."""
        return str(self.request.scope["root_path"])

    def job(self, job_id: JobId) -> str:
        """The job's own URL."""
        return f"{self.root}/jobs/{job_id}"

    def events(self, job_id: JobId) -> str:
        """The URL of its events.

        Raises:
            TicketsUnavailable: a ticket is wanted, and the service can't sign one.
        """
        url = f"{self.job(job_id)}/events"
        if not self.ticket or self.services.keyring.open:
            return url
        return f"{url}?ticket={self.services.tickets.issue(job_id, self.tenant)}"


async def respond(links: Links, form: ResponseForm, accepted: Accepted) -> Response:
    """The response to a POST, in the form that it asked for.

    Raises:
        EventsExpired: the job has ended and its events are gone.
        JobNotFound: the store has lost the job.
    """
    match form:
        case Plain():
            return job_response(links, accepted.job, status=200 if accepted.repeated else 202)
        case Waited(limit_s):
            return await _waited(links, accepted.job, limit_s)
        case Streamed(stream_format, cursor):
            services, job = links.services, accepted.job
            headers = {"Location": links.job(job.id), "Content-Location": links.events(job.id)}
            start = _start(services, job, cursor)
            return await stream_response(start, services.relay, stream_format, headers)


def job_response(
    links: Links, job: Job, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """The job as JSON."""
    own = {"Cache-Control": "no-store", "Location": links.job(job.id), **(headers or {})}
    body = job_body(job, links.events(job.id), links.root)
    return Response(body, status, own, media_type="application/json")


async def _start(services: Services, job: Job, cursor: Cursor) -> StartPosition:
    """Where the client begins; at the log's start with an event that needs no store.

    A client that loses its connection after that event returns with its number. So a repeated POST
    without a key is recognized, and starts no second job.
    """
    if cursor.seq == 0 and not job.ended:
        queued = status_event("queued", 0, job.created_at)
        return StartPosition(job.id, 1, 1, LoggedEvent(1, queued.name, queued.data))
    return StartPosition.of(job.id, await services.relay.summaries.get(job.id), cursor)


async def _waited(links: Links, job: Job, limit_s: int) -> Response:
    """The job: `200` once it has ended, `202` if it asks something or the time is up.

    The job is accepted, so a failure while waiting is not an error: it only ends the wait.
    """
    try:
        if limit_s and not job.ended and job.status != "waiting":
            await _until_settled(links.services, links.request.receive, job, limit_s)
            job = await links.services.jobs.get(job.id)
    except (StoreUnavailable, JobNotFound) as error:
        logger.warning("wait ended early", extra={"job_id": job.id, "reason": repr(error)})
    applied = {"Preference-Applied": f"wait={limit_s}"}
    return job_response(links, job, 200 if job.ended else 202, applied)


class Settlement:
    """Hears a job's events, and tells when the job has ended or asks something.

    Args:
        seq: the number after which it listens; what came before is known.
    """

    def __init__(self, seq: int) -> None:
        self._seq = seq
        self.over = asyncio.Event()
        """Set also if nothing more can be heard."""

    def hear(self, events: Sequence[LoggedEvent]) -> None:
        """Take the next events."""
        # A store that went back in time may end a log below a number that is known.
        if events[-1].name == "end" or any(map(self._asks, events)):
            self.over.set()

    def dismiss(self) -> None:
        """Stop: no more events will come."""
        self.over.set()

    def _asks(self, event: LoggedEvent) -> bool:
        new_status = event.seq > self._seq and event.name == "status"
        return new_status and decode(event.data)["status"] == "waiting"


async def _until_settled(services: Services, receive: Receive, job: Job, limit_s: int) -> None:
    """Wait until the job ends or asks something, the client leaves, or the time is up.

    Also ends when the process stops, or the store is lost.
    """
    settlement = Settlement(job.seq)
    with services.relay.subscribed(settlement, job.id, job.seq):
        # What was stored between the record's reading and the subscription is in the summary.
        now = await services.relay.summaries.get(job.id)
        if now.ended or now.status == "waiting":
            return
        async with asyncio.TaskGroup() as tasks:
            leaving = tasks.create_task(_left(receive, settlement))
            with suppress(TimeoutError):
                async with asyncio.timeout(limit_s):
                    await settlement.over.wait()
            await cancel_and_wait(leaving)


async def _left(receive: Receive, settlement: Settlement) -> None:
    """Dismiss the settlement when the client has left."""
    while (await receive())["type"] != "http.disconnect":
        pass
    settlement.dismiss()
