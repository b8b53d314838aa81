"""Commands of LangGraph's thread protocol: start a run, resume it, read the state."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Final, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, JsonValue
from starlette.requests import Request

from tailrace.api.adapters.langgraph.run_fields import Strategy
from tailrace.api.adapters.langgraph.submission import create_run, protocol_run
from tailrace.api.adapters.langgraph.views.subscription import PARTS
from tailrace.api.dependencies import Services
from tailrace.api.errors import InvalidBody
from tailrace.api.schemas import parse
from tailrace.shared.errors import JobNotFound, ThreadNotFound
from tailrace.shared.events import decode
from tailrace.shared.log_store.checkpoints.snapshots import Snapshot
from tailrace.shared.threads import ThreadName

_STRICT: Final = ConfigDict(extra="forbid", strict=True, frozen=True)
_MODES: Final = ["values", "updates", "custom", "messages-tuple", "tasks"]
"""What clients may subscribe to, whenever they come."""

Object = dict[str, JsonValue]
_Params = TypeVar("_Params", bound=BaseModel)


class Refused(Exception):
    """A command that is not done.

    Args:
        code: of the protocol.
        message: why, for developers.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(code, message)
        self.code = code
        self.message = message


class Command(BaseModel):
    """Body of `POST /threads/{id}/commands`."""

    model_config = _STRICT

    id: Annotated[int, Field(ge=0)]
    method: str
    params: Object | None = None


class RunStart(BaseModel):
    """Parameters of `run.start`."""

    model_config = _STRICT

    assistant_id: Annotated[str, Field(min_length=1)]
    input: JsonValue = None
    config: Object | None = None
    metadata: Object | None = None
    multitask_strategy: Strategy | None = None
    multitaskStrategy: Strategy | None = None  # noqa: N815 - as clients send it, beside the other
    langsmith_tracer: Object | None = None


class ResumeValue(BaseModel):
    """What one question is replied with."""

    model_config = _STRICT

    interrupt_id: str
    response: JsonValue = None
    namespace: list[str] | None = None


class InputRespond(BaseModel):
    """Parameters of `input.respond`: one resume value, or several together."""

    model_config = _STRICT

    interrupt_id: str | None = None
    response: JsonValue = None
    namespace: list[str] | None = None
    responses: list[ResumeValue] | None = None
    update: JsonValue = None
    goto: JsonValue = None
    config: Object | None = None
    metadata: Object | None = None
    strict_resume: bool | None = None
    """Each value has to belong to a question that is open; here it always has to."""

    @property
    def values(self) -> dict[str, JsonValue]:
        """The resume values, by the ids of their questions."""
        if self.responses is not None:
            return {one.interrupt_id: one.response for one in self.responses}
        return {self.interrupt_id: self.response} if self.interrupt_id is not None else {}


