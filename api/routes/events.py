"""A job's event stream."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from api.dependencies import Services, Shared, authenticate, find_job
from api.negotiation import require
from api.relay.cursor import parse_cursor
from api.relay.listener import AtTheEnd, Frames, passing_trouble
from api.relay.response import EventStreamResponse
from shared.errors import StoreUnavailable
from shared.jobs import JobId

router = APIRouter()


@router.api_route("/jobs/{job_id}/events", methods=["GET", "HEAD"])
async def stream_events(request: Request, shared: Shared, job_id: str) -> Response:
    """The job's events behind the cursor, as they come, up to `end`.

    Checked in this order: credentials, the job, the cursor, whether there is anything left.
    """
    tenant = await _reader(request, shared, job_id)
    require(request, "text/event-stream")
    try:
        frames = await _listen(request, shared, job_id, tenant)
    except AtTheEnd:
        return Response(status_code=204, headers={"Cache-Control": "no-store, no-transform"})
    except StoreUnavailable:
        # Anything but 200 would close an EventSource for good.
        frames = passing_trouble()
    return EventStreamResponse(frames, shared.settings.connection_age_s)


async def _listen(request: Request, shared: Services, job_id: str, tenant: str) -> Frames:
    job = await find_job(shared, job_id, tenant)
    query = request.query_params
    cursor = parse_cursor(
        request.headers.getlist("last-event-id"),
        query.getlist("after") + query.getlist("last_event_id"),
    )
    return await shared.relay.listen(job, cursor)


async def _reader(request: Request, shared: Services, job_id: str) -> str:
    ticket = request.query_params.get("ticket")
    if ticket is None or shared.keyring.open:
        return await authenticate(request, shared)
    return shared.tickets.tenant(ticket, JobId(job_id))
