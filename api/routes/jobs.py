"""Jobs: create, read, cancel."""

import logging
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from api.body import read_json
from api.dependencies import Services, Shared, Tenant, find_job
from api.negotiation import require
from api.refusals import UnsupportedRequest
from api.schemas import CreateJob, ResumeJob, job_body, parse
from shared.errors import StoreUnavailable
from shared.jobs import Job, JobId, new_job_id

logger = logging.getLogger(__name__)
router = APIRouter()

Ticket = Annotated[bool, Query(description="put a stream ticket into urls.events")]


@router.post("/jobs", status_code=202)
async def create_job(
    request: Request, shared: Shared, tenant: Tenant, ticket: Ticket = False
) -> Response:
    """Accept a job and queue it; 202 means that it is stored and will get its `end`."""
    _refuse_unknown_wishes(request)
    body = parse(CreateJob, await read_json(request, shared.settings))
    await shared.graphs.check(body.graph, body.input)
    job_id = new_job_id()
    events_url = _events_url(request, shared, job_id, tenant, ticket=ticket)
    job = await shared.jobs.create(job_id, tenant, body.request(shared.settings))
    await _enqueue(shared, job.id)
    logger.info("job accepted", extra={"job_id": job.id, "graph": body.graph})
    return _answer(request, job, events_url, status=202)


@router.api_route("/jobs/{job_id}", methods=["GET", "HEAD"])
async def get_job(
    request: Request, shared: Shared, tenant: Tenant, job_id: str, ticket: Ticket = False
) -> Response:
    """The job as its record tells it."""
    job = await find_job(shared, job_id, tenant)
    return _answer(request, job, _events_url(request, shared, job.id, tenant, ticket=ticket))


@router.post("/jobs/{job_id}/cancel", status_code=202)
async def cancel_job(request: Request, shared: Shared, tenant: Tenant, job_id: str) -> Response:
    """Ask for the job's end. First the flag in the record, then the queue is told; idempotent."""
    job = await find_job(shared, job_id, tenant)
    await shared.jobs.cancel(job.id)
    await shared.queue.interrupt(job.id)
    job = await shared.jobs.get(job.id)
    events_url = _events_url(request, shared, job.id, tenant, ticket=False)
    return _answer(request, job, events_url, status=202)


@router.post("/jobs/{job_id}/resume", status_code=202)
async def resume_job(request: Request, shared: Shared, tenant: Tenant, job_id: str) -> Response:
    """Answer what the job waits for: stored and queued in one call, the first answer wins."""
    body = parse(ResumeJob, await read_json(request, shared.settings))
    job = await find_job(shared, job_id, tenant)
    await shared.jobs.answer(job, body.answer(job.interrupts))
    await shared.queue.enqueue(job.id)
    job = await shared.jobs.get(job.id)
    events_url = _events_url(request, shared, job.id, tenant, ticket=False)
    return _answer(request, job, events_url, status=202)


async def _enqueue(shared: Services, job_id: JobId) -> None:
    try:
        await shared.queue.enqueue(job_id)
    except StoreUnavailable:
        # A job that the caller was never told of must not run later.
        await shared.jobs.cancel(job_id)
        raise


def _refuse_unknown_wishes(request: Request) -> None:
    if "idempotency-key" in request.headers:
        raise UnsupportedRequest("Idempotency-Key is not supported yet.")
    require(request, "application/json")


def _events_url(
    request: Request, shared: Services, job_id: JobId, tenant: str, *, ticket: bool
) -> str:
    url = f"{request.scope['root_path']}/jobs/{job_id}/events"
    if not ticket or shared.keyring.open:
        return url
    return f"{url}?ticket={shared.tickets.issue(job_id, tenant)}"


def _answer(request: Request, job: Job, events_url: str, status: int = 200) -> Response:
    root = request.scope["root_path"]
    headers = {"Cache-Control": "no-store", "Location": f"{root}/jobs/{job.id}"}
    body = job_body(job, events_url, root)
    return Response(body, status, headers, media_type="application/json")
