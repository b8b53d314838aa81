"""What the headers of a `POST /jobs` ask for: a form, a job that may be there already, a wait."""

import re
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from tailrace.api.errors import InvalidIdempotencyKey, NothingToResume
from tailrace.api.http.negotiation import choose, preferred_wait_s
from tailrace.api.relay.cursor import Cursor, parse_cursor
from tailrace.api.relay.frames import STREAM_FORMATS, StreamFormat

JSON: Final = "application/json"
_KEY: Final = re.compile(r"[ -~]{1,255}")
_START: Final = Cursor(0, from_header=False)


@dataclass(frozen=True, slots=True)
class Submission:
    """One POST, but for its body."""

    form: StreamFormat | None
    """The form of the event stream that shall be the answer; None is the job itself."""
    key: str | None
    """The caller's `Idempotency-Key`."""
    cursor: Cursor
    """Where the stream goes on."""
    wait_s: int | None
    """How long the answer may be held back for the job's end; None is not at all."""

    @property
    def resumes(self) -> bool:
        """Whether the caller has had events of the job: then it must be there already."""
        return self.cursor.seq > 0


def read_submission(request: Request, max_wait_s: int) -> Submission:
    """Take the headers.

    Raises:
        NotAcceptable: neither the job nor its events would be taken.
        InvalidIdempotencyKey: empty, given twice, too long, or not printable ASCII.
        NothingToResume: a stream that shall go on, and no key that tells of which job.
        InvalidCursor: a `Last-Event-ID` that no event could have.
    """
    form = STREAM_FORMATS.get(choose(request, JSON, *STREAM_FORMATS))
    key = _key(request.headers.getlist("idempotency-key"))
    if form is not None:
        return Submission(form, key, _cursor(request, key), None)
    wait = preferred_wait_s(request)
    return Submission(None, key, _START, None if wait is None else min(wait, max_wait_s))


def _key(given: list[str]) -> str | None:
    if not given:
        return None
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        raise InvalidIdempotencyKey(
            "An Idempotency-Key is given once, as 1 to 255 printable ASCII characters."
        )
    return given[0]


def _cursor(request: Request, key: str | None) -> Cursor:
    given = request.headers.getlist("last-event-id")
    if given and key is None:
        raise NothingToResume(
            "A POST with Last-Event-ID and without an Idempotency-Key would start a second job:"
            " send the key with the first POST, or go on by GET at the Content-Location."
        )
    return parse_cursor(given, ())
