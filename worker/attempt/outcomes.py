"""How an attempt can end, and what the queue is then told. Values only."""

from dataclasses import dataclass
from typing import Final, Literal

from tailrace.shared.jobs import FinalStatus, JobError, Pause

TIMEOUT: Final = JobError("timeout", "The job took longer than it may.")


@dataclass(frozen=True, slots=True)
class Ended:
    """The job's end, to be written."""

    status: FinalStatus
    result: bytes | None = None
    error: JobError | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """The graph has stopped, for answers or at a breakpoint."""

    pause: Pause


@dataclass(frozen=True, slots=True)
class Again:
    """Another attempt, here or elsewhere."""

    reason: Literal["retry", "shutdown"]
    failures: int = 0
    """1 if this counts as a failure of the job, 0 if it is nobody's fault but ours."""
    delay_s: float = 0


Outcome = Ended | Waiting | Again


@dataclass(frozen=True, slots=True)
class Done:
    """The queue may forget the job, for now or for good."""


@dataclass(frozen=True, slots=True)
class Lost:
    """The job is another worker's; the queue is not to be told anything."""


@dataclass(frozen=True, slots=True)
class Behind:
    """The log has seen this attempt or a later one: the queue has to give the job out above it."""

    attempt: int


Verdict = Done | Again | Behind | Lost


def told_of(outcome: Outcome) -> dict[str, str]:
    """The outcome in a word or two, as fields of a log line."""
    match outcome:
        case Ended(status, error=JobError(type=kind)):
            return {"outcome": status, "error": kind}
        case Ended(status):
            return {"outcome": status}
        case Waiting():
            return {"outcome": "waiting"}
        case Again(reason):
            return {"outcome": reason}
