"""The errors that a client raises, and how a problem document becomes one of them.

TailraceError
├── NotSent            the address, the key or the request can't be used
├── Unreachable        the service did not respond
├── ProtocolBroken     the response violates PROTOCOL.md
└── ApiError           the service rejected the request, and says why
    ├── Unauthorized   401
    ├── JobNotFound    404
    └── EventsExpired  410
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import httpx

from tailrace.json_values import parse


class TailraceError(Exception):
    """Base of all errors that the client raises."""


class NotSent(TailraceError):
    """The address, the key or the request can't be used; nothing was sent."""


class Unreachable(TailraceError):
    """The service did not respond in time, or the connection was lost before it did."""


class ProtocolBroken(TailraceError):
    """The response violates PROTOCOL.md, so it can't be trusted to be the whole log."""


class ApiError(TailraceError):
    """The service rejected the request (RFC 9457)."""

    def __init__(self, status: int, kind: str, detail: str, retry_after_s: float = 0) -> None:
        super().__init__(f"{detail} ({status} {kind})")
        self.status = status
        """The HTTP status."""
        self.type = kind
        """The type of the problem, such as `invalid-input`."""
        self.detail = detail
        self.retry_after_s = retry_after_s
        """How long the service asks you to wait; 0 if it does not say."""


class Unauthorized(ApiError):
    """No credentials, or wrong ones."""


class JobNotFound(ApiError):
    """There is no such job for this client."""


class EventsExpired(ApiError):
    """The job has ended and its events have expired."""


@dataclass(frozen=True, slots=True)
class _Place:
    pointer: str
    detail: str


@dataclass(frozen=True, slots=True)
class _Problem:
    title: str
    type: str = "about:blank"
    detail: str | None = None
    errors: tuple[_Place, ...] = ()


_BY_TYPE: Final[Mapping[str, type[ApiError]]] = {
    "unauthorized": Unauthorized,
    "job-not-found": JobNotFound,
    "events-expired": EventsExpired,
}


def api_error(response: httpx.Response) -> ApiError:
    """The error for an error response whose body has been read."""
    status, after_s = response.status_code, _retry_after_s(response)
    try:
        problem = parse(_Problem, response.content)
    except ValueError:
        detail = f"{response.url.copy_with(query=None)} does not respond like a Tailrace service"
        return ApiError(status, response.reason_phrase or "no reason", detail, after_s)
    places = "".join(f"; {place.pointer}: {place.detail}" for place in problem.errors)
    kind = _BY_TYPE.get(problem.type, ApiError)
    return kind(status, problem.type, (problem.detail or problem.title) + places, after_s)


def _retry_after_s(response: httpx.Response) -> float:
    """`Retry-After` in seconds; this service never sends a date."""
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else 0


def reason(error: httpx.HTTPError) -> str:
    """Why a request failed, in a few words; some of httpx's errors carry no text."""
    match error:
        case httpx.HTTPStatusError():
            return f"the service returned {error.response.status_code}"
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
