"""What the API refuses, as exceptions; the table in `api.http.problems` has their statuses.

Refusal
├── Unauthorized           the credentials are missing or wrong
├── TicketsUnavailable     a stream ticket was requested, and no secret is set
├── NotAcceptable          the client accepts no format that we have
├── UnsupportedMediaType   the body is not plain JSON
├── BodyTooLarge           the body is over the limit
├── BodyTooSlow            the body did not arrive in time
├── InvalidJson            the body is not JSON, or not within our limits
├── InvalidBody            the body's fields are wrong
├── InvalidIdempotencyKey  the key is not well-formed
├── IdempotencyConflict    the key belongs to another request
├── NothingToResume        a POST resumes a stream without naming its job
├── UnknownGraph           no worker serves a graph of that name
├── GraphBroken            no worker could load the graph
├── InvalidInput           the graph's own schema refuses the input
├── InvalidQuery           the query's parameters are wrong
├── ThreadExists           a thread of that id is there already
├── InvalidCursor          not an id that an event could have
└── EventsExpired          the job has ended and its events are gone
"""

from dataclasses import dataclass

from tailrace.shared.errors import TailraceError


@dataclass(frozen=True, slots=True)
class FieldError:
    """One error in a body."""

    pointer: str
    """JSON Pointer as a URI fragment (RFC 6901, section 6), as in RFC 9457."""
    detail: str


class Refusal(TailraceError):
    """The request is refused; `detail` tells the client why."""

    def __init__(self, detail: str, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors


class Unauthorized(Refusal):
    """The credentials are missing or wrong."""


class TicketsUnavailable(Refusal):
    """A stream ticket was requested, and the service has no secret to sign it with."""


class NotAcceptable(Refusal):
    """The client accepts no response format that we have."""


class UnsupportedMediaType(Refusal):
    """The body is not `application/json`, or has a Content-Encoding."""


class BodyTooLarge(Refusal):
    """The body is over the limit."""


class BodyTooSlow(Refusal):
    """The body did not arrive in time."""


class InvalidJson(Refusal):
    """The body is not JSON (RFC 8259), or not within the limits of RFC 7493 and ours."""


class InvalidBody(Refusal):
    """The body is JSON, but its fields are wrong."""


class InvalidIdempotencyKey(Refusal):
    """The key is empty, given twice, too long, or not printable ASCII."""


class IdempotencyConflict(Refusal):
    """The key was used before, with a different body."""


class NothingToResume(Refusal):
    """A POST claims to have had events, but does not identify their job."""


class UnknownGraph(Refusal):
    """No worker serves a graph of that name."""


class GraphBroken(Refusal):
    """No worker could load the graph; the next deployment may repair it."""


class InvalidInput(Refusal):
    """The graph's own schema refuses the input."""


class InvalidQuery(Refusal):
    """A parameter of the query is not what it has to be."""


class ThreadExists(Refusal):
    """The caller wants a new thread, and there is one of that id."""


class InvalidCursor(Refusal):
    """Not an id that an event could have."""


class EventsExpired(Refusal):
    """The job has ended and its events are gone; the record may still be read."""
