"""A job's record as the store keeps it: its request as JSON, its fields as text. No I/O.

A record outlives an upgrade. What a later version adds is written only where a caller asks for
it, so that a process of the version before reads all other jobs; such a job it can't read, which
is why workers are upgraded before the API.
"""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any, Final

from tailrace.shared.events import decode, encode
from tailrace.shared.jobs import (
    STATUSES,
    Interrupt,
    Job,
    JobError,
    JobId,
    JobRequest,
    JobStatus,
    NodeNames,
    Pause,
)

_JSON_FIELDS: Final = ("request", "error", "interrupts", "pause", "answers_taken", "answer")
_STATUSES: Final[Mapping[bytes, JobStatus]] = {status.encode(): status for status in STATUSES}
_ADDED: Final = (
    "interrupt_before",
    "interrupt_after",
    "context",
    "thread",
    "checkpoint_id",
    "command",
    "update",
    "durability",
    "view",
)
"""Fields of a request that the first version did not have."""


def written(request: JobRequest) -> bytes:
    """The request as JSON.

    Raises:
        Unserializable: JSON can't hold it.
    """
    said = {field.name: getattr(request, field.name) for field in fields(request)}
    return encode({k: v for k, v in said.items() if k not in _ADDED or v not in (None, ())})


def notes(pause: Pause) -> bytes:
    """A pause as JSON, but for the questions, which are kept apart: they may be large."""
    return encode(
        {
            "next": pause.next,
            "stopped_at": pause.stopped_at,
            "answers_taken": pause.values_taken,
        }
    )


def job_of(job_id: JobId, record: Mapping[str, bytes]) -> Job:
    """The job whose record has these fields."""
    text = {k: v.decode() for k, v in record.items() if k.endswith("_at")}
    json = {k: decode(record[k]) for k in _JSON_FIELDS if k in record}
    return Job(
        id=job_id,
        tenant=record["tenant"].decode(),
        request=_request(json["request"]),
        status=status_of(record["status"]),
        attempt=int(record["attempt"]),
        seq=int(record["seq"]),
        created_at=text["created_at"],
        started_at=text.get("started_at"),
        ended_at=text.get("ended_at"),
        failures=int(record["failures"]),
        began_at=record.get("began_at", b"").decode(),
        position=record.get("position", b"").decode(),
        rolled_back="rolled_back" in record,
        pause=_pause(json),
        resume_values=json.get("answer"),
        resumed_after=int(record.get("answered_after", 0)),
        result=record.get("result"),
        error=JobError(**json["error"]) if "error" in json else None,
    )


def status_of(stored: bytes) -> JobStatus:
    """A status as it is stored."""
    return _STATUSES[stored]


def _pause(json: Mapping[str, Any]) -> Pause:
    # A record from before `pause` has the counts alone.
    told = json.get("pause") or {"answers_taken": json.get("answers_taken", {})}
    return Pause(
        interrupts=tuple(Interrupt(**interrupt) for interrupt in json.get("interrupts", ())),
        next=tuple(told.get("next", ())),
        values_taken=told.get("answers_taken", {}),
        stopped_at=tuple(told.get("stopped_at", ())),
    )


def _request(told: dict[str, Any]) -> JobRequest:
    names: dict[str, Any] = {
        k: _nodes(told.get(k, ())) for k in ("interrupt_before", "interrupt_after")
    }
    read: dict[str, Any] = {**told, **names, "stream": tuple(told["stream"])}
    return JobRequest(**read)


def _nodes(names: Any) -> NodeNames:
    return "*" if names == "*" else tuple(names)
