"""What a `POST /jobs` asks for: a job, which may exist already, and one of three responses."""

import re
from dataclasses import dataclass
from typing import Final

from starlette.requests import Request

from tailrace.api.errors import InvalidIdempotencyKey, NothingToResume
from tailrace.api.http.body import read_json
from tailrace.api.http.negotiation import choose, preferred_wait_s
from tailrace.api.relay.cursor import Cursor, parse_cursor
from tailrace.api.relay.frames import STREAM_FORMATS, StreamFormat
from tailrace.api.schemas import CreateJob, parse
from tailrace.api.settings import ApiSettings

_JSON: Final = "application/json"
_KEY: Final = re.compile(r"[ -~]{1,255}")


@dataclass(frozen=True, slots=True)
class Plain:
    """The job as it is."""


@dataclass(frozen=True, slots=True)
class Waited:
    """The job once it has ended or asks something, or when the time is up."""

    limit_s: int


@dataclass(frozen=True, slots=True)
class Streamed:
    """The job's events after the cursor."""

    stream_format: StreamFormat
    cursor: Cursor


ResponseForm = Plain | Waited | Streamed


@dataclass(frozen=True, slots=True)
class Submission:
    """One POST."""

    body: CreateJob
    key: str | None
    """The client's `Idempotency-Key`."""
    response: ResponseForm

    @property
    def resumes(self) -> bool:
        """Whether the client has had events of the job, which then must exist already."""
        return isinstance(self.response, Streamed) and self.response.cursor.seq > 0


async def read_submission(request: Request, settings: ApiSettings) -> Submission:
    """Read the headers, then the body.

    Raises:
        NotAcceptable: the client accepts neither the job nor its events.
        InvalidIdempotencyKey: empty, given twice, too long, or not printable ASCII.
        NothingToResume: a stream to be resumed, without the key that tells of which job.
        InvalidCursor: a `Last-Event-ID` that no event could have.
        UnsupportedMediaType, BodyTooLarge, BodyTooSlow, InvalidJson, InvalidBody: the body is
            refused.
    """
    stream_format = STREAM_FORMATS.get(choose(request, _JSON, *STREAM_FORMATS))
    key = idempotency_key(request)
    response: ResponseForm
    if stream_format is not None:
        response = Streamed(stream_format, _cursor(request, key))
    elif (wait_s := preferred_wait_s(request)) is not None:
        response = Waited(min(wait_s, settings.max_wait_s))
    else:
        response = Plain()
    body = parse(CreateJob, await read_json(request, settings))
    return Submission(body, key, response)


def idempotency_key(request: Request) -> str | None:
    """The client's `Idempotency-Key`.

    Raises:
        InvalidIdempotencyKey: empty, given twice, too long, or not printable ASCII.
    """
    given = request.headers.getlist("idempotency-key")
    if not given:
        return None
    if len(given) > 1 or not _KEY.fullmatch(given[0]):
        raise InvalidIdempotencyKey(
            "Send one Idempotency-Key, of 1 to 255 printable ASCII characters."
        )
    return given[0]


def _cursor(request: Request, key: str | None) -> Cursor:
    given = request.headers.getlist("last-event-id")
    if given and key is None:
        raise NothingToResume(
            "A POST with Last-Event-ID but no Idempotency-Key would start a second job:"
            " send the key with the first POST, or resume by GET at the Content-Location."
        )
    return parse_cursor(given, ())
