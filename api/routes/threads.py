"""Threads: make, find, read, change, delete; their jobs, and the events of all their jobs."""

from typing import Annotated, Any

import orjson
from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tailrace.api.dependencies import Services, ServicesDep, Tenant, authenticate, get_services
from tailrace.api.errors import FieldError, InvalidQuery, ThreadExists
from tailrace.api.http.body import read_json
from tailrace.api.http.negotiation import choose
from tailrace.api.jobs.responses import Links
from tailrace.api.relay.cursor import StartPosition, cursor_of
from tailrace.api.relay.frames import THREAD_FORMATS
from tailrace.api.relay.response import stream_response
from tailrace.api.schemas import (
    CreateThread,
    FindThreads,
    PatchThread,
    job_body,
    parse,
    thread_body,
)
from tailrace.shared.events import encode
from tailrace.shared.log_store.threads.thread_search import InvalidPage
from tailrace.shared.threads import (
    Thread,
    ThreadId,
    ThreadName,
    new_thread_id,
    parse_thread_id,
)

router = APIRouter()

Limit = Annotated[int, Query(ge=1, le=100, description="how many to return at most")]


@router.post("/threads", status_code=201)
async def create_thread(request: Request, services: ServicesDep, tenant: Tenant) -> Response:
    """Make a thread, or return the one that is there."""
    body = parse(CreateThread, await read_json(request, services.settings))
    name = ThreadName(tenant, ThreadId(body.id) if body.id else new_thread_id())
    made = await services.threads.create(name, body.metadata, body.ttl_s)
    if not made.new and body.if_exists == "reject":
        raise ThreadExists("Send if_exists: return to get the thread that is there.")
    return _response(request, made.thread, status=201 if made.new else 200)


@router.api_route("/threads", methods=["GET", "HEAD"])
async def find_threads(
    request: Request, services: ServicesDep, tenant: Tenant, query: Annotated[FindThreads, Query()]
) -> Response:
    """The tenant's threads that match, newest first."""
    try:
        threads, cursor = await services.search.page(tenant, query.search())
    except InvalidPage:
        wrong = FieldError("cursor", "it is not one that this search has returned")
        raise InvalidQuery("The cursor is of another search.", (wrong,)) from None
    root = str(request.scope["root_path"])
    body = [orjson.Fragment(thread_body(thread, root)) for thread in threads]
    return _json({"threads": body, **({"cursor": cursor} if cursor else {})})


@router.api_route("/threads/{thread_id}", methods=["GET", "HEAD"])
async def get_thread(
    request: Request, services: ServicesDep, tenant: Tenant, thread_id: str
) -> Response:
    """The thread, as its record has it."""
    thread = await services.threads.get(ThreadName(tenant, parse_thread_id(thread_id)))
    return _response(request, thread)


@router.patch("/threads/{thread_id}")
async def patch_thread(
    request: Request, services: ServicesDep, tenant: Tenant, thread_id: str
) -> Response:
    """Add to the thread's metadata."""
    body = parse(PatchThread, await read_json(request, services.settings))
    name = ThreadName(tenant, parse_thread_id(thread_id))
    return _response(request, await services.threads.patch(name, body.metadata, body.ttl_s))


@router.delete("/threads/{thread_id}", status_code=204)
async def delete_thread(services: ServicesDep, tenant: Tenant, thread_id: str) -> Response:
    """Delete the thread with its jobs, their events and its state."""
    await services.removal.delete(ThreadName(tenant, parse_thread_id(thread_id)))
    return Response(status_code=204)


@router.api_route("/threads/{thread_id}/jobs", methods=["GET", "HEAD"])
async def list_jobs(
    request: Request,
    services: ServicesDep,
    tenant: Tenant,
    thread_id: str,
    *,
    limit: Limit = 20,
    before: Annotated[int | None, Query(ge=1)] = None,
) -> Response:
    """The thread's jobs, newest first."""
    name = ThreadName(tenant, parse_thread_id(thread_id))
    await services.threads.get(name)
    page = await services.threads.jobs(name, limit, before)
    links = Links(request, services, tenant, ticket=False)
    body = [orjson.Fragment(job_body(job, links.events(job.id), links.root)) for job in page.jobs]
    return _json({"jobs": body, **({"before": page.before} if page.before else {})})


@router.api_route("/threads/{thread_id}/history", methods=["GET", "HEAD"])
async def list_states(
    services: ServicesDep,
    tenant: Tenant,
    thread_id: str,
    *,
    limit: Limit = 10,
    before: Annotated[str | None, Query(max_length=64)] = None,
) -> Response:
    """The thread's states, newest first, read without its graphs."""
    name = ThreadName(tenant, parse_thread_id(thread_id))
    await services.threads.get(name)
    states = await services.snapshots.history(str(name), before=before, limit=limit)
    following = {"before": states[-1].id} if len(states) == limit else {}
    return _json({"states": [state.fields(name.id) for state in states], **following})


async def stream_thread(request: Request) -> Response:
    """The events of all the thread's jobs after the cursor; it does not end by itself.

    Checked in the order of a job's events.
    """
    services = await get_services(request)
    tenant = await authenticate(request, services)
    stream_format = THREAD_FORMATS[choose(request, *THREAD_FORMATS)]
    start = _start(request, services, tenant)
    return await stream_response(start, services.relay, stream_format)


async def _start(request: Request, services: Services, tenant: str) -> StartPosition:
    name = ThreadName(tenant, parse_thread_id(request.path_params["thread_id"]))
    summary = await services.relay.summaries.get(name)
    return StartPosition.of(name, summary, cursor_of(request))


EVENTS = Route("/threads/{thread_id}/events", stream_thread, methods=["GET", "HEAD"])
"""A plain route, as of a job's events."""


def _response(request: Request, thread: Thread, status: int = 200) -> Response:
    root = str(request.scope["root_path"])
    headers = {"Cache-Control": "no-store", "Location": f"{root}/threads/{thread.id}"}
    return Response(thread_body(thread, root), status, headers, media_type="application/json")


def _json(body: dict[str, Any]) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(encode(body), 200, headers, media_type="application/json")
