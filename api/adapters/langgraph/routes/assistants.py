"""Assistants: each graph of the catalogue is one."""

import re
from collections.abc import Mapping
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tailrace.api.adapters.langgraph.credentials import authenticate
from tailrace.api.adapters.langgraph.routes.answers import (
    contains,
    json_response,
    page_headers,
    selected,
)
from tailrace.api.adapters.langgraph.views.assistants import (
    assistant,
    drawing,
    find_graph,
    schemas,
    subgraphs,
)
from tailrace.api.dependencies import Services, ServicesDep
from tailrace.api.http.body import read_json
from tailrace.api.schemas import parse
from tailrace.shared.queue_store.catalogue import GraphSpec

router = APIRouter(dependencies=[Depends(authenticate)])

_STRICT: Final = ConfigDict(extra="forbid", strict=True, frozen=True)
_DEPTHS: Final[Mapping[str, int | None]] = {"true": None, "false": 0}
_Limit = Annotated[int, Field(ge=1, le=1000)]


class Filters(BaseModel):
    """Body of `POST /assistants/count`."""

    model_config = _STRICT

    graph_id: str | None = None
    name: str | None = None
    metadata: dict[str, JsonValue] | None = None


class Search(Filters):
    """Body of `POST /assistants/search`."""

    limit: _Limit | None = None
    offset: Annotated[int, Field(ge=0)] | None = None
    sort_by: Literal["assistant_id", "graph_id", "name", "created_at", "updated_at"] | None = None
    sort_order: Literal["asc", "desc"] | None = None
    select: list[str] | None = None


@router.post("/assistants/search")
async def search_assistants(request: Request, services: ServicesDep) -> Response:
    """The assistants that match, a page of them."""
    asked = parse(Search, await read_json(request, services.settings))
    found = await _matching(services, asked)
    found.sort(key=lambda row: str(row[asked.sort_by or "name"]))
    if asked.sort_order == "desc":
        found.reverse()
    limit, offset = asked.limit or 10, asked.offset or 0
    rows = selected(found[offset : offset + limit], asked.select)
    return json_response(rows, headers=page_headers(offset, limit, len(found)))


@router.post("/assistants/count")
async def count_assistants(request: Request, services: ServicesDep) -> Response:
    """How many assistants match."""
    asked = parse(Filters, await read_json(request, services.settings))
    return json_response(len(await _matching(services, asked)))


@router.get("/assistants/{name}")
async def get_assistant(services: ServicesDep, name: str) -> Response:
    """One assistant, by its id or its graph's name."""
    return json_response(assistant(await _find(services, name)))


@router.get("/assistants/{name}/schemas")
async def get_schemas(services: ServicesDep, name: str) -> Response:
    """The schemas of the assistant's graph; null for those that its worker can't tell."""
    spec = await _find(services, name)
    return json_response(schemas(spec, await services.graphs.details(spec)))


@router.get("/assistants/{name}/graph")
async def get_graph(services: ServicesDep, name: str, xray: str = "false") -> Response:
    """The nodes and edges of the assistant's graph, with those of graphs inside if asked for."""
    details = await services.graphs.details(await _find(services, name))
    told = drawing(details, _depth(xray))
    if told is None:
        raise HTTPException(404, "The graph has no drawing: it is made for each run.")
    return json_response(told)


@router.get("/assistants/{name}/subgraphs")
async def get_subgraphs(services: ServicesDep, name: str, *, recurse: bool = False) -> Response:
    """The schemas of the graphs inside the assistant's graph."""
    spec = await _find(services, name)
    details = await services.graphs.details(spec)
    return json_response(subgraphs(spec, details, None, recurse=recurse))


@router.get("/assistants/{name}/subgraphs/{namespace}")
async def get_subgraph(
    services: ServicesDep, name: str, namespace: str, *, recurse: bool = False
) -> Response:
    """The schemas of one of them; nothing, if there is none there."""
    spec = await _find(services, name)
    details = await services.graphs.details(spec)
    return json_response(subgraphs(spec, details, namespace, recurse=recurse))


def _depth(xray: str) -> int | None:
    """How deep the graphs inside are drawn; None: all of them.

    Raises:
        HTTPException: neither a truth value nor a depth.
    """
    if xray.lower() in _DEPTHS:
        return _DEPTHS[xray.lower()]
    if not re.fullmatch(r"[1-9][0-9]{0,2}", xray):
        raise HTTPException(422, "xray: true, false, or the depth to which graphs are drawn.")
    return int(xray)


async def _find(services: Services, name: str) -> GraphSpec:
    spec = find_graph(await services.graphs.catalogue(), name)
    if spec is None:
        raise HTTPException(404, "Assistant not found")
    return spec


async def _matching(services: Services, asked: Filters) -> list[dict[str, Any]]:
    graphs = (await services.graphs.catalogue()).graphs.values()
    wanted = (asked.name or "").lower()
    return [
        row
        for row in map(assistant, graphs)
        if (asked.graph_id is None or row["graph_id"] == asked.graph_id)
        and wanted in row["name"].lower()
        and contains(row["metadata"], asked.metadata or {})
    ]
