"""Runs on a thread: create, follow, wait for, read, list, cancel, delete."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tailrace.api.adapters.langgraph.cancelling import Action, cancel_run
from tailrace.api.adapters.langgraph.routes.answers import json_response, selected, where
from tailrace.api.adapters.langgraph.routes.names import Leaves, Modes, Name, find_run
from tailrace.api.adapters.langgraph.streaming import read_cursor, stream_run
from tailrace.api.adapters.langgraph.submission import create_run, read_run
from tailrace.api.adapters.langgraph.views.runs import (
    RunStatus,
    is_listed,
    run,
    run_status,
)
from tailrace.api.adapters.langgraph.waiting import ValuesResponse, soon_over, until_over
from tailrace.api.dependencies import Services, ServicesDep
from tailrace.api.jobs.ending import end_job
from tailrace.shared.errors import ThreadBusy
from tailrace.shared.jobs import Job
from tailrace.shared.threads import ThreadName

router = APIRouter(prefix="/threads/{thread_id}/runs")

_PAGE = 100
_MOST_LOOKED_AT = 1000


@router.post("")
async def create(request: Request, services: ServicesDep, name: Name) -> Response:
    """Accept a run; it is stored, and will get its end."""
    job = await create_run(services, name.tenant, request, await read_run(request, services), name)
    return json_response(run(job), headers={"Content-Location": _place(job)})


@router.post("/stream")
async def create_and_stream(request: Request, services: ServicesDep, name: Name) -> Response:
    """Accept a run, and respond with its events."""
    cursor = read_cursor(request)
    job = await create_run(services, name.tenant, request, await read_run(request, services), name)
    return await stream_run(services, job, cursor, where(_place(job), "stream", request))


@router.post("/wait")
async def create_and_wait(request: Request, services: ServicesDep, name: Name) -> Response:
    """Accept a run, and respond with its values once it is over."""
    job = await create_run(services, name.tenant, request, await read_run(request, services), name)
    return ValuesResponse(services, job, where(_place(job), "join", request))


@router.get("")
async def list_runs(
    services: ServicesDep,
    name: Name,
    *,
    limit: Annotated[int, Query(ge=1, le=1000)] = 10,
    offset: Annotated[int, Query(ge=0)] = 0,
    status: RunStatus | None = None,
    select: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """The thread's runs, newest first."""
    await services.threads.get(name)
    jobs = await _runs(services, name, offset + limit, status)
    return json_response(selected([run(job) for job in jobs[offset:]], select))


@router.get("/{run_id}")
async def get_run(services: ServicesDep, name: Name, run_id: str) -> Response:
    """The run, as its job's record has it."""
    return json_response(run(await find_run(services, name, run_id)))


@router.get("/{run_id}/join")
async def join(
    request: Request,
    services: ServicesDep,
    name: Name,
    run_id: str,
    *,
    cancel_on_disconnect: Leaves = False,
) -> Response:
    """The run's values once it is over."""
    job = await find_run(services, name, run_id)
    places = where(_place(job), "join", request)
    return ValuesResponse(services, job, places, cancel_when_left=cancel_on_disconnect)


@router.get("/{run_id}/stream")
async def stream(
    request: Request,
    services: ServicesDep,
    name: Name,
    run_id: str,
    *,
    cancel_on_disconnect: Leaves = False,
    stream_mode: Modes = None,
) -> Response:
    """The run's events after the cursor, up to its end."""
    cursor = read_cursor(request)
    job = await find_run(services, name, run_id)
    places, left = where(_place(job), "stream", request), cancel_on_disconnect
    return await stream_run(services, job, cursor, places, stream_mode, cancel_when_left=left)


@router.post("/{run_id}/cancel")
async def cancel(
    services: ServicesDep,
    name: Name,
    run_id: str,
    *,
    wait: bool = False,
    action: Action = "interrupt",
) -> Response:
    """Ask for the run's end, and wait for it if that is wanted."""
    job = await find_run(services, name, run_id)
    await cancel_run(services, job, action)
    if wait:
        await until_over(services, job)
    return Response(status_code=204 if wait else 202)


@router.delete("/{run_id}")
async def delete(services: ServicesDep, name: Name, run_id: str) -> Response:
    """Delete the run, its events and the states that it made; one that is not over ends first."""
    job = await find_run(services, name, run_id)
    if not job.ended:
        await end_job(services, job.id)
        await soon_over(services, job)
    try:
        await services.removal.delete_job(name, job.id)
    except ThreadBusy:
        raise HTTPException(409, "Thread is busy") from None
    return Response(status_code=204)


async def _runs(
    services: Services, name: ThreadName, most: int, status: RunStatus | None
) -> list[Job]:
    """The newest runs, with this status if one is asked for."""
    found: list[Job] = []
    before, looked_at = None, 0
    while len(found) < most and looked_at < _MOST_LOOKED_AT:
        page = await services.threads.jobs(name, _PAGE, before)
        runs = [job for job in page.jobs if is_listed(job)]
        found += [job for job in runs if status in (None, run_status(job))]
        before, looked_at = page.before, looked_at + _PAGE
        if before is None:
            break
    return found[:most]


def _place(job: Job) -> str:
    return f"/threads/{job.request.thread}/runs/{job.id}"
