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
    answer: dict[str, Any]
    """A value for each interrupt id; empty where nothing is asked."""


def resumption(job: Job, body: ResumeJob) -> Resumption:
    """What the body means for this job: where it waits now, or again where it was last resumed.

    Raises:
        InvalidBody: it does not fit what is asked there.
        NotWaiting: the job has not stopped there, or not as the last thing that it did.
    """
    after, asked = _stop(job, body)
    if asked:
        return Resumption(after, _answer(body, asked))
    if body.answers:
        raise InvalidBody("Nothing is asked: give no value, and the stop as after.")
    return Resumption(after, {})


def _stop(job: Job, body: ResumeJob) -> tuple[int, Set[str]]:
    """The stop's number, and the ids of what is asked there."""
    if job.stop is not None and body.after in (None, job.stop):
        return job.stop, {interrupt.id for interrupt in job.pause.interrupts}
    # A repeat: that the body is the same is for the store to say.
    last, answer = job.answered_after, job.answer or {}
    if last and (body.after == last or (body.after is None and answer)):
        return last, answer.keys()
    raise NotWaiting


def _answer(body: ResumeJob, asked: Set[str]) -> dict[str, Any]:
    if not body.answers:
        raise InvalidBody("Something is asked: give value, or values by interrupt id.")
    if body.values is not None:
        if body.values.keys() != asked:
            raise InvalidBody(
                f"Give a value for exactly these interrupts: {', '.join(sorted(asked))}."
            )
        return dict(body.values)
    if len(asked) != 1:
        raise InvalidBody("There are several interrupts: give values, by their ids.")
    return dict.fromkeys(asked, body.value)
