"""A job's record as an answer, and where a caller finds the job and its events."""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from tailrace.api.dependencies import Services
from tailrace.api.schemas import job_body
from tailrace.shared.jobs import Job, JobId


@dataclass(frozen=True, slots=True)
class Links:
    """Where a job and its events are, for one caller."""

    request: Request
    services: Services
    tenant: str
    ticket: bool
    """Whether the events' URL shall carry a stream ticket."""

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


def job_answer(
    links: Links, job: Job, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """The job as JSON."""
    own = {"Cache-Control": "no-store", "Location": links.job(job.id), **(headers or {})}
    body = job_body(job, links.events(job.id), links.root)
    return Response(body, status, own, media_type="application/json")
