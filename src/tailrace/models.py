"""What the client hands out: jobs, graphs and events, as values."""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal, TypedDict

from tailrace.errors import ProtocolBroken
from tailrace.json_values import JsonValue, decode

_DOUBLINGS: Final = 20


@dataclass(frozen=True, slots=True)
class Patience:
    """How long the client waits, in seconds."""

    response_s: float = 10.0
    """For a connection, and for the response to a request."""
    silence_s: float = 12.0
    """For the next byte of a stream: three heartbeats of 4 s."""
    outage_s: float = 60.0
    """For a service that does not respond at all, before a stream is given up."""
    posts: int = 3
    """How often a job is posted before its creation is given up; it is made once."""
    first_wait_s: float = 0.1
    """Before the first reconnect; doubles with each connection that brings no event."""
    longest_wait_s: float = 10.0

    def backoff_s(self, fruitless: int) -> float:
        """How long to wait behind so many tries that brought nothing, with jitter."""
        longest_s = min(self.first_wait_s * 2 ** min(fruitless, _DOUBLINGS), self.longest_wait_s)
        return random.uniform(longest_s / 2, longest_s)  # noqa: S311 - spreads load, keeps no secret


class JobOptions(TypedDict, total=False):
    """What a job may be asked for beside its input; None is the same as left out."""

    config: Mapping[str, JsonValue] | None
    """LangGraph's `configurable`, `tags`, `recursion_limit`."""
    context: Mapping[str, JsonValue] | None
    """What nodes find as `runtime.context`."""
    stream: Sequence[str] | None
    """LangGraph's stream modes; by default the service's."""
    metadata: Mapping[str, JsonValue] | None
    """Kept with the job."""
    interrupt_before: Sequence[str] | None
    """Nodes before which it stops: names, or `*` for all."""
    interrupt_after: Sequence[str] | None
    max_attempts: int | None
    """How often it may fail."""
    timeout_s: float | None
    """How long one attempt may take."""
    thread: str | None
    """The conversation that it continues: a UUID, made where it does not exist."""
    multitask_strategy: Literal["enqueue", "reject", "interrupt", "rollback"] | None
    """What becomes of the thread's other jobs; by default it runs after them."""
    if_not_exists: Literal["create", "reject"] | None
    checkpoint_id: str | None
    """The checkpoint of the thread to begin at; by default the newest."""
    command: Mapping[str, JsonValue] | None
    """In place of input, what LangGraph's `Command` has: resume, update, goto."""


@dataclass(frozen=True, slots=True)
class JobUrls:
    """Where a job's own calls are, relative to the service."""

    self_: str
    events: str
    cancel: str


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed, in words chosen for its user."""

    type: str
    detail: str
    retryable: bool = False
    traceback: str | None = None
    """Of the graph's own error, where a development run shows it."""


@dataclass(frozen=True, slots=True)
class Interrupt:
    """A question for which a job is waiting."""

    id: str
    value: JsonValue = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A job as the service tells it; times are RFC 3339 in UTC."""

    id: str
    graph: str
    status: str
    attempt: int
    created_at: str
    thread: str | None = None
    started_at: str | None = None
    ended_at: str | None = None
    metadata: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    result: JsonValue = None
    """What the graph's last state was; only of a job that succeeded."""
    error: JobError | None = None
    interrupts: tuple[Interrupt, ...] = ()
    """What a waiting job asks; nothing at a breakpoint."""
    next: tuple[str, ...] = ()
    """The nodes that come next where a waiting job stopped."""
    after: int | None = None
    """The stop of a waiting job: the number of its `waiting` event."""
    urls: JobUrls


@dataclass(frozen=True, slots=True)
class BrokenGraph:
    """Why a graph can't be run, for people."""

    reference: str
    """Under which the worker's log has the reason."""
    detail: str


@dataclass(frozen=True, slots=True)
class Graph:
    """A graph that can be run."""

    name: str
    description: str
    input_schema: dict[str, JsonValue]
    """JSON Schema, draft 2020-12."""
    mermaid: str = ""
    context_schema: dict[str, JsonValue] | None = None
    """The same of the runtime context, where the graph declares one."""
    nodes: tuple[str, ...] = ()
    """Where a job may be asked to stop; none where they are not known before a run."""
    broken: BrokenGraph | None = None
    """No worker could load it, so that jobs for it are refused."""

    @property
    def fields(self) -> tuple[tuple[str, bool], ...]:
        """The fields that a caller gives, by name, and whether each must be given."""
        properties = self.input_schema.get("properties")
        required = self.input_schema.get("required")
        if not isinstance(properties, dict):
            return ()
        needed = required if isinstance(required, list) else []
        return tuple((name, name in needed) for name, part in properties.items() if _is_given(part))


def _is_given(part: JsonValue) -> bool:
    return not (isinstance(part, dict) and part.get("readOnly"))


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """One event of a job's log."""

    seq: int
    """Its number; also its id on the wire."""
    name: str
    data: str
    """One line of JSON, exactly as it came: two readers of one log get equal text."""

    @property
    def value(self) -> JsonValue:
        """What `data` says.

        Raises:
            ProtocolBroken: it is not JSON.
        """
        try:
            return decode(self.data)
        except ValueError as error:
            raise ProtocolBroken(f"event {self.seq} holds no JSON") from error

    @property
    def fields(self) -> dict[str, JsonValue]:
        """The same for an event whose data is an object, as all but the unknown are.

        Raises:
            ProtocolBroken: it is not a JSON object.
        """
        value = self.value
        if not isinstance(value, dict):
            raise ProtocolBroken(f"event {self.seq} ({self.name}) holds no JSON object")
        return value
