"""How an attempt can end, and what the queue is then told. Values only."""

from dataclasses import dataclass
from typing import Literal

from tailrace.shared.jobs import FinalStatus, JobError, Pause


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


def name_of(outcome: Outcome) -> str:
    """The outcome in a word, for the log."""
    match outcome:
        case Ended(status):
            return status
        case Waiting():
            return "waiting"
        case Again(reason):
            return reason
