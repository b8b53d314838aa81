"""Runs without a thread: each is a job."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tailrace.api.adapters.langgraph.cancelling import Action, cancel_run
from tailrace.api.adapters.langgraph.credentials import Tenant
from tailrace.api.adapters.langgraph.routes.answers import json_response, where
from tailrace.api.adapters.langgraph.routes.names import Leaves, Modes, find_run, thread_name
from tailrace.api.adapters.langgraph.run_fields import RunsCancel
from tailrace.api.adapters.langgraph.streaming import read_cursor, stream_run
from tailrace.api.adapters.langgraph.submission import create_run, read_run, read_runs
from tailrace.api.adapters.langgraph.views.runs import run
from tailrace.api.adapters.langgraph.waiting import ValuesResponse
from tailrace.api.dependencies import ServicesDep, find_job
from tailrace.api.http.body import read_json
from tailrace.api.schemas import parse
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
    return await stream_run(services, job, cursor, where(_place(job), "stream", request))


@router.post("/runs/wait")
async def create_and_wait(request: Request, services: ServicesDep, tenant: Tenant) -> Response:
    """Accept a run, and respond with its values once it is over."""
    job = await create_run(services, tenant, request, await read_run(request, services))
    return ValuesResponse(services, job, {"Content-Location": _place(job)})


@router.post("/runs/batch")
async def create_batch(request: Request, services: ServicesDep, tenant: Tenant) -> Response:
    """Accept several runs, none of them if one is refused for its fields."""
    bodies = await read_runs(request, services)
    jobs = [
        await create_run(services, tenant, request, body, part=number)
        for number, body in enumerate(bodies, 1)
    ]
    return json_response([run(job) for job in jobs])


@router.post("/runs/cancel")
async def cancel(
    request: Request,
    services: ServicesDep,
    tenant: Tenant,
    action: Action = "interrupt",
) -> Response:
    """Ask for the ends of several runs of one thread."""
    body = parse(RunsCancel, await read_json(request, services.settings))
    name = await thread_name(tenant, body.thread_id)
    jobs = [await find_run(services, name, run_id) for run_id in body.run_ids]
    for job in jobs:
        await cancel_run(services, job, action)
    return Response(status_code=204)


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
    places, left = where(_place(job), "stream", request), cancel_on_disconnect
    return await stream_run(services, job, cursor, places, stream_mode, cancel_when_left=left)


def _place(job: Job) -> str:
    return f"/runs/{job.id}"
