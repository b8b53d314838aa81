"""A run's events as a response: the cursor, where the client begins, and what if it leaves."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tailrace.api.adapters.langgraph.leaving import cancels, watch
from tailrace.api.adapters.langgraph.views.events import closes
from tailrace.api.adapters.langgraph.views.view import (
    VERSION,
    Grown,
    View,
    chosen_modes,
    stream_format,
    view_of,
)
from tailrace.api.dependencies import Services
from tailrace.api.errors import InvalidCursor
from tailrace.api.relay.cursor import AtTheEnd, Cursor, StartPosition
from tailrace.api.relay.response import EventStreamResponse
from tailrace.api.relay.whole_log import WholeLog
from tailrace.shared.errors import StoreUnavailable
from tailrace.shared.events import LoggedEvent
from tailrace.shared.jobs import Job, JobId

_FROM_THE_START: Final = ("", "0", "-1")
_ID: Final = re.compile(r"([0-9]{1,18})(?:-([0-9]{1,4}))?")
ALL_PARTS: Final = 10_000
"""More than any event has."""


@dataclass(frozen=True, slots=True)
class ViewCursor:
    """What a client has: everything before an event, and so many of that event's parts."""

    seq: int
    parts: int


_NOTHING: Final = ViewCursor(0, 0)


def read_cursor(request: Request) -> ViewCursor:
    """The cursor in `Last-Event-ID`. None, nothing, `0` and `-1` mean from the start.

    Raises:
        InvalidCursor: not the id of an event of ours.
    """
    given = request.headers.getlist("last-event-id")
    if not given or given == [""] or given[0] in _FROM_THE_START:
        return _NOTHING
    match = _ID.fullmatch(given[0])
    if match is None or len(given) > 1:
        raise InvalidCursor("Last-Event-ID is the id of one event, such as 17-1.")
    return ViewCursor(int(match[1]), int(match[2]) if match[2] else ALL_PARTS)


async def stream_run(
    services: Services,
    job: Job,
    cursor: ViewCursor,
    headers: Mapping[str, str],
    modes: Sequence[str] | None = None,
    *,
    cancel_when_left: bool = False,
) -> Response:
    """The run's events after the cursor; nothing, and a clean end, if the client has all of them.

    Args:
        services: of this process.
        job: the run's.
        cursor: what the client has.
        headers: more headers.
        modes: in which the client reads it, as its URL names them; None: as the run says.
        cancel_when_left: whether this client wants the run cancelled when nobody listens.

    Raises:
        HTTPException: a newer release has begun the run.
        EventsExpired: the run is over and its events are gone.
        JobNotFound: the store has lost the job.
    """
    view = view_of(job, chosen_modes(modes))
    if not view.known:
        # Another replica may be of that release; clients ask again.
        raise HTTPException(
            503,
            f"This run is read by version {view.version} of the mapping to LangGraph's events, and"
            f" this replica has version {VERSION}. Ask again, or upgrade it.",
            {"Retry-After": "1"},
        )
    try:
        start = await _start(services, job.id, view, cursor)
    except AtTheEnd:
        # A 204 would be an error to LangGraph's clients.
        own = {"Cache-Control": "no-store, no-transform", **headers}
        return Response(headers={**own, "Content-Type": stream_format(view).content_type})
    except StoreUnavailable:
        start = None
    over = await watch(services, job, asked=cancel_when_left or cancels(job))
    return EventStreamResponse(services.relay, start, stream_format(view), headers, over)


async def _start(
    services: Services, job_id: JobId, view: View, cursor: ViewCursor
) -> StartPosition:
    summary, log = await services.relay.summaries.get(job_id), WholeLog(job_id)
    plain = Cursor(cursor.seq, from_header=True)
    if cursor.seq == 0:
        return StartPosition.of(log, summary, plain)
    event = await services.relay.event(log, cursor.seq)
    if event is None:
        return StartPosition.of(log, summary, plain)
    rest = (await _parts(services, job_id, view, event))[cursor.parts :]
    if rest:
        # The connection was lost between two parts of one event.
        opening = b"".join(rest)
        return StartPosition(log, event.seq, event.seq, opening, closes=closes(event))
    if closes(event) and summary.seq <= event.seq:
        raise AtTheEnd
    return StartPosition.of(log, summary, plain)


async def _parts(services: Services, job_id: JobId, view: View, event: LoggedEvent) -> list[bytes]:
    if not view.grows:
        return view.parts(event)
    grown = Grown(view)
    await services.relay.replay(grown, WholeLog(job_id), event.seq - 1)
    return grown.parts(event)
