"""The body of a run, field by field: each is honoured or refused by its name, none is ignored."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, JsonValue

from tailrace.api.adapters.langgraph.views.view import MODES, Mode
from tailrace.api.errors import FieldError, InvalidBody
from tailrace.api.schemas import Nodes, pointer
from tailrace.shared.jobs import Durability

Strategy = Literal["reject", "rollback", "interrupt", "enqueue"]
_Modes = Annotated[
    list[str], BeforeValidator(lambda given: [given] if isinstance(given, str) else given)
]

_IN_STATE: Final = "a run keeps its checkpoints as it goes"
_STRICT: Final = ConfigDict(extra="forbid", strict=True, frozen=True)

_REFUSED: Final[Sequence[tuple[str, Callable[[Any], bool], str]]] = (
    ("webhook", bool, "Webhooks are not available."),
    ("feedback_keys", bool, "Feedback is kept by LangSmith, which this service does not call."),
    ("langsmith_tracer", bool, "This service does not call LangSmith."),
    ("after_seconds", bool, "A run can't be scheduled: it starts as soon as a worker is free."),
    ("durability", lambda value: value == "exit", f"'exit' is not available: {_IN_STATE}."),
    ("checkpoint_during", lambda value: value is False, f"false is not available: {_IN_STATE}."),
)
"""Fields that are refused: if they have such a value, and why."""


class RunsCancel(BaseModel):
    """Body of `POST /runs/cancel`."""

    model_config = _STRICT

    thread_id: str
    run_ids: Annotated[list[str], Field(min_length=1, max_length=100)]
    status: None = None
    """Runs are named here, not found by their status."""


class RunConfig(BaseModel):
    """A run's `config`."""

    model_config = _STRICT

    tags: list[str] | None = None
    recursion_limit: int | None = None
    configurable: dict[str, JsonValue] | None = None
    metadata: dict[str, JsonValue] | None = None


class RunCommand(BaseModel):
    """A run's `command`: how it continues the thread."""

    model_config = _STRICT

    resume: JsonValue = None
    update: JsonValue = None
    goto: JsonValue = None
    graph: None = None
    """RemoteGraph sends it with every command; only null can be meant here."""

    @property
    def said(self) -> dict[str, JsonValue]:
        """What it asks for. A `resume` of null counts where nothing else is asked for."""
        given: dict[str, JsonValue] = {"update": self.update, "goto": _sends(self.goto)}
        said: dict[str, JsonValue] = {
            name: value for name, value in given.items() if value not in (None, [])
        }
        if self.resume is not None or ("resume" in self.model_fields_set and not said):
            said["resume"] = self.resume
        return said


def _sends(goto: JsonValue) -> JsonValue:
    """Where to continue; RemoteGraph calls a node's own input `arg`."""
    if isinstance(goto, list):
        return [_sends(one) for one in goto]
    if isinstance(goto, dict) and "arg" in goto:
        return {"node": goto.get("node"), "input": goto["arg"]}
    return goto


class RunCheckpoint(BaseModel):
    """Where on its thread a run begins."""

    model_config = _STRICT

    thread_id: str | None = None
    checkpoint_ns: str | None = None
    checkpoint_id: str | None = None
    checkpoint_map: dict[str, JsonValue] | None = None


class RunCreate(BaseModel):
    """What LangGraph's clients send to create a run. A field that is null counts as left out."""

    model_config = _STRICT

    assistant_id: str
    input: JsonValue = None
    command: RunCommand | None = None
    checkpoint: RunCheckpoint | None = None
    checkpoint_id: str | None = None
    metadata: dict[str, JsonValue] | None = None
    config: RunConfig | None = None
    context: dict[str, JsonValue] | None = None
    webhook: str | None = None
    interrupt_before: Nodes | None = None
    interrupt_after: Nodes | None = None
    stream_mode: _Modes | None = None
    stream_subgraphs: bool | None = None
    stream_resumable: bool | None = None
    feedback_keys: list[str] | None = None
    multitask_strategy: Strategy | None = None
    if_not_exists: Literal["create", "reject"] | None = None
    after_seconds: float | None = None
    checkpoint_during: bool | None = None
    durability: Literal["sync", "async", "exit"] | None = None
    on_disconnect: Literal["cancel", "continue"] | None = None
    on_completion: Literal["delete", "keep"] | None = None
    strict_resume: bool | None = None
    langsmith_tracer: Annotated[
        dict[str, JsonValue] | None, Field(description="LangSmith's own clients send it.")
    ] = None

    @property
    def begins_at(self) -> str | None:
        """The checkpoint at which the run begins; None: the thread's newest."""
        return self.checkpoint_id or (self.checkpoint.checkpoint_id if self.checkpoint else None)

    @property
    def stored(self) -> Durability | None:
        """When checkpoints are stored; `checkpoint_during` is the old name of that."""
        if self.durability in ("sync", "async"):
            return self.durability
        return "async" if self.checkpoint_during else None

    @property
    def modes(self) -> list[Mode]:
        """The stream modes; `values` unless others are asked for."""
        return [mode for mode in MODES if mode in (self.stream_mode or ["values"])]


def check(body: RunCreate, *, thread: bool) -> None:
    """Refuse what can't be honoured.

    Args:
        body: of the run.
        thread: whether the run has a thread.

    Raises:
        InvalidBody: names each field, and says why.
    """
    more = _refused_on_thread if thread else _refused_without_thread
    refused = [*_refused(body), *more(body)]
    if refused:
        wrong = tuple(FieldError(pointer([name]), why) for name, why in refused)
        raise InvalidBody("The run can't be honoured.", wrong)


def _refused(body: RunCreate) -> Iterator[tuple[str, str]]:
    yield from _refused_modes(body)
    for name, refuses, why in _REFUSED:
        if refuses(getattr(body, name)):
            yield name, why


def _refused_modes(body: RunCreate) -> Iterator[tuple[str, str]]:
    for mode in body.stream_mode or ():
        if mode not in MODES:
            yield (
                "stream_mode",
                f"There is no mode {mode!r} here. The modes are {', '.join(MODES)}.",
            )
    if body.stream_mode == []:
        yield "stream_mode", "Name at least one mode."


def _refused_on_thread(body: RunCreate) -> Iterator[tuple[str, str]]:
    at = body.checkpoint
    if at is not None and (at.checkpoint_ns or set(at.checkpoint_map or {}) - {""}):
        yield (
            "checkpoint",
            "A run begins at a checkpoint of the graph itself, not of one inside it.",
        )
    if at and body.checkpoint_id and at.checkpoint_id not in (None, body.checkpoint_id):
        yield "checkpoint_id", "It is not the id in checkpoint."
    if body.command is not None and body.input not in (None, {}):
        yield "input", "Send either input or command."
    if body.command is not None and not body.command.said:
        yield "command", "Send resume, update or goto."
    if body.strict_resume:
        yield "strict_resume", "true is not available."
    if body.on_completion == "delete":
        yield "on_completion", "A thread stays: delete it when you no longer need it."


def _refused_without_thread(body: RunCreate) -> Iterator[tuple[str, str]]:
    given: Mapping[str, Any] = {
        "command": body.command,
        "checkpoint": body.checkpoint,
        "checkpoint_id": body.checkpoint_id,
        "strict_resume": body.strict_resume,
    }
    for name, value in given.items():
        if value:
            yield name, "A run without a thread starts from its input."
    if body.on_completion == "keep":
        yield "on_completion", "'keep' needs a thread: create one, and run on it."
