"""The states of a thread, read without its graph."""

from collections.abc import Mapping
from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tailrace.api.adapters.langgraph.routes.answers import json_response
from tailrace.api.adapters.langgraph.routes.names import Name
from tailrace.api.adapters.langgraph.thread_fields import History, StateAt, StateUpdate
from tailrace.api.adapters.langgraph.updating import updated_checkpoint
from tailrace.api.adapters.langgraph.views.threads import namespaces, state_fields
from tailrace.api.dependencies import Services, ServicesDep
from tailrace.api.http.body import read_json
from tailrace.api.schemas import parse
from tailrace.shared.log_store.checkpoints.snapshots import Snapshot
from tailrace.shared.threads import ThreadName

router = APIRouter()

_Subgraphs = Annotated[bool, Query(description="also tell the states of graphs inside")]
_Limit = Annotated[int, Query(ge=1, le=1000)]


@router.get("/threads/{thread_id}/state")
async def get_state(
    services: ServicesDep, name: Name, *, subgraphs: _Subgraphs = False
) -> Response:
    """The thread's state now."""
    await services.threads.get(name)
    return json_response(await _state(services, name, subgraphs=subgraphs))


@router.post("/threads/{thread_id}/state")
async def update_state(request: Request, services: ServicesDep, name: Name) -> Response:
    """Change the thread's state, as if one of its nodes had."""
    body = parse(StateUpdate, await read_json(request, services.settings))
    return json_response({"checkpoint": await updated_checkpoint(services, name, body)})


@router.get("/threads/{thread_id}/state/{checkpoint_id}")
async def get_state_at(
    services: ServicesDep,
    name: Name,
    checkpoint_id: str,
    *,
    subgraphs: _Subgraphs = False,
) -> Response:
    """The thread's state at a checkpoint."""
    await services.threads.get(name)
    return json_response(await _state(services, name, "", checkpoint_id, subgraphs=subgraphs))


@router.post("/threads/{thread_id}/state/checkpoint")
async def find_state(request: Request, services: ServicesDep, name: Name) -> Response:
    """The thread's state at a checkpoint, which may be of a graph inside."""
    body = parse(StateAt, await read_json(request, services.settings))
    await services.threads.get(name)
    at = body.checkpoint
    ns, id_ = (at.checkpoint_ns or "", at.checkpoint_id) if at else ("", None)
    return json_response(await _state(services, name, ns, id_, subgraphs=bool(body.subgraphs)))


@router.get("/threads/{thread_id}/history")
async def get_history(
    services: ServicesDep,
    name: Name,
    *,
    limit: _Limit = 10,
    before: str | None = None,
) -> Response:
    """The thread's states, newest first."""
    await services.threads.get(name)
    states = await services.snapshots.history(str(name), before=before, limit=limit)
    return json_response([state_fields(state, name.id) for state in states])


@router.post("/threads/{thread_id}/history")
async def find_history(request: Request, services: ServicesDep, name: Name) -> Response:
    """The thread's states that match, newest first."""
    body = parse(History, await read_json(request, services.settings))
    await services.threads.get(name)
    states = await services.snapshots.history(
        str(name),
        (body.checkpoint and body.checkpoint.checkpoint_ns) or "",
        before=body.before_id,
        limit=body.limit or 10,
        metadata=body.metadata,
    )
    return json_response([state_fields(state, name.id) for state in states])


async def _state(
    services: Services,
    name: ThreadName,
    ns: str = "",
    checkpoint_id: str | None = None,
    *,
    subgraphs: bool,
) -> dict[str, Any]:
    """A state.

    Raises:
        HTTPException: the thread has no such checkpoint.
    """
    snapshot = await services.snapshots.snapshot(str(name), ns, checkpoint_id)
    if snapshot is None and checkpoint_id is not None:
        raise HTTPException(404, f"Checkpoint {checkpoint_id} not found")
    inside: Mapping[str, Snapshot] = {}
    if subgraphs and snapshot is not None:
        inside = await _inside(services, name, snapshot)
    return state_fields(snapshot, name.id, inside)


async def _inside(
    services: Services, name: ThreadName, snapshot: Snapshot
) -> Mapping[str, Snapshot]:
    """The states of the graphs that its tasks run, and of those inside them."""
    found: dict[str, Snapshot] = {}
    for ns in namespaces(snapshot):
        below = await services.snapshots.snapshot(str(name), ns)
        if below is not None:
            found |= {ns: below, **await _inside(services, name, below)}
    return found
