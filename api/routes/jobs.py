"""Jobs: create, read, cancel, answer."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from tailrace.api.dependencies import ServicesDep, Tenant, find_job
from tailrace.api.http.body import read_json
from tailrace.api.jobs.acceptance import accept
from tailrace.api.jobs.responses import Links, job_answer
from tailrace.api.jobs.resumption import resumption
from tailrace.api.jobs.streaming import stream_answer
from tailrace.api.jobs.submission import read_submission
from tailrace.api.jobs.waiting import waited_answer
from tailrace.api.schemas import CreateJob, ResumeJob, parse
from tailrace.shared.jobs import new_job_id

router = APIRouter()

Ticket = Annotated[bool, Query(description="put a stream ticket into urls.events")]


@router.post("/jobs", status_code=202)
async def create_job(
    request: Request, services: ServicesDep, tenant: Tenant, ticket: Ticket = False
) -> Response:
    """Accept a job and queue it; 202 means that it is stored and will get its `end`."""
    submission = read_submission(request, services.settings.max_wait_s)
    body = parse(CreateJob, await read_json(request, services.settings))
    links, new_id = Links(request, services, tenant, ticket), new_job_id()
    links.events(new_id)  # a ticket that can't be had is refused before a job is made
    accepted = await accept(services, tenant, submission, body, new_id)
    if submission.form is not None:
        return await stream_answer(links, accepted.job, submission.form, submission.cursor)
    if submission.wait_s is not None:
        return await waited_answer(links, accepted.job, submission.wait_s)
    return job_answer(links, accepted.job, status=200 if accepted.repeated else 202)


@router.api_route("/jobs/{job_id}", methods=["GET", "HEAD"])
async def get_job(
    request: Request, services: ServicesDep, tenant: Tenant, job_id: str, ticket: Ticket = False
) -> Response:
    """The job as its record tells it."""
    job = await find_job(services, job_id, tenant)
    return job_answer(Links(request, services, tenant, ticket), job)


@router.post("/jobs/{job_id}/cancel", status_code=202)
async def cancel_job(
    request: Request, services: ServicesDep, tenant: Tenant, job_id: str
) -> Response:
    """Ask for the job's end. First the flag in the record, then the queue is told; idempotent."""
    job = await find_job(services, job_id, tenant)
    await services.jobs.cancel(job.id)
    await services.queue.interrupt(job.id)
    job = await services.jobs.get(job.id)
    return job_answer(Links(request, services, tenant, ticket=False), job, status=202)


@router.post("/jobs/{job_id}/resume", status_code=202)
async def resume_job(
    request: Request, services: ServicesDep, tenant: Tenant, job_id: str
) -> Response:
    """Resume the job where it stopped: stored and queued in one call, the first answer wins."""
    body = parse(ResumeJob, await read_json(request, services.settings))
    job = await find_job(services, job_id, tenant)
    resumed = resumption(job, body)
    await services.jobs.answer(job, resumed.answer, after=resumed.after)
    job = await services.jobs.get(job.id)
    if job.status == "queued":
        await services.queue.enqueue(job.id, above=job.attempt)
    return job_answer(Links(request, services, tenant, ticket=False), job, status=202)
