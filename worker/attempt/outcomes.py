"""How an attempt can end, and what the queue is told then. Values only."""

from dataclasses import dataclass
from typing import Final, Literal

from tailrace.shared.jobs import FinalStatus, JobError, JobId, Pause
from tailrace.shared.log_store.results import ResultAt

TIMEOUT: Final = JobError("timeout", "The job exceeded its timeout.")


@dataclass(frozen=True, slots=True)
class Ended:
    """The job ends."""

    status: FinalStatus
    result: bytes | None = None
    error: JobError | None = None
    result_at: ResultAt | None = None
    """Where the result is in the thread's state, if it is the same."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """The graph has stopped, to be resumed with values or from a breakpoint."""

    pause: Pause


@dataclass(frozen=True, slots=True)
class Again:
    """The job needs another attempt, here or elsewhere."""

    reason: Literal["retry", "shutdown"]
    failures: int = 0
    """1 if this counts as a failure of the job, 0 if the cause is ours."""
    delay_s: float = 0
    yields: bool = False
    """Whether the job gives up its thread's turn, since this worker can't run it."""
    following: JobId | None = None
    """The job that has to be queued as well, since it is next on the thread."""


Outcome = Ended | Waiting | Again


@dataclass(frozen=True, slots=True)
class Done:
    """The queue may forget the job, for now or for good."""

    following: JobId | None = None
    """The job that has to be queued now, since it is next on the thread."""


@dataclass(frozen=True, slots=True)
class Lost:
    """Another worker has the job; the queue is told nothing."""


@dataclass(frozen=True, slots=True)
class Behind:
    """The log has seen this attempt or a later one: the next claim has to be above it."""

    attempt: int


Verdict = Done | Again | Behind | Lost


def told_of(outcome: Outcome) -> dict[str, str]:
    """The outcome as fields of a log line."""
    match outcome:
        case Ended(status, error=JobError(type=kind)):
            return {"outcome": status, "error": kind}
        case Ended(status):
            return {"outcome": status}
        case Waiting():
            return {"outcome": "waiting"}
        case Again(reason):
            return {"outcome": reason}
