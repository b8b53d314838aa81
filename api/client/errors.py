"""What can go wrong between a client and the service, and how a problem document becomes one of it.

TailraceError
├── NotSent            the address, the key or the request can't be used
├── Unreachable        the service gave no answer
├── ProtocolBroken     what came is ruled out by PROTOCOL.md
└── ApiError           the service refused, and says why
    ├── Unauthorized   401
    ├── JobNotFound    404
    └── EventsExpired  410
"""

from collections.abc import Mapping
from typing import Final

import httpx
from pydantic import BaseModel, ValidationError


class TailraceError(Exception):
    """Base of all errors that the client raises."""


class NotSent(TailraceError):
    """The address, the key or the request can't be used; nothing was sent."""


class Unreachable(TailraceError):
    """The service gave no answer in time, or the connection broke before one."""


class ProtocolBroken(TailraceError):
    """What came is ruled out by PROTOCOL.md: it can't be trusted to be the whole log."""


class ApiError(TailraceError):
    """The service refused the request (RFC 9457)."""

    def __init__(self, status: int, kind: str, detail: str) -> None:
        super().__init__(f"{detail} ({status} {kind})")
        self.status = status
        """The HTTP status."""
        self.type = kind
        """What kind of refusal, in the service's words, such as `invalid-input`."""
        self.detail = detail


class Unauthorized(ApiError):
    """No credentials, or wrong ones."""


class JobNotFound(ApiError):
    """No such job for this caller."""


class EventsExpired(ApiError):
    """The job has ended and its events are not kept any more."""


class _Place(BaseModel):
    pointer: str
    detail: str


class _Problem(BaseModel):
    type: str = "about:blank"
    title: str
    detail: str | None = None
    errors: tuple[_Place, ...] = ()


_BY_TYPE: Final[Mapping[str, type[ApiError]]] = {
    "unauthorized": Unauthorized,
    "job-not-found": JobNotFound,
    "events-expired": EventsExpired,
}


def api_error(response: httpx.Response) -> ApiError:
    """The error that a refusal stands for; the response's body has been read."""
    try:
        problem = _Problem.model_validate_json(response.content)
    except ValidationError:
        detail = f"{response.url.copy_with(query=None)} does not answer like a Tailrace service"
        return ApiError(response.status_code, response.reason_phrase or "no reason", detail)
    places = "".join(f"; {place.pointer}: {place.detail}" for place in problem.errors)
    kind = _BY_TYPE.get(problem.type, ApiError)
    return kind(response.status_code, problem.type, (problem.detail or problem.title) + places)


def reason(error: httpx.HTTPError) -> str:
    """Why a request failed, in a few words; some of httpx's errors carry no text."""
    match error:
        case httpx.HTTPStatusError():
            return f"the service answered {error.response.status_code}"
        case httpx.ConnectTimeout() | httpx.PoolTimeout():
            return "no connection in time"
        case httpx.ReadTimeout():
            return "silence for too long"
        case httpx.RemoteProtocolError():
            return "the connection ended early"
        case httpx.ReadError() | httpx.WriteError():
            return "the connection broke"
        case _:
            return str(error) or type(error).__name__
