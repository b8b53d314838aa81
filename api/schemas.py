"""Request and response bodies: what a client may send, and what a job looks like to it."""

import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal, Self, TypeVar, cast
from urllib.parse import quote

import orjson
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    Json,
    JsonValue,
    ValidationError,
    field_validator,
    model_validator,
)

from tailrace.api.errors import FieldError, InvalidBody
from tailrace.api.settings import ApiSettings
from tailrace.shared.errors import ThreadNotFound
from tailrace.shared.events import encode
from tailrace.shared.jobs import DEFAULT_STREAM, Job, JobRequest, NodeNames, StreamMode
from tailrace.shared.log_store.jobs.job_store import OnThread
from tailrace.shared.log_store.threads.thread_search import MOST_IDS, MOST_OFFSET, Order, Search
from tailrace.shared.threads import (
    MultitaskStrategy,
    Thread,
    ThreadId,
    ThreadStatus,
    parse_thread_id,
)

ERRORS_SHOWN: Final = 20
"""How many errors a response names at most."""

_STRICT: Final = ConfigDict(extra="forbid", strict=True, frozen=True)
_NAME_SHOWN: Final = 100
_FRAGMENT: Final = "-._~!$&'()*+,;=:@?"
"""What a fragment may hold unescaped (RFC 3986, section 3.5)."""
_RESERVED: Final = ("thread_id", "checkpoint_", "langgraph_auth_", "__")
"""How names that belong to the service begin; `_OWN` has whole names."""
_OWN: Final = frozenset({"run_id", "graph_id", "tenant"})
_FIRST_LIMIT: Final = 100
"""Once the default: in a digest this `recursion_limit` is the same as none."""

Tag = Annotated[str, Field(max_length=128)]
NodeName = Annotated[str, Field(min_length=1, max_length=256)]
Nodes = Annotated[
    list[NodeName],
    Field(max_length=256),
    BeforeValidator(lambda given: ["*"] if given == "*" else given),
]
"""As in LangGraph: names of nodes, or `*` for all of them."""
_ON_THREAD: Final = frozenset({"multitask_strategy", "if_not_exists", "checkpoint_id", "command"})
M = TypeVar("M", bound=BaseModel)


def _thread_uuid(value: str) -> str:
    try:
        return parse_thread_id(value)
    except ThreadNotFound:
        raise ValueError("a thread's id is a UUID") from None


ThreadUuid = Annotated[str, AfterValidator(_thread_uuid)]
ThreadTtl = Annotated[float, Field(ge=60, le=10 * 365 * 86400)]


def belongs_to_service(name: str) -> bool:
    """Whether only the service sets this name in a run's `configurable`."""
    return name.startswith(_RESERVED) or name in _OWN


class JobConfig(BaseModel):
    """The part of LangGraph's run configuration that a client may set."""

    model_config = _STRICT

    configurable: dict[str, JsonValue] = Field(default_factory=dict)
    tags: list[Tag] = Field(default_factory=list, max_length=32)
    recursion_limit: int | None = Field(default=None, ge=1, le=1000)

    @field_validator("configurable")
    @classmethod
    def _refuse_reserved(cls, value: dict[str, JsonValue]) -> dict[str, JsonValue]:
        if any(map(belongs_to_service, value)):
            raise ValueError(
                "thread_id, run_id, graph_id, tenant, and what begins with checkpoint_,"
                " langgraph_auth_ or __, belong to the service"
            )
        return value


def _expect_name(pair: list[JsonValue]) -> list[JsonValue]:
    if not isinstance(pair[0], str):
        raise ValueError("an update is a pair: the name of a channel, and a value")  # noqa: TRY004 - for pydantic
    return pair


Update = Annotated[list[JsonValue], Field(min_length=2, max_length=2), AfterValidator(_expect_name)]
"""A channel's name, and what is given to it."""


class Send(BaseModel):
    """A node with an input of its own."""

    model_config = _STRICT

    node: NodeName
    input: JsonValue = None


class Command(BaseModel):
    """What LangGraph's `Command` has, as JSON: an update of the state, and where to continue."""

    model_config = _STRICT

    resume: JsonValue = None
    update: dict[str, JsonValue] | list[Update] | None = None
    goto: str | Send | list[str | Send] | None = None

    @model_validator(mode="after")
    def _expect_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("send resume, update or goto")
        return self


