"""A job: its id, its states, its record as values. Knows nothing of Redis.

queued  -> running | cancelled | failed
running -> queued (retry, worker lost, shutdown) | waiting | succeeded | failed | cancelled
waiting -> queued (resumed) | cancelled | failed (expired)
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, Literal, NewType, get_args

from uuid_utils import uuid7

from tailrace.shared.errors import JobNotFound
from tailrace.shared.threads import ThreadId, ThreadName

JobId = NewType("JobId", str)
"""A UUIDv7 (RFC 9562), lower-case hex with hyphens; its last digit is the job's shard."""

JobStatus = Literal["queued", "running", "waiting", "succeeded", "failed", "cancelled"]
FinalStatus = Literal["succeeded", "failed", "cancelled"]
StreamMode = Literal["values", "updates", "custom", "messages", "tasks", "checkpoints", "debug"]
Durability = Literal["sync", "async"]
"""Whether a step of a graph waits until the checkpoint before it is stored."""

NodeNames = Literal["*"] | tuple[str, ...]
"""Names of a graph's nodes, or all of them."""

STATUSES: Final[tuple[JobStatus, ...]] = get_args(JobStatus)
FINAL: Final[frozenset[JobStatus]] = frozenset({"succeeded", "failed", "cancelled"})
DEFAULT_STREAM: Final[tuple[StreamMode, ...]] = ("updates", "messages", "custom")

TRANSITIONS: Final[Mapping[JobStatus, frozenset[JobStatus]]] = {
    "queued": frozenset({"running", "cancelled", "failed"}),
    "running": frozenset({"queued", "waiting", "succeeded", "failed", "cancelled"}),
    "waiting": frozenset({"queued", "cancelled", "failed"}),
    "succeeded": frozenset(),
    "failed": frozenset(),
    "cancelled": frozenset(),
}

_FORM = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


def new_job_id(thread: ThreadId | None = None) -> JobId:
    """Make a job id; ids made later sort later. On a thread it has the thread's shard."""
    made = str(uuid7())
    return JobId(f"{made[:-1]}{thread[-1]}" if thread else made)


def parse_job_id(text: str) -> JobId:
    """Take a job id from outside.

    Raises:
        JobNotFound: it does not have the form of our ids, so no such job can exist.
    """
    if not _FORM.fullmatch(text):
        raise JobNotFound
    return JobId(text)


def timestamp() -> str:
    """The time now, RFC 3339, UTC, milliseconds."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed, in words chosen for its user."""

    type: str
    detail: str
    retryable: bool = False
    traceback: str | None = None
    """Of a graph's own error, in a development run alone (`TAILRACE_SHOW_ERRORS`)."""

    def fields(self) -> dict[str, Any]:
        """As the wire and the record have it."""
        return {name: value for name, value in asdict(self).items() if value is not None}


@dataclass(frozen=True, slots=True)
class JobRequest:
    """What a caller asks for; never changes after it is accepted."""

    graph: str
    input: Any
    config: Mapping[str, Any] = field(default_factory=dict[str, Any])
    stream: tuple[StreamMode, ...] = DEFAULT_STREAM
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    max_attempts: int = 3
    """Limits failures: retries and lost workers, not shutdowns or resumes."""
    timeout_s: float = 3600
    """How long one attempt may run."""
    interrupt_before: NodeNames = ()
    """Nodes before which the graph stops, in place of those that it was compiled with."""
    interrupt_after: NodeNames = ()
    context: Mapping[str, Any] | None = None
    """What the graph's nodes find as `runtime.context`; None is LangGraph's own."""
    thread: ThreadId | None = None
    """Its thread; None: it is its own."""
    checkpoint_id: str | None = None
    """The checkpoint of the thread to begin at; None: the newest."""
    command: Mapping[str, Any] | None = None
    """In place of input, what LangGraph's `Command` has: resume, update, goto."""
    update: Mapping[str, Any] | None = None
    """In place of a run, one change of the thread's state: values, as_node, checkpoint_ns."""
    durability: Durability | None = None
    """Whether a step waits for the checkpoint before it; None: as the worker's settings say."""
    view: Mapping[str, Any] | None = None
    """Set by an adapter of the API: in which form it shows the job. Its events then also have what
    LangGraph tells beside: the metadata of a message, the interrupts that belong to values."""


@dataclass(frozen=True, slots=True)
class Interrupt:
    """A graph has stopped to wait for a value."""

    id: str
    value: Any
    """What the graph passed to `interrupt()`."""


@dataclass(frozen=True, slots=True)
class Pause:
    """Where a run stopped to wait: for resume values, or at a breakpoint."""

    interrupts: tuple[Interrupt, ...] = ()
    """What is asked; nothing at a breakpoint."""
    next: tuple[str, ...] = ()
    """The nodes that run next, as LangGraph's snapshot names them."""
    values_taken: Mapping[str, int] = field(default_factory=dict[str, int])
    """How many resume values the task of each interrupt had taken when it stopped."""
    stopped_at: tuple[str, ...] = ()
    """Ids of the checkpoints where the graph and the graphs inside it stopped."""


@dataclass(frozen=True, slots=True)
class Job:
    """A job's record, as the store holds it: a projection of its log."""

    id: JobId
    tenant: str
    request: JobRequest
    status: JobStatus
    attempt: int
    """The fence: 0 until a worker opens the log, then rises with each opening."""
    seq: int
    """Number of the last event in the log."""
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None
    failures: int = 0
    pause: Pause = Pause()
    """Where it last stopped; what a waiting job waits for."""
    resume_values: Mapping[str, Any] | None = None
    """The values it was last resumed with, by interrupt id; empty at a breakpoint."""
    began_at: str = ""
    """Its thread's newest checkpoint when it took the turn; '' for none."""
    position: str = ""
    """The same of all namespaces, and the number of writes: what a rollback goes back to."""
    rolled_back: bool = False
    """Whether the job was cancelled and its thread's state does not know it."""
    resumed_after: int = 0
    """Number of the `waiting` event after which it was last resumed; 0: never resumed."""
    result: bytes | None = None
    """The graph's output as JSON."""
    error: JobError | None = None

    @property
    def stop(self) -> int | None:
        """Where a waiting job stopped: the number of its `waiting` event, the last in its log."""
        return self.seq if self.status == "waiting" else None

    @property
    def ended(self) -> bool:
        """Whether the log has its `end`."""
        return self.status in FINAL

    @property
    def thread(self) -> ThreadName | None:
        """Its thread, if it has one."""
        return ThreadName(self.tenant, self.request.thread) if self.request.thread else None


@dataclass(frozen=True, slots=True)
class Holder:
    """One attempt's right to write a log: what the store compares on every write."""

    job_id: JobId
    attempt: int
    token: str
    """Random, made once by the writer: it tells a repeated call from a rival's."""
    thread: ThreadName | None = None
    """The job's thread, where that is known already."""
