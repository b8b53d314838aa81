"""What the API refuses, as exceptions; `api.http.problems` has one table of their statuses.

Refusal
├── Unauthorized           no or wrong credentials
├── TicketsUnavailable     a stream ticket was asked for, and no secret is set
├── NotAcceptable          the caller takes no form that we have
├── UnsupportedMediaType   the body is not plain JSON
├── BodyTooLarge           the body is over the limit
├── BodyTooSlow            the body did not come in time
├── InvalidJson            the body is not JSON as we take it
├── InvalidBody            the body's fields are wrong
├── InvalidIdempotencyKey  the key is not what a key may be
├── IdempotencyConflict    the key belongs to another request
├── NothingToResume        a POST comes back to a job that it does not name
├── UnknownGraph           nobody serves a graph of that name
├── GraphBroken            no worker could load the graph
├── InvalidInput           the graph's own schema refuses the input
├── InvalidCursor          not a number that an event could have
└── EventsExpired          the job has ended and its events are gone
"""

from dataclasses import dataclass

from tailrace.shared.errors import TailraceError


@dataclass(frozen=True, slots=True)
class FieldError:
    """One wrong place in a body."""

    pointer: str
    """JSON Pointer as a URI fragment (RFC 6901, section 6), as in RFC 9457."""
    detail: str


class Refusal(TailraceError):
    """The caller's request can't be met; `detail` tells the caller why."""

    def __init__(self, detail: str, errors: tuple[FieldError, ...] = ()) -> None:
        super().__init__(detail)
        self.detail = detail
        self.errors = errors


class Unauthorized(Refusal):
    """No or wrong credentials."""


class TicketsUnavailable(Refusal):
    """A stream ticket was asked for, and the service has no secret to sign it with."""


class NotAcceptable(Refusal):
    """The client accepts no form of response that we have."""


class UnsupportedMediaType(Refusal):
    """The body is not `application/json`, or has a Content-Encoding."""


class BodyTooLarge(Refusal):
    """The body is over the limit."""


class BodyTooSlow(Refusal):
    """The body did not come in time."""


class InvalidJson(Refusal):
    """The body is not JSON as we take it (RFC 8259, with the limits of RFC 7493)."""


class InvalidBody(Refusal):
    """The body is JSON, and its fields are wrong."""


class InvalidIdempotencyKey(Refusal):
    """The key is empty, given twice, too long, or not printable ASCII."""


class IdempotencyConflict(Refusal):
    """The key was used before, with another body."""


class NothingToResume(Refusal):
    """A POST says that it had events before, and does not tell of which job."""


class UnknownGraph(Refusal):
    """Nobody serves a graph of that name."""


class GraphBroken(Refusal):
    """No worker could load the graph; the next deployment may mend it."""


class InvalidInput(Refusal):
    """The graph's own schema refuses the input."""


class InvalidCursor(Refusal):
    """Not a number that an event could have."""


class EventsExpired(Refusal):
    """The job has ended and its events are gone; the record may still be read."""