class CreateJob(BaseModel):
    """Body of `POST /jobs`."""

    model_config = _STRICT

    graph: str
    input: JsonValue
    config: JobConfig = JobConfig()
    stream: list[StreamMode] = Field(default=list(DEFAULT_STREAM), min_length=1, max_length=7)
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    max_attempts: int | None = Field(default=None, ge=1, le=100)
    timeout_s: float | None = Field(default=None, gt=0, le=7 * 86400)
    interrupt_before: Nodes = Field(default_factory=list[NodeName])
    interrupt_after: Nodes = Field(default_factory=list[NodeName])
    context: dict[str, JsonValue] | None = None
    thread: ThreadUuid | None = None
    multitask_strategy: MultitaskStrategy = "enqueue"
    if_not_exists: Literal["create", "reject"] = "create"
    checkpoint_id: str | None = Field(default=None, max_length=64)
    command: Command | None = None

    @model_validator(mode="before")
    @classmethod
    def _let_a_command_stand_for_input(cls, body: Any) -> Any:
        if not isinstance(body, dict):
            return body
        said = cast("dict[str, Any]", body)
        return said if said.get("command") is None else {"input": None, **said}

    @model_validator(mode="after")
    def _expect_a_beginning(self) -> Self:
        if self.thread is None and self.model_fields_set & _ON_THREAD:
            raise ValueError(f"{', '.join(sorted(_ON_THREAD))} are for a job on a thread")
        if self.command is not None and self.input is not None:
            raise ValueError("send either input or command")
        return self

    @field_validator("stream")
    @classmethod
    def _refuse_repeats(cls, value: list[StreamMode]) -> list[StreamMode]:
        if len(set(value)) != len(value):
            raise ValueError("a mode is repeated")
        return value

    def request(self, settings: ApiSettings) -> JobRequest:
        """The same for the service, with its defaults for whatever is left out."""
        return JobRequest(
            graph=self.graph,
            input=self.input,
            config=self.config.model_dump(exclude_none=True),
            stream=tuple(self.stream),
            metadata=self.metadata,
            max_attempts=self.max_attempts or settings.max_attempts,
            timeout_s=self.timeout_s or settings.job_timeout_s,
            interrupt_before=_names(self.interrupt_before),
            interrupt_after=_names(self.interrupt_after),
            context=self.context,
            thread=self.thread_id,
            checkpoint_id=self.checkpoint_id,
            command=self.command.model_dump(exclude_unset=True) if self.command else None,
        )

    @property
    def continues(self) -> bool:
        """Whether it begins where its thread stands, and not with an input."""
        return self.thread is not None and self.input is None

    @property
    def thread_id(self) -> ThreadId | None:
        """The job's thread."""
        return ThreadId(self.thread) if self.thread else None

    @property
    def on_thread(self) -> OnThread:
        """How the job comes to its thread."""
        return OnThread(self.multitask_strategy, must_exist=self.if_not_exists == "reject")

    def digest(self) -> str:
        """SHA-256, in hex, of the request, however its JSON was written.

        Neither the order of names matters, nor whether a default is spelled out. So a body keeps
        its digest when a later version has more fields.
        """
        said = self.model_dump(exclude_defaults=True)
        if self.config.recursion_limit == _FIRST_LIMIT:
            said["config"].pop("recursion_limit")
            said = {k: v for k, v in said.items() if k != "config" or v}
        return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


class CreateThread(BaseModel):
    """Body of `POST /threads`."""

    model_config = _STRICT

    id: ThreadUuid | None = None
    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    ttl_s: ThreadTtl | None = None
    if_exists: Literal["reject", "return"] = "reject"


