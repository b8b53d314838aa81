"""Events and the only codec. An event is a name and one line of JSON; its number is its id."""

import re
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple

import orjson

from tailrace.shared.encoding.json_forms import form
from tailrace.shared.encoding.json_writer import NATIVE, RESERVED, write_plain, write_value
from tailrace.shared.jobs import FinalStatus, JobError, JobStatus, Pause

EventName = Literal[
    "status",
    "updates",
    "values",
    "custom",
    "messages",
    "tasks",
    "checkpoints",
    "debug",
    "gap",
    "end",
]
StatusReason = Literal["retry", "shutdown", "resume", "worker_lost", "store_lost"]
GapReason = Literal["trimmed", "lost"]


class Event(NamedTuple):
    """What a writer hands to the log, without a number yet. A tuple, since a run makes many."""

    name: EventName
    data: bytes
    """JSON without a line break."""


class LoggedEvent(NamedTuple):
    """What a reader gets from the log; a tuple, since a relay makes hundreds of thousands."""

    seq: int
    name: str
    data: bytes


class ThreadEvent(LoggedEvent):
    """An event in the log of its job's thread: numbered there, and its data name the job."""

    __slots__ = ()

    @classmethod
    def of(cls, seq: int, job_id: str, event: LoggedEvent) -> "ThreadEvent":
        """A job's event under its thread's number."""
        # The data of every event are an object with some fields.
        data = b'{"job":"%b","number":%d,%b' % (job_id.encode(), event.seq, event.data[1:])
        return cls(seq, event.name, data)


def ends_log(event: LoggedEvent) -> bool:
    """Whether nothing follows in the log. On a thread there may always be another job."""
    return event.name == "end" and not isinstance(event, ThreadEvent)


def status_event(
    status: JobStatus,
    attempt: int,
    at: str,
    *,
    reason: StatusReason | None = None,
    pause: Pause | None = None,
    shown: Mapping[str, Any] | None = None,
) -> Event:
    """A change of status that is not the last one.

    Args:
        status: the new one.
        attempt: the number of the attempt.
        at: when, as `timestamp` has it.
        reason: why.
        pause: where a run stopped to wait.
        shown: what an adapter of the API has to know that reads the log of a thread.
    """
    data: dict[str, Any] = {"status": status, "attempt": attempt, "at": at}
    if shown is not None:
        data["shown"] = shown
    if reason:
        data["reason"] = reason
    if pause is not None:
        data |= {"interrupts": pause.interrupts, "next": pause.next}
    return Event("status", encode_value(data))


def end_event(
    status: FinalStatus,
    *,
    result: bytes | None = None,
    error: JobError | None = None,
    reason: Literal["superseded"] | None = None,
) -> Event:
    """The last event of a log; `result` is JSON and is sent as it is."""
    data: dict[str, Any] = {"status": status}
    if reason is not None:
        data["reason"] = reason
    if result is not None:
        data["result"] = orjson.Fragment(result)
    if error is not None:
        data["error"] = error.fields()
    return Event("end", encode(data))


def gap_event(first: int, last: int, reason: GapReason) -> LoggedEvent:
    """Numbers that are lost; made by the relay, never stored."""
    return LoggedEvent(last, "gap", encode({"from": first, "to": last, "reason": reason}))


# JSON may hold these raw, but readers that split lines by Unicode's rules break on them.
_LINE_BREAKS: Final = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))
_NEXT_LINE: Final = (b"\xc2\x85", b"\\u0085")
_DOLLAR: Final = ord("$")
"""Searched first: finding one byte is a hundred times as fast as a regular expression."""
_RESERVED: Final = re.compile(rb'"' + RESERVED.pattern.encode() + rb'":')


def encode(value: object) -> bytes:
    """One line of JSON, without any character that a reader may take for a line break.

    For our own values and those read from JSON; for a graph's values, use `encode_value`.

    Raises:
        Unserializable: JSON can't hold the value; says where it is and its type, never its content.
    """
    try:
        data = orjson.dumps(value, form, NATIVE)
    except TypeError:
        data = write_plain(value)
    return data if data.isascii() else _without_line_breaks(data)


def encode_value(value: object) -> bytes:
    """A graph's value as one line of JSON, in the forms of PROTOCOL.md, section "Values".

    Raises:
        Unserializable: as `encode`.
    """
    try:
        data = orjson.dumps(value, form, NATIVE)
    except TypeError:
        data = write_value(value)
    else:
        # A graph's own name of that kind; inside a text, its quotation marks would be escaped.
        if _DOLLAR in data and _RESERVED.search(data):
            data = write_value(value)
    return data if data.isascii() else _without_line_breaks(data)


def decode(data: bytes | str) -> Any:
    """The value of one line of JSON that `encode` wrote."""
    return orjson.loads(data)


def _without_line_breaks(data: bytes) -> bytes:
    if b"\xe2\x80" in data:
        for raw, escaped in _LINE_BREAKS:
            data = data.replace(raw, escaped)
    if _NEXT_LINE[0] in data:
        data = data.replace(*_NEXT_LINE)
    return data
