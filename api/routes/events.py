"""A job's event stream."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tailrace.api.dependencies import Services, get_services, reader
from tailrace.api.http.negotiation import choose
from tailrace.api.relay.cursor import StartPosition, cursor_of
from tailrace.api.relay.frames import STREAM_FORMATS
from tailrace.api.relay.response import stream_response
from tailrace.shared.errors import JobNotFound
from tailrace.shared.jobs import parse_job_id


async def stream_events(request: Request) -> Response:
    """The job's events after the cursor, as they are stored, up to `end`.

    Checked in this order: credentials, the job, the cursor, whether there is anything left.
    """
    services, job_id = await get_services(request), request.path_params["job_id"]
    tenant = await reader(request, services)
    stream_format = STREAM_FORMATS[choose(request, *STREAM_FORMATS)]
    start = _start(request, services, job_id, tenant)
    return await stream_response(start, services.relay, stream_format)


async def _start(request: Request, services: Services, job_id: str, tenant: str) -> StartPosition:
    known_id = parse_job_id(job_id)
    summary = await services.relay.summaries.get(known_id)
    if summary.tenant != tenant:
        raise JobNotFound
    return StartPosition.of(known_id, summary, cursor_of(request))


ROUTE = Route("/jobs/{job_id}/events", stream_events, methods=["GET", "HEAD"])
"""A plain route: FastAPI takes longer to reach one of its own than everything here takes."""
