"""Jobs: create, read, cancel, resume."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from tailrace.api.dependencies import ServicesDep, Tenant, find_job
from tailrace.api.http.body import read_json
from tailrace.api.jobs.acceptance import accept
from tailrace.api.jobs.ending import end_job
from tailrace.api.jobs.responses import Links, job_response, respond
from tailrace.api.jobs.resumption import resumption
from tailrace.api.jobs.submission import read_submission
from tailrace.api.schemas import ResumeJob, parse
from tailrace.shared.jobs import new_job_id

router = APIRouter()

Ticket = Annotated[bool, Query(description="put a stream ticket into urls.events")]


@router.post("/jobs", status_code=202)
async def create_job(
    request: Request, services: ServicesDep, tenant: Tenant, ticket: Ticket = False
) -> Response:
    """Accept a job and queue it; 202 means that it is stored and will get its `end`."""
    submission = await read_submission(request, services.settings)
    links = Links(request, services, tenant, ticket)
    new_id = new_job_id(submission.body.thread_id)
    links.events(new_id)  # Refuses a ticket that can't be signed before a job is made.
    accepted = await accept(services, tenant, submission, new_id)
    return await respond(links, submission.response, accepted)


@router.api_route("/jobs/{job_id}", methods=["GET", "HEAD"])
async def get_job(
    request: Request, services: ServicesDep, tenant: Tenant, job_id: str, ticket: Ticket = False
) -> Response:
    """The job, as its record has it."""
    job = await find_job(services, job_id, tenant)
    return job_response(Links(request, services, tenant, ticket), job)


@router.post("/jobs/{job_id}/cancel", status_code=202)
async def cancel_job(
    request: Request, services: ServicesDep, tenant: Tenant, job_id: str
) -> Response:
    """Ask for the job's end; idempotent."""
    job = await find_job(services, job_id, tenant)
    await end_job(services, job.id)
    job = await services.jobs.get(job.id)
    return job_response(Links(request, services, tenant, ticket=False), job, status=202)


@router.post("/jobs/{job_id}/resume", status_code=202)
async def resume_job(
    request: Request, services: ServicesDep, tenant: Tenant, job_id: str
) -> Response:
    """Resume the job where it stopped: stored and queued in one call; the first value wins."""
    body = parse(ResumeJob, await read_json(request, services.settings))
    job = await find_job(services, job_id, tenant)
    resumed = resumption(job, body)
    await services.jobs.resume(job, resumed.values, after=resumed.after)
    job = await services.jobs.get(job.id)
    if job.status == "queued":
        await services.queue.enqueue(job.id, above=job.attempt)
    return job_response(Links(request, services, tenant, ticket=False), job, status=202)
