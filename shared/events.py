"""Events and the only codec. An event is a name and one line of JSON; its number is its id."""

from collections import deque
from collections.abc import Iterable, Mapping
from decimal import Decimal
from pathlib import PurePath
from typing import Any, Final, Literal, NamedTuple, cast

import orjson

from tailrace.shared.errors import Unserializable
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
    return Event("status", encode(data))


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


_OPTIONS: Final = orjson.OPT_NON_STR_KEYS | orjson.OPT_SERIALIZE_NUMPY

# JSON may hold these raw, but readers that split lines by Unicode's rules break on them.
_LINE_BREAKS: Final = ((b"\xe2\x80\xa8", b"\\u2028"), (b"\xe2\x80\xa9", b"\\u2029"))
_NEXT_LINE: Final = (b"\xc2\x85", b"\\u0085")


def encode(value: object) -> bytes:
    """One line of JSON, with no character that any reader takes for a line break.

    Pydantic models, dataclasses, sets, deques, decimals and paths are written as their plain
    counterparts; an exception as the name of its class, since its text is not for users.

    Raises:
        Unserializable: JSON can't hold the value; names its type, never its content.
    """
    try:
        data = orjson.dumps(value, _plain, _OPTIONS)
    except (TypeError, ValueError, RecursionError) as error:
        raise Unserializable(_reason(error)) from error
    if data.isascii():
        return data  # most are, and asking costs a tenth of searching
    if b"\xe2\x80" in data:
        for raw, escaped in _LINE_BREAKS:
            data = data.replace(raw, escaped)
    if _NEXT_LINE[0] in data:
        data = data.replace(*_NEXT_LINE)
    return data


def decode(data: bytes | str) -> Any:
    """The value of one line of JSON that `encode` wrote."""
    return orjson.loads(data)


def _plain(value: Any) -> Any:
    if isinstance(value, (set, frozenset, deque, tuple)):
        return list(cast("Iterable[Any]", value))
    if isinstance(value, Mapping):
        return dict(cast("Mapping[Any, Any]", value))
    if isinstance(value, (Decimal, PurePath)):
        return str(value)
    if isinstance(value, BaseException):
        return type(value).__name__
    if callable(dump := getattr(value, "model_dump", None)):
        return dump()
    raise _NoJsonFor(f"{type(value).__module__}.{type(value).__qualname__}")


class _NoJsonFor(TypeError):
    """A type that has no plain counterpart; its text is the type's name."""


def _reason(error: BaseException) -> str:
    """What is wrong, in words that hold nothing of the value."""
    cause = error.__cause__
    if cause is None or isinstance(cause, _NoJsonFor):
        return str(cause or error)
    return type(cause).__name__
