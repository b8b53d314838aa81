"""Finds a provider's error in an exception or its causes, and whether it is temporary.

The first match counts: a quota or billing code anywhere, then the exception's own response or
connection, its `__cause__`, the members of a group, and its `__context__`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal, cast

from tailrace.worker.attempt.failures.provider_errors.connections import is_connection_trouble
from tailrace.worker.attempt.failures.provider_errors.names import (
    means_context_overflow,
    means_quota,
    status_of,
)
from tailrace.worker.attempt.failures.provider_errors.retry_after import retry_after_s
from tailrace.worker.attempt.failures.provider_errors.said import Said, attribute, read

TroubleType = Literal[
    "rate-limited",
    "quota-exceeded",
    "unavailable",
    "authentication",
    "permission-denied",
    "not-found",
    "bad-request",
    "context-length",
    "internal",
]
_VAGUE: Final = (400, 403)
"""For these, a name in the body says more: AWS throttles with 400, Google with 403."""
_BUGS: Final = (TypeError, ValueError, KeyError, AttributeError)
"""A handler that raises one of these has a bug of its own, whatever it was handling."""
_TYPES: Final[Mapping[int, TroubleType]] = {
    401: "authentication",
    402: "quota-exceeded",
    403: "permission-denied",
    404: "not-found",
    408: "unavailable",
    409: "unavailable",
    410: "not-found",
    425: "unavailable",
    429: "rate-limited",
}
_MOST: Final = 100
"""Exceptions to examine at most: a chain can be as long as the loop that built it."""
_MAY_PASS: Final = ("unavailable", "rate-limited")
_OVERFLOW_WORDS: Final = (
    "context length",
    "context window",
    "prompt is too long",
    "input tokens exceed the configured limit",
)


class AnswerCutOff(Exception):
    """A model's output was cut off, as `whole_answers` found; the message is for the user."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a job's user is told about it, in terms of `error.type`."""

    type: TroubleType
    words: str | None = None
    """The provider's own; None if there are none, as for a lost connection."""
    retry_after_s: float | None = None

    @property
    def may_pass(self) -> bool:
        """Whether another attempt may help."""
        return self.type in _MAY_PASS


UNEXPECTED: Final = Trouble("internal")
"""For a group in which something fails that has nothing to do with a provider."""


def trouble_of(error: BaseException) -> Trouble | None:
    """The provider's error behind the exception; None if there is no sign of one."""
    for inner in reachable(error):
        said = read(inner)
        if means_quota(said.names):
            return Trouble("quota-exceeded", said.words)
    return _found(error, {})


def reachable(error: BaseException) -> Iterator[BaseException]:
    """The exception and its causes, each once: the chain may be circular."""
    seen: set[int] = set()
    left = [error]
    while left:
        inner = left.pop()
        if id(inner) not in seen:
            seen.add(id(inner))
            yield inner
            left += reversed([*_behind(inner), *_members(inner)])


def _found(error: BaseException, known: dict[int, Trouble | None]) -> Trouble | None:
    if id(error) not in known and len(known) < _MOST:
        known[id(error)] = None  # in case the chain is circular
        known[id(error)] = _own(error) or _inherited(error, known)
    return known.get(id(error))


def _inherited(error: BaseException, known: dict[int, Trouble | None]) -> Trouble | None:
    if error.__cause__ is not None and (found := _found(error.__cause__, known)):
        return found
    if found := _of_members([_found(member, known) for member in _members(error)]):
        return found
    return next((found for inner in _behind(error) if (found := _found(inner, known))), None)


def _behind(error: BaseException) -> list[BaseException]:
    if error.__cause__ is not None:
        return [error.__cause__]
    if error.__context__ is None or error.__suppress_context__ or isinstance(error, _BUGS):
        return []
    return [error.__context__]


def _members(error: BaseException) -> tuple[BaseException, ...]:
    if not isinstance(error, BaseExceptionGroup):
        return ()
    return cast("BaseExceptionGroup[BaseException]", error).exceptions


def _of_members(found: list[Trouble | None]) -> Trouble | None:
    """The trouble of a group, which is temporary only if that of each member is."""
    troubles = [trouble for trouble in found if trouble]
    lasting = [trouble for trouble in troubles if not trouble.may_pass]
    if lasting or not troubles:
        return lasting[0] if lasting else None
    if len(troubles) < len(found):
        return UNEXPECTED
    return max(troubles, key=lambda found: (found.retry_after_s or 0, found.words is not None))


def _own(error: BaseException) -> Trouble | None:
    if isinstance(error, AnswerCutOff):
        return Trouble("unavailable", str(error))
    said = read(error)
    status = _status(said)
    if _is_context_overflow(error, said, status):
        return Trouble("context-length", said.words)
    if status is not None:
        return Trouble(_type(status, said), said.words, retry_after_s(said.headers))
    if is_connection_trouble(error):
        return Trouble("unavailable")
    return Trouble("unavailable", said.words) if _came_in_a_stream(error) else None


def _status(said: Said) -> int | None:
    """The status of the response, or the one that a name in its body stands for."""
    if said.status in _VAGUE or (said.status is None and said.body is not None):
        return status_of(said.names) or said.status
    return said.status


def _type(status: int, said: Said) -> TroubleType:
    # openai's SDK retries a 409 (a lock), unless this header of OpenAI's says not to.
    if status == 409 and said.headers.get("x-should-retry") == "false":
        return "bad-request"
    return "unavailable" if status >= 500 else _TYPES.get(status, "bad-request")


def _is_context_overflow(error: BaseException, said: Said, status: int | None) -> bool:
    kinds = (kind.__name__ for kind in type(error).__mro__)
    if means_context_overflow((*said.names, *kinds)):
        return True
    words = (said.words or "").lower()
    return status in (400, 413, 422) and any(known in words for known in _OVERFLOW_WORDS)


def _came_in_a_stream(error: BaseException) -> bool:
    """Whether a provider accepted the call and then only said that something failed."""
    kinds = (kind.__name__ for kind in type(error).__mro__)
    return "APIError" in kinds and bool(attribute(error, "body"))
