"""Runs without a thread: each is a job."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tailrace.api.adapters.langgraph.credentials import Tenant
from tailrace.api.adapters.langgraph.routes.answers import json_response, where
from tailrace.api.adapters.langgraph.routes.names import Leaves, Modes
from tailrace.api.adapters.langgraph.streaming import read_cursor, stream_run
from tailrace.api.adapters.langgraph.submission import create_run, read_run
from tailrace.api.adapters.langgraph.views.runs import run
from tailrace.api.adapters.langgraph.views.view import chosen_modes, view_of
from tailrace.api.adapters.langgraph.waiting import ValuesResponse
from tailrace.api.dependencies import ServicesDep, find_job
from tailrace.shared.jobs import Job

router = APIRouter()


@router.post("/runs")
async def create(request: Request, services: ServicesDep, tenant: Tenant) -> Response:
    """Accept a run; it is stored, and will get its end."""
    job = await create_run(services, tenant, request, await read_run(request, services))
    return json_response(run(job), headers={"Content-Location": _place(job)})


@router.post("/runs/stream")
async def create_and_stream(request: Request, services: ServicesDep, tenant: Tenant) -> Response:
    """Accept a run, and respond with its events."""
    cursor = read_cursor(request)
    job = await create_run(services, tenant, request, await read_run(request, services))
    return await stream_run(
        services, job, view_of(job), cursor, where(_place(job), "stream", request)
    )


@router.post("/runs/wait")
async def create_and_wait(request: Request, services: ServicesDep, tenant: Tenant) -> Response:
    """Accept a run, and respond with its values once it is over."""
    job = await create_run(services, tenant, request, await read_run(request, services))
    return ValuesResponse(services, job, {"Content-Location": _place(job)})


@router.get("/runs/{run_id}/stream")
async def stream(
    request: Request,
    services: ServicesDep,
    tenant: Tenant,
    run_id: str,
    *,
    cancel_on_disconnect: Leaves = False,
    stream_mode: Modes = None,
) -> Response:
    """The run's events after the cursor, up to its end."""
    cursor = read_cursor(request)
    job = await find_job(services, run_id, tenant)
    view = view_of(job, chosen_modes(stream_mode))
    places = where(_place(job), "stream", request)
    return await stream_run(
        services, job, view, cursor, places, cancel_when_left=cancel_on_disconnect
    )


def _place(job: Job) -> str:
    return f"/runs/{job.id}"