class StateGet(BaseModel):
    """Parameters of `state.get`."""

    model_config = _STRICT

    keys: list[str] | None = None
    namespace: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Commands:
    """Does what a client commands on one thread.

    Args:
        services: of this process.
        request: has the idempotency key.
        name: the thread.
    """

    services: Services
    request: Request
    name: ThreadName

    async def response(self, command: Command) -> dict[str, Any]:
        """Do it; what the client is told.

        Raises:
            UnknownGraph, InvalidInput, ThreadBusy, StoreUnavailable: as for every run.
            ThreadNotFound: there is no such thread, and the command makes none.
        """
        seen = await self._last_number()
        try:
            told = {"type": "success", "result": await self._result(command)}
        except Refused as refused:
            told = {"type": "error", "error": refused.code, "message": refused.message}
        meta = {"thread_id": self.name.id, "applied_through_seq": seen}
        return {**told, "id": command.id, "meta": meta}

    async def _last_number(self) -> int:
        """The highest number that an event of the thread may have had before the command."""
        try:
            summary = await self.services.relay.summaries.get(self.name)
        except (JobNotFound, ThreadNotFound):
            return 0
        return summary.seq * PARTS + PARTS - 1 if summary.seq else 0

    async def _result(self, command: Command) -> dict[str, Any]:
        params: Object = command.params or {}
        match command.method:
            case "run.start":
                return await self._start(_parsed(RunStart, params))
            case "input.respond":
                return await self._respond(_parsed(InputRespond, params))
            case "state.get":
                return await self._state(_parsed(StateGet, params))
            case "subscription.subscribe" | "subscription.unsubscribe" | "subscription.reconnect":
                why = "Over HTTP, a connection to /threads/{id}/stream/events is a subscription."
                raise Refused("not_supported", why)
            case "agent.getTree" | "input.inject":
                raise Refused("not_supported", f"{command.method} is not available.")
            case other:
                raise Refused("unknown_command", f"Unknown protocol command: {other}")

    async def _start(self, params: RunStart) -> dict[str, Any]:
        said = {**params.model_dump(), "multitask_strategy": _strategy(params)}
        del said["multitaskStrategy"]
        asks = params.input is not None and bool(_questions(await self._now()))
        if asks:
            said |= {"input": None, "command": {"resume": params.input}}
        return {"run_id": await self._run(said)}

    async def _respond(self, params: InputRespond) -> dict[str, Any]:
        if not params.values:
            raise Refused("invalid_argument", "input.respond needs interrupt_id, or responses.")
        thread = await self.services.threads.get(self.name)
        graph = thread.metadata.get("graph_id")
        if not isinstance(graph, str):
            raise Refused("no_such_run", "No run has been started on this thread.")
        open_ = _questions(await self._now())
        if not open_:
            why = "input.respond can only be used while the run is interrupted."
            raise Refused("invalid_argument", why)
        if unknown := params.values.keys() - open_:
            raise Refused("no_such_interrupt", f"Not open: {', '.join(sorted(unknown))}.")
        command = {"resume": params.values, "update": params.update, "goto": params.goto}
        said = {"config": params.config, "metadata": params.metadata, "command": command}
        await self._run({**said, "assistant_id": graph, "multitask_strategy": "enqueue"})
        return {}

    async def _run(self, said: Mapping[str, Any]) -> str:
        config: dict[str, Any] = dict(said.get("config") or {})
        configurable = dict(config.get("configurable") or {})
        begins_at = configurable.pop("checkpoint_id", None)
        own = {
            "config": {**config, "configurable": configurable},
            "checkpoint_id": begins_at,
            "if_not_exists": "create",
            "stream_mode": _MODES,
            "stream_subgraphs": True,
        }
        body = protocol_run({**said, **own})
        job = await create_run(self.services, self.name.tenant, self.request, body, self.name)
        return job.id

    async def _state(self, params: StateGet) -> dict[str, Any]:
        await self.services.threads.get(self.name)
        now = await self._now()
        if now is None:
            return {"values": {}}
        values = decode(now.values)
        if params.keys is not None and isinstance(values, dict):
            members = cast("dict[str, Any]", values)
            values = {name: members[name] for name in params.keys if name in members}
        return {"values": values, "checkpoint": {"id": now.id, "ns": now.place.ns}}

    async def _now(self) -> Snapshot | None:
        return await self.services.snapshots.snapshot(str(self.name))


def _questions(now: Snapshot | None) -> set[str]:
    """The ids of what the thread asks."""
    return {one["id"] for one in now.interrupts} if now is not None else set()


def _strategy(params: RunStart) -> Strategy:
    return params.multitask_strategy or params.multitaskStrategy or "enqueue"


def _parsed(model: type[_Params], params: Object) -> _Params:
    try:
        return parse(model, params)
    except InvalidBody as error:
        wrong = " ".join(f"{e.pointer.removeprefix('#/')}: {e.detail}" for e in error.errors)
        raise Refused("invalid_argument", wrong or error.detail) from None
