"""From a body of `POST /jobs/{id}/resume` to the stop that it is about, and its resume values."""

from collections.abc import Set
from dataclasses import dataclass
from typing import Any

from tailrace.api.errors import InvalidBody
from tailrace.api.schemas import ResumeJob
from tailrace.shared.errors import NotWaiting
from tailrace.shared.jobs import Job


@dataclass(frozen=True, slots=True)
class Resumption:
    """What resumes a job where it stopped."""

    after: int
    """The stop, by the number of its `waiting` event."""
    values: dict[str, Any]
    """A value for each interrupt id; empty at a breakpoint."""


def resumption(job: Job, body: ResumeJob) -> Resumption:
    """What the body means for this job: where it waits now, or where it was last resumed.

    Raises:
        InvalidBody: it does not match what is asked there.
        NotWaiting: the job has not stopped there, or has continued since.
    """
    after, asked = _stop(job, body)
    if asked:
        return Resumption(after, _values(body, asked))
    if body.has_value:
        raise InvalidBody("Nothing is asked: send no value, and the stop as after.")
    return Resumption(after, {})


def _stop(job: Job, body: ResumeJob) -> tuple[int, Set[str]]:
    """The stop's number, and the ids of what is asked there."""
    if job.stop is not None and body.after in (None, job.stop):
        return job.stop, {interrupt.id for interrupt in job.pause.interrupts}
    # A repeat: the store checks that the values are the same.
    last, values = job.resumed_after, job.resume_values or {}
    if last and (body.after == last or (body.after is None and values)):
        return last, values.keys()
    raise NotWaiting


def _values(body: ResumeJob, asked: Set[str]) -> dict[str, Any]:
    if not body.has_value:
        raise InvalidBody("Something is asked: send value, or values by interrupt id.")
    if body.values is not None:
        if body.values.keys() != asked:
            raise InvalidBody(
                f"Send values for exactly these interrupts: {', '.join(sorted(asked))}."
            )
        return dict(body.values)
    if len(asked) != 1:
        raise InvalidBody("There are several interrupts: send values, by their ids.")
    return dict.fromkeys(asked, body.value)
