"""Runs without a thread: each is a job."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tailrace.api.adapters.langgraph.credentials import Tenant
from tailrace.api.adapters.langgraph.routes.answers import json_response
from tailrace.api.adapters.langgraph.streaming import read_cursor, stream_run
from tailrace.api.adapters.langgraph.submission import create_run, read_run
from tailrace.api.adapters.langgraph.views.runs import run
from tailrace.api.adapters.langgraph.views.view import view_of
from tailrace.api.adapters.langgraph.waiting import ValuesResponse
from tailrace.api.dependencies import ServicesDep, find_job
from tailrace.shared.jobs import Job

router = APIRouter()


@router.post("/runs")
async def create(request: Request, services: ServicesDep, tenant: Tenant) -> Response:
    """Accept a run; it is stored, and will get its end."""
    job = await create_run(services, tenant, request, await read_run(request, services))
    return json_response(run(job), headers=_place(job))


@router.post("/runs/stream")
async def create_and_stream(request: Request, services: ServicesDep, tenant: Tenant) -> Response:
    """Accept a run, and respond with its events."""
    cursor = read_cursor(request)
    job = await create_run(services, tenant, request, await read_run(request, services))
    return await stream_run(services, job, view_of(job), cursor, _places(job))


@router.post("/runs/wait")
async def create_and_wait(request: Request, services: ServicesDep, tenant: Tenant) -> Response:
    """Accept a run, and respond with its values once it is over."""
    job = await create_run(services, tenant, request, await read_run(request, services))
    return ValuesResponse(services, job, _place(job))


@router.get("/runs/{run_id}/stream")
async def stream(request: Request, services: ServicesDep, tenant: Tenant, run_id: str) -> Response:
    """The run's events after the cursor, up to its end."""
    cursor = read_cursor(request)
    job = await find_job(services, run_id, tenant)
    return await stream_run(services, job, view_of(job), cursor, _places(job))


def _place(job: Job) -> dict[str, str]:
    return {"Content-Location": f"/runs/{job.id}"}


def _places(job: Job) -> dict[str, str]:
    """Where a client finds the run, and comes back to its events; relative to its base address."""
    return {**_place(job), "Location": f"/runs/{job.id}/stream"}
