"""The error tree: everything that Tailrace itself raises, and nothing of HTTP.

TailraceError
├── ConfigurationError     a setting is missing or wrong; the process can't start
├── StoreUnavailable       Redis is away, full or read-only; trying again may help
├── JobNotFound            no such job, as far as this caller may know
├── NotWaiting             the job does not wait for this answer
├── BlobNotFound           no such large value, or not any more
├── BlobsFull              a job's large values are over their limit
├── Unserializable         a value that can't be written
└── WriteRefused           the log did not take a write, and nothing was written
    ├── LogClosed          the log has its `end`, or waits for an answer
    ├── Fenced             a newer attempt has opened the log
    ├── CancelRequested    the job shall be closed instead
    ├── SequenceTaken      the numbers are taken by another writer
    ├── SequenceHole       the write would leave a hole: the store went back in time
    └── ValuesLacking      a checkpoint's unchanged value is gone: put all of them
"""

import os
from collections.abc import Sequence
from typing import Final

EX_CONFIG = os.EX_CONFIG
"""Exit status of a process that can't start with the settings it has (sysexits.h)."""


class TailraceError(Exception):
    """Base of all errors that Tailrace raises on purpose."""


class ConfigurationError(TailraceError):
    """A setting is missing or wrong; the message says which, and what to do."""


class StoreUnavailable(TailraceError):
    """Redis did not take the call: away, loading, full, read-only, or too slow."""


class JobNotFound(TailraceError):
    """No such job for this caller: unknown, expired, malformed, or another tenant's."""


class NotWaiting(TailraceError):
    """The job does not wait for this answer: it has another one, or it never asked."""


class BlobNotFound(TailraceError):
    """The job has no such blob, or not any more."""


class BlobsFull(TailraceError):
    """A blob would take the job's blobs over their limit."""


class Unserializable(TailraceError):
    """A value that can't be written: where it is and of which type, never what it is.

    Args:
        what: names the type.
        path: the indices and names that lead to it.
    """

    def __init__(self, what: str, path: Sequence[str | int] = ()) -> None:
        super().__init__(what, path)
        self.what = what
        self.path = tuple(path)

    def __str__(self) -> str:
        return f"{_place(self.path)}: {self.what}" if self.path else self.what


class WriteRefused(TailraceError):
    """The log refused a write; nothing of it was stored.

    Args:
        at: the number that the record has where the refused call had another: its attempt for
            `Fenced`, its last seq for the others.
    """

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


class LogClosed(WriteRefused):
    """The log has its `end`, or the job waits for an answer: no attempt is wanted."""


class Fenced(WriteRefused):
    """A newer attempt has opened the log, or this one has already given it up."""


class CancelRequested(WriteRefused):
    """The job's owner wants its end, so it goes neither back to the queue nor to sleep."""


class SequenceTaken(WriteRefused):
    """The numbers offered are in use under another writer's token."""


class SequenceHole(WriteRefused):
    """The write would leave a hole: the store has forgotten what it once acknowledged."""


class ValuesLacking(WriteRefused):
    """A checkpoint refers to a value that the store does not have: it wants all of them."""


_ENDS: Final = 8
_NAME_CHARS: Final = 64


def _place(path: Sequence[str | int]) -> str:
    """A path as one writes it in code, `messages[3].artifact`; a long one without its middle."""
    parts = [_part(step) for step in path]
    if len(parts) > 2 * _ENDS:
        parts = [*parts[:_ENDS], "…", *parts[-_ENDS:]]
    return "".join(parts).removeprefix(".")


def _part(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    step = step[:_NAME_CHARS]
    return f".{step}" if step.isidentifier() else f"[{step!r}]"
