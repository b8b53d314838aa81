"""From our errors to HTTP: one table, one format (RFC 9457, `application/problem+json`)."""

import logging
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Final, cast

from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tailrace.api import errors
from tailrace.api.errors import FieldError, Refusal
from tailrace.shared.errors import (
    BlobNotFound,
    JobNotFound,
    LineFull,
    NotWaiting,
    StoreUnavailable,
    ThreadBusy,
    ThreadNotFound,
)
from tailrace.shared.events import encode

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Problem:
    """How one kind of error looks on the wire."""

    status: int
    type: str
    title: str
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


_RETRY: Final = {"Retry-After": "1"}

_PROBLEMS: Final[Mapping[type[Exception], Problem]] = {
    errors.Unauthorized: Problem(
        401, "unauthorized", "The credentials are missing or wrong", {"WWW-Authenticate": "Bearer"}
    ),
    errors.TicketsUnavailable: Problem(
        409, "tickets-unavailable", "This service does not issue tickets"
    ),
    errors.NotAcceptable: Problem(406, "not-acceptable", "No acceptable response format"),
    errors.UnsupportedMediaType: Problem(
        415, "unsupported-media-type", "The body is not plain JSON"
    ),
    errors.BodyTooLarge: Problem(413, "body-too-large", "The body is too large"),
    errors.BodyTooSlow: Problem(408, "body-too-slow", "The body came too slowly"),
    errors.InvalidJson: Problem(400, "invalid-json", "The body is not JSON"),
    errors.InvalidBody: Problem(422, "invalid-body", "The body's fields are wrong"),
    errors.InvalidIdempotencyKey: Problem(
        400, "invalid-idempotency-key", "The Idempotency-Key can't be used"
    ),
    errors.IdempotencyConflict: Problem(
        409, "idempotency-conflict", "The Idempotency-Key belongs to another request"
    ),
    errors.NothingToResume: Problem(409, "nothing-to-resume", "There is no job to resume"),
    errors.UnknownGraph: Problem(422, "unknown-graph", "There is no such graph"),
    errors.GraphBroken: Problem(503, "graph-broken", "The graph can't be run"),
    errors.InvalidInput: Problem(422, "invalid-input", "The graph refuses the input"),
    errors.InvalidQuery: Problem(422, "invalid-query", "The query's parameters are wrong"),
    errors.ThreadExists: Problem(409, "thread-exists", "There is such a thread already"),
    errors.InvalidCursor: Problem(400, "invalid-cursor", "The cursor is not an event's id"),
    errors.EventsExpired: Problem(410, "events-expired", "The events are gone"),
    # The same bytes whether the id is malformed, unknown or another tenant's.
    JobNotFound: Problem(404, "job-not-found", "There is no such job"),
    BlobNotFound: Problem(404, "blob-not-found", "There is no such blob"),
    ThreadNotFound: Problem(404, "thread-not-found", "There is no such thread"),
    ThreadBusy: Problem(409, "thread-busy", "The thread has other jobs"),
    LineFull: Problem(429, "line-full", "Too many jobs wait on the thread", _RETRY),
    NotWaiting: Problem(409, "not-waiting", "The job is not waiting for this value"),
    StoreUnavailable: Problem(503, "store-unavailable", "The store is not available", _RETRY),
}


def problem_response(
    problem: Problem, detail: str | None = None, errors: tuple[FieldError, ...] = ()
) -> Response:
    """A problem as an HTTP response."""
    body: dict[str, Any] = {
        "type": problem.type,
        "title": problem.title,
        "status": problem.status,
    }
    if detail:
        body["detail"] = detail
    if errors:
        body["errors"] = [asdict(error) for error in errors]
    return Response(
        encode(body),
        problem.status,
        headers={"Cache-Control": "no-store", **problem.headers},
        media_type="application/problem+json",
    )


def problem_of(error: Exception) -> Problem:
    """How an error that is in the table looks on the wire."""
    return next(_PROBLEMS[kind] for kind in type(error).__mro__ if kind in _PROBLEMS)


async def handle_known(_: Request, error: Exception) -> Response:
    """Respond to an error that is in the table."""
    problem = problem_of(error)
    if isinstance(error, Refusal):
        return problem_response(problem, error.detail, error.errors)
    if isinstance(error, StoreUnavailable):
        logger.warning("store unavailable", extra={"reason": str(error)})
    return problem_response(problem)


async def handle_http(_: Request, error: Exception) -> Response:
    """Respond to what the router itself refuses: an unknown path, a wrong method."""
    http = cast("HTTPException", error)
    kind = {404: "not-found", 405: "method-not-allowed"}.get(http.status_code, "about:blank")
    return problem_response(
        Problem(http.status_code, kind, http.detail, http.headers or {}),
    )


async def handle_query(_: Request, error: Exception) -> Response:
    """Respond to query parameters that FastAPI refuses."""
    wrong = cast("RequestValidationError", error).errors()
    errors = tuple(FieldError(str(e["loc"][-1]), str(e["msg"])) for e in wrong)
    problem = Problem(422, "invalid-query", "The query's parameters are wrong")
    return problem_response(problem, errors=errors)


Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]

HANDLERS: Final[dict[int | type[Exception], Handler]] = {
    **dict.fromkeys(_PROBLEMS, handle_known),
    HTTPException: handle_http,
    RequestValidationError: handle_query,
}
