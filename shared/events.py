"""Events and the only codec. An event is a name and one line of JSON; its number is its id."""

import re
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
    """What a writer hands to the log: no number yet. A tuple, since a run makes many."""

    name: EventName
    data: bytes
    """JSON without a line break."""


class LoggedEvent(NamedTuple):
    """What a reader gets from the log; a tuple, since a relay makes hundreds of thousands."""

    seq: int
    name: str
    data: bytes


def status_event(
    status: JobStatus,
    attempt: int,
    at: str,
    *,
    reason: StatusReason | None = None,
    pause: Pause | None = None,
) -> Event:
    """A change of status that is not the last one."""
    data: dict[str, Any] = {"status": status, "attempt": attempt, "at": at}
    if reason:
        data["reason"] = reason
    if pause is not None:
        data |= {"interrupts": pause.interrupts, "next": pause.next}
    return Event("status", encode_value(data))


def end_event(
    status: FinalStatus, *, result: bytes | None = None, error: JobError | None = None
) -> Event:
    """The last event of a log; `result` is JSON and travels as it is."""
    data: dict[str, Any] = {"status": status}
    if result is not None:
        data["result"] = orjson.Fragment(result)
    if error is not None:
        data["error"] = error.fields()
    return Event("end", encode(data))


def gap_event(first: int, last: int, reason: GapReason) -> LoggedEvent:
    """Numbers that can't be had any more; made by the relay, never stored."""
    return LoggedEvent(last, "gap", encode({"from": first, "to": last, "reason": reason}))


# JSON may hold these raw, but readers that split lines by Unicode's rules break on them.
_LINE_BREAKS: Final = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))
_NEXT_LINE: Final = (b"\xc2\x85", b"\\u0085")
_DOLLAR: Final = ord("$")
"""Looked for first, as a number: one byte is found a hundred times as fast as an expression."""
_RESERVED: Final = re.compile(rb'"' + RESERVED.pattern.encode() + rb'":')


def encode(value: object) -> bytes:
    """One line of JSON, with no character that any reader takes for a line break.

    For what is ours or was read from JSON; what a graph gave is `encode_value`'s.

    Raises:
        Unserializable: JSON can't hold the value; says where and of which type, never what.
    """
    try:
        data = orjson.dumps(value, form, NATIVE)
    except TypeError:
        data = write_plain(value)
    return data if data.isascii() else _without_line_breaks(data)


def encode_value(value: object) -> bytes:
    """What a graph gave as one line of JSON, in the forms of PROTOCOL.md, section "Values".

    Raises:
        Unserializable: as `encode`.
    """
    try:
        data = orjson.dumps(value, form, NATIVE)
    except TypeError:
        data = write_value(value)
    else:
        # A graph's own name of that kind; inside a text its quotation marks would be escaped.
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
