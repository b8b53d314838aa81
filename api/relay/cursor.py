"""Where a client resumes a stream: from the event it names, and from what the log still has."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from tailrace.api.errors import EventsExpired, InvalidCursor
from tailrace.api.relay.whole_log import ChannelId
from tailrace.shared.errors import TailraceError
from tailrace.shared.events import LoggedEvent, gap_event
from tailrace.shared.log_store.jobs.summaries import JobSummary

_NUMBER: Final = re.compile(r"[0-9]{1,19}")
_FROM_THE_START: Final = ("", "0", "-1")
_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Cursor:
    """The number of the last event that a client has; 0 is none."""

    seq: int
    from_header: bool
    """A reconnect sends it in `Last-Event-ID`, a reloaded page in its URL."""


def parse_cursor(headers: Sequence[str], queries: Sequence[str]) -> Cursor:
    """Take the cursor from `Last-Event-ID`, or from `?after=` and its alias; the header wins.

    Raises:
        InvalidCursor: not one number from 0 to 2^63 - 1 in ASCII digits, nor "" or -1.
    """
    values = headers or queries
    if len(values) > 1:
        raise InvalidCursor("Only one cursor is allowed.")
    return Cursor(_seq(values[0]) if values else 0, from_header=bool(headers))


def cursor_of(request: Request) -> Cursor:
    """The cursor of a GET.

    Raises:
        InvalidCursor: as `parse_cursor`.
    """
    query = request.query_params
    return parse_cursor(
        request.headers.getlist("last-event-id"),
        query.getlist("after") + query.getlist("last_event_id"),
    )


def _seq(text: str) -> int:
    if text in _FROM_THE_START:
        return 0
    if not _NUMBER.fullmatch(text) or int(text) > _LARGEST:
        raise InvalidCursor("A cursor is the id of an event: an integer.")
    return int(text)


class AtTheEnd(TailraceError):
    """The client has the whole log, `end` included."""


@dataclass(frozen=True, slots=True)
class StartPosition:
    """Where a listener begins."""

    log_id: ChannelId
    seq: int
    """The number that it has."""
    known: int
    """A number that the log has reached; below `seq` if the client has more than the log."""
    opening: LoggedEvent | bytes | None = None
    """What it is sent before anything is read, `seq` included: an event, or the rest of one that a
    view writes in several parts."""
    closes: bool = False
    """Whether the stream ends clean after that."""

    @staticmethod
    def of(log_id: ChannelId, summary: JobSummary, cursor: Cursor) -> "StartPosition":
        """Where a client begins that has everything up to the cursor.

        Raises:
            AtTheEnd: a reconnect that has everything.
            EventsExpired: the job has ended and its events are gone.
        """
        if not summary.ended and cursor.seq > summary.seq:
            gap = gap_event(summary.seq + 1, cursor.seq, "lost")
            return StartPosition(log_id, cursor.seq, summary.seq, gap)
        if not summary.ended:
            return StartPosition(log_id, cursor.seq, cursor.seq)
        if cursor.from_header and cursor.seq >= summary.seq:
            raise AtTheEnd
        if not summary.has_log:
            raise EventsExpired("The job has ended, and its events have expired.")
        seq = min(cursor.seq, summary.seq - 1)
        return StartPosition(log_id, seq, seq)
