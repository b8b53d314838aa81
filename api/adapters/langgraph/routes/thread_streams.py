"""Streams of whole threads, and the commands of LangGraph's thread protocol."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tailrace.api.adapters.langgraph.commanding import Command, Commands
from tailrace.api.adapters.langgraph.routes.answers import json_response
from tailrace.api.adapters.langgraph.routes.names import Name
from tailrace.api.adapters.langgraph.streaming import ALL_PARTS, read_cursor
from tailrace.api.adapters.langgraph.thread_stream import stream_thread
from tailrace.api.adapters.langgraph.views.subscription import PARTS, Filter, ProtocolForm
from tailrace.api.adapters.langgraph.views.thread_runs import THREAD_MODES, RunsForm, ThreadMode
from tailrace.api.dependencies import ServicesDep
from tailrace.api.http.body import read_json
from tailrace.api.schemas import parse

router = APIRouter()

_STRICT: Final = ConfigDict(extra="forbid", strict=True, frozen=True)
_CHANNEL: Final = (
    r"^(values|updates|messages|tools|lifecycle|input|checkpoints|tasks|custom(:.{1,256})?)$"
)
_MOST: Final = 1000
_Names = Annotated[list[Annotated[str, Field(max_length=1024)]], Field(max_length=100)]


class Subscription(BaseModel):
    """Body of `POST /threads/{id}/stream/events`."""

    model_config = _STRICT

    channels: Annotated[
        list[Annotated[str, Field(pattern=_CHANNEL)]], Field(min_length=1, max_length=_MOST)
    ]
    namespaces: Annotated[list[_Names], Field(max_length=_MOST)] | None = None
    depth: Annotated[int, Field(ge=0)] | None = None
    since: Annotated[int, Field(ge=0, lt=2**53)] | None = None

    @property
    def wanted(self) -> Filter:
        """Which events are wanted."""
        prefixes = tuple(dict.fromkeys(map(tuple, self.namespaces or ())))
        return Filter(frozenset(self.channels), prefixes, self.depth)


@router.post("/threads/{thread_id}/commands")
async def command(request: Request, services: ServicesDep, name: Name) -> Response:
    """Do what a client commands, and say what has become of it."""
    body = parse(Command, await read_json(request, services.settings))
    return json_response(await Commands(services, request, name).response(body))


@router.post("/threads/{thread_id}/stream/events")
async def subscribe(request: Request, services: ServicesDep, name: Name) -> Response:
    """The thread's events after the cursor that are wanted; it does not end by itself."""
    body = parse(Subscription, await read_json(request, services.settings))
    thread = await services.threads.get(name)
    form = ProtocolForm(thread.metadata.get("graph_id"), body.wanted)
    return await stream_thread(services, name, form, *divmod(body.since or 0, PARTS))


@router.get("/threads/{thread_id}/stream")
async def stream(
    request: Request,
    services: ServicesDep,
    name: Name,
    *,
    stream_mode: Annotated[list[str] | None, Query()] = None,
) -> Response:
    """The events of the thread's runs after the cursor, without one from now on."""
    modes = _modes(" ".join(stream_mode or ()))
    await services.threads.get(name)
    cursor = read_cursor(request)
    seq, parts = cursor.seq, cursor.parts
    if "last-event-id" not in request.headers:
        seq = (await services.relay.summaries.get(name)).seq
        parts = ALL_PARTS
    return await stream_thread(services, name, RunsForm(name.id, modes), seq, parts)


def _modes(given: str) -> frozenset[ThreadMode]:
    """The modes that a client names in a URL, by themselves or as a list.

    Raises:
        HTTPException: there is no such mode.
    """
    named = re.findall(r"[A-Za-z_-]+", given)
    if unknown := set(named) - set(THREAD_MODES):
        known = f"The modes are {', '.join(THREAD_MODES)}."
        raise HTTPException(422, f"stream_mode: there is no mode {min(unknown)!r}. {known}")
    return frozenset(mode for mode in THREAD_MODES if mode in named) or frozenset({"run_modes"})