class FindThreads(BaseModel):
    """Query of `GET /threads`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    status: ThreadStatus | None = None
    metadata: Json[dict[str, JsonValue]] = Field(default_factory=dict)
    id: list[ThreadUuid] = Field(default_factory=list, max_length=MOST_IDS)
    order: Order = "created_at"
    limit: int = Field(default=20, ge=1, le=100)
    offset: int = Field(default=0, ge=0, le=MOST_OFFSET)
    cursor: str | None = None

    def search(self) -> Search:
        """The same for the store."""
        return Search(
            status=self.status,
            metadata=self.metadata,
            ids=[ThreadId(one) for one in self.id] if self.id else None,
            order=self.order,
            limit=self.limit,
            offset=self.offset,
            cursor=self.cursor,
        )


class PatchThread(BaseModel):
    """Body of `PATCH /threads/{id}`."""

    model_config = _STRICT

    metadata: dict[str, JsonValue] = Field(default_factory=dict)
    ttl_s: ThreadTtl | None = None


class ResumeJob(BaseModel):
    """Body of `POST /jobs/{id}/resume`: a value in one of two forms, the stop, or both."""

    model_config = _STRICT

    value: JsonValue = None
    values: dict[str, JsonValue] | None = None
    after: int | None = Field(default=None, ge=1)

    @model_validator(mode="after")
    def _expect_one_value_at_most(self) -> Self:
        said = self.model_fields_set
        if {"value", "values"} <= said or ("values" in said and not self.values):
            raise ValueError("send either value, or values by interrupt id")
        if not self.has_value and self.after is None:
            raise ValueError("send value, values, or at a breakpoint the stop as after")
        return self

    @property
    def has_value(self) -> bool:
        """Whether it has a value, which may be null."""
        return not self.model_fields_set.isdisjoint({"value", "values"})


def parse(model: type[M], body: Any) -> M:
    """The body's fields.

    Raises:
        InvalidBody: names every wrong field.
    """
    try:
        return model.model_validate(body)
    except ValidationError as error:
        wrong = [FieldError(pointer(e["loc"]), e["msg"][:200]) for e in error.errors()]
        raise InvalidBody("The body's fields are wrong.", tuple(wrong[:ERRORS_SHOWN])) from error


def parse_list(model: type[M], body: Any, most: int) -> list[M]:
    """The fields of a body that is a list.

    Raises:
        InvalidBody: it is not a list of 1 to `most`, or names the wrong fields of one of them.
    """
    if not isinstance(body, list) or not 1 <= len(cast("list[Any]", body)) <= most:
        raise InvalidBody(f"The body is a list of 1 to {most}.", ())
    return [parse(model, one) for one in cast("list[Any]", body)]


def pointer(path: Sequence[int | str]) -> str:
    """A JSON Pointer as a URI fragment (RFC 6901, section 6); long names are cut."""
    names = (str(part)[:_NAME_SHOWN].replace("~", "~0").replace("/", "~1") for part in path)
    return "#" + "".join(f"/{quote(name, safe=_FRAGMENT)}" for name in names)


def _names(nodes: list[str]) -> NodeNames:
    return "*" if "*" in nodes else tuple(nodes)


def job_body(job: Job, events_url: str, root: str) -> bytes:
    """A job as JSON; `result` only when it succeeded, `error` only when it failed."""
    self_url, waiting = f"{root}/jobs/{job.id}", job.status == "waiting"
    body: dict[str, Any] = {
        "id": job.id,
        "graph": job.request.graph,
        "status": job.status,
        "thread": job.request.thread,
        "attempt": job.attempt,
        "created_at": job.created_at,
        "started_at": job.started_at,
        "ended_at": job.ended_at,
        "metadata": job.request.metadata or None,
        "result": None if job.result is None else orjson.Fragment(job.result),
        "error": job.error.fields() if job.error else None,
        "interrupts": job.pause.interrupts if waiting else None,
        "next": job.pause.next if waiting else None,
        "after": job.stop,
        "urls": {"self": self_url, "events": events_url, "cancel": f"{self_url}/cancel"},
    }
    return encode({name: value for name, value in body.items() if value is not None})


def thread_body(thread: Thread, root: str) -> bytes:
    """A thread as JSON."""
    self_url = f"{root}/threads/{thread.id}"
    body: dict[str, Any] = {
        "id": thread.id,
        "status": thread.status,
        "created_at": thread.created_at,
        "updated_at": thread.updated_at,
        "metadata": thread.metadata or None,
        "urls": {"self": self_url, "jobs": f"{self_url}/jobs", "events": f"{self_url}/events"},
    }
    return encode({name: value for name, value in body.items() if value is not None})
