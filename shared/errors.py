"""The error tree: everything that Tailrace itself raises, and nothing of HTTP.

TailraceError
├── ConfigurationError     a setting is missing or wrong; the process can't start
├── StoreUnavailable       Redis is unreachable, full or read-only; retrying may help
├── JobNotFound            no such job, as far as this caller may know
├── ThreadNotFound         no such thread, as far as this caller may know
├── ThreadBusy             the thread takes no further job now
├── NotWaiting             the job does not wait for this resume value
├── BlobNotFound           there is no such large value, or no longer
├── BlobsFull              a job's large values exceed their limit
├── Unserializable         a value can't be written as JSON or to a checkpoint
└── WriteRefused           the log refused a write; nothing was written
    ├── LogClosed          the log has its `end`, or the job waits to be resumed
    ├── Fenced             a newer attempt has opened the log
    ├── CancelRequested    the job must be closed instead
    ├── NotItsTurn         another job of its thread comes first
    ├── SequenceTaken      another writer has used the numbers
    ├── SequenceHole       the write would leave a hole: the store went back in time
    └── ValuesLacking      an unchanged value of a checkpoint is gone: write all of them
"""

import os
from collections.abc import Sequence
from typing import Final

EX_CONFIG = os.EX_CONFIG
"""Exit status of a process that can't start with its settings (sysexits.h)."""


class TailraceError(Exception):
    """Base of all errors that Tailrace raises on purpose."""


class ConfigurationError(TailraceError):
    """A setting is missing or wrong; the message says which, and what to do."""


class StoreUnavailable(TailraceError):
    """Redis did not take the call: it is unreachable, loading, full, read-only or too slow."""


class JobNotFound(TailraceError):
    """No such job for this caller: unknown, expired, malformed, or another tenant's."""


class ThreadNotFound(TailraceError):
    """No such thread for this caller: unknown, expired, malformed, or another tenant's."""


class ThreadBusy(TailraceError):
    """The thread has jobs that have not ended, and the caller wants to be refused then."""


class LineFull(ThreadBusy):
    """As many jobs as may wait for a thread's turn do already."""


class NotWaiting(TailraceError):
    """The job does not wait for this resume value: it has another one, or it never asked."""


class BlobNotFound(TailraceError):
    """The job has no such blob, or no longer has it."""


class BlobsFull(TailraceError):
    """A blob would take the job's blobs over their limit."""


class Unserializable(TailraceError):
    """A value can't be written; says where it is and its type, never its content.

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
        at: the number in the record that the refused call did not match: its attempt for
            `Fenced`, its last seq for the others.
    """

    def __init__(self, at: int) -> None:
        super().__init__(at)
        self.at = at


class LogClosed(WriteRefused):
    """The log has its `end`, or the job waits to be resumed: it needs no attempt."""


class Fenced(WriteRefused):
    """A newer attempt has opened the log, or this one has already ended."""


class CancelRequested(WriteRefused):
    """The job's owner has cancelled it, so it can be neither queued again nor paused."""


class SequenceTaken(WriteRefused):
    """The numbers are in use under another writer's token."""


class SequenceHole(WriteRefused):
    """The write would leave a hole: the store has lost what it once acknowledged."""


class NotItsTurn(WriteRefused):
    """Another job of the thread has the turn, or comes first; this one waits in the line.

    Args:
        before: the id of that job.
    """

    def __init__(self, before: str) -> None:
        super().__init__(0)
        self.before = before


class ValuesLacking(WriteRefused):
    """A checkpoint refers to a value that the store does not have: it needs all of them."""


_ENDS: Final = 8
_NAME_CHARS: Final = 64


def _place(path: Sequence[str | int]) -> str:
    """A path as in code, `messages[3].artifact`; a long one is shortened in the middle."""
    parts = [_part(step) for step in path]
    if len(parts) > 2 * _ENDS:
        parts = [*parts[:_ENDS], "…", *parts[-_ENDS:]]
    return "".join(parts).removeprefix(".")


def _part(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    step = step[:_NAME_CHARS]
    return f".{step}" if step.isidentifier() else f"[{step!r}]"
