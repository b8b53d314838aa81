"""Threads: make, find, read, change, copy, delete."""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from tailrace.api.adapters.langgraph.credentials import Tenant
from tailrace.api.adapters.langgraph.routes.answers import contains, json_response, selected
from tailrace.api.adapters.langgraph.routes.names import Name
from tailrace.api.adapters.langgraph.thread_fields import (
    ThreadCreate,
    ThreadFilters,
    ThreadPatch,
    ThreadPrune,
    ThreadSearchBody,
    refused,
    ttl_s,
)
from tailrace.api.adapters.langgraph.views.threads import thread_fields
from tailrace.api.dependencies import Services, ServicesDep
from tailrace.api.errors import ThreadExists
from tailrace.api.http.body import read_json
from tailrace.api.schemas import parse
from tailrace.shared.errors import ThreadNotFound
from tailrace.shared.events import decode
from tailrace.shared.log_store.threads.thread_search import Order, Search
from tailrace.shared.threads import Thread, ThreadId, ThreadName, new_thread_id

router = APIRouter()

_ORDERS: Final[dict[str, Order]] = {"created_at": "created_at", "updated_at": "updated_at"}
_OF_STATE: Final = frozenset(("values", "interrupts"))


@router.post("/threads")
async def create_thread(request: Request, services: ServicesDep, tenant: Tenant) -> Response:
    """Make a thread."""
    body = parse(ThreadCreate, await read_json(request, services.settings))
    if body.supersteps:
        raise refused("supersteps", "A thread begins empty: update its state, or run on it.")
    name = ThreadName(tenant, ThreadId(body.thread_id) if body.thread_id else new_thread_id())
    made = await services.threads.create(name, body.metadata or {}, ttl_s(body.ttl))
    if not made.new and body.if_exists != "do_nothing":
        raise ThreadExists("Thread already exists")
    return json_response(await _whole(services, name, made.thread))


@router.post("/threads/search")
async def search_threads(request: Request, services: ServicesDep, tenant: Tenant) -> Response:
    """The threads that match, a page of them."""
    body = parse(ThreadSearchBody, await read_json(request, services.settings))
    if body.extract:
        raise refused("extract", "Ask for values, and take from them what you need.")
    order = _ORDERS.get(body.sort_by or "created_at")
    if order is None:
        raise refused("sort_by", f"Sort by {' or '.join(_ORDERS)}.")
    limit, offset = body.limit or 10, body.offset or 0
    search = Search(
        status=body.status,
        metadata=body.metadata or {},
        ids=[ThreadId(one) for one in body.ids] if body.ids else None,
        order=order,
        descending=body.sort_order != "asc",
        limit=limit,
        offset=offset,
        where=_with_values(services, tenant, body),
    )
    threads, cursor = await services.search.page(tenant, search)
    if body.select is None or _OF_STATE & set(body.select):
        rows = await asyncio.gather(
            *(_whole(services, ThreadName(tenant, thread.id), thread) for thread in threads)
        )
    else:
        rows = [thread_fields(thread) for thread in threads]
    headers = {"X-Pagination-Next": str(offset + len(threads))} if cursor else {}
    return json_response(selected(rows, body.select), headers=headers)


@router.post("/threads/count")
async def count_threads(request: Request, services: ServicesDep, tenant: Tenant) -> Response:
    """How many threads match."""
    body = parse(ThreadFilters, await read_json(request, services.settings))
    search = Search(
        status=body.status,
        metadata=body.metadata or {},
        where=_with_values(services, tenant, body),
    )
    return json_response(await services.search.count(tenant, search))


@router.post("/threads/prune")
async def prune_threads(request: Request, services: ServicesDep, tenant: Tenant) -> Response:
    """Delete threads, or all of their states but the newest; how many it was done to."""
    body = parse(ThreadPrune, await read_json(request, services.settings))
    prune = services.removal.delete if body.strategy == "delete" else services.threads.prune
    pruned = 0
    for thread_id in dict.fromkeys(body.thread_ids):
        with suppress(ThreadNotFound):
            pruned += await prune(ThreadName(tenant, ThreadId(thread_id))) is not False
    return json_response({"pruned_count": pruned})


@router.get("/threads/{thread_id}")
async def get_thread(services: ServicesDep, name: Name) -> Response:
    """The thread, with its values."""
    return json_response(await _whole(services, name, await services.threads.get(name)))


@router.patch("/threads/{thread_id}")
async def patch_thread(request: Request, services: ServicesDep, name: Name) -> Response:
    """Add to the thread's metadata."""
    body = parse(ThreadPatch, await read_json(request, services.settings))
    thread = await services.threads.patch(name, body.metadata or {}, ttl_s(body.ttl))
    return json_response(await _whole(services, name, thread))


@router.delete("/threads/{thread_id}")
async def delete_thread(services: ServicesDep, name: Name) -> Response:
    """Delete the thread with its runs, their events and its state."""
    await services.removal.delete(name)
    return Response(status_code=204)


@router.post("/threads/{thread_id}/copy")
async def copy_thread(services: ServicesDep, name: Name) -> Response:
    """A new thread with the same metadata and the same states."""
    target = ThreadName(name.tenant, new_thread_id())
    copied = await services.threads.copy(name, target)
    return json_response(await _whole(services, target, copied))


async def _whole(services: Services, name: ThreadName, thread: Thread) -> dict[str, Any]:
    return thread_fields(thread, await services.snapshots.snapshot(str(name)))


def _with_values(services: Services, tenant: str, body: ThreadFilters) -> Any:
    """Which of some threads have these values; None: all of them."""
    asked = body.values
    if not asked:
        return None

    async def where(threads: Sequence[Thread]) -> Sequence[bool]:
        names = [str(ThreadName(tenant, thread.id)) for thread in threads]
        states = await asyncio.gather(*map(services.snapshots.snapshot, names))
        return [state is not None and contains(decode(state.values), asked) for state in states]

    return where
