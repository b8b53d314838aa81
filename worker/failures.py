"""From an exception to what the job's user is told, and whether another attempt may help.

What is shown is chosen: never the text of an exception that nobody expected.
"""

import logging
import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

import httpx
import openai
from langchain_core.exceptions import ContextOverflowError
from langgraph.errors import EmptyInputError, GraphRecursionError

from tailrace.shared.errors import Unserializable
from tailrace.shared.jobs import JobError, JobId
from tailrace.worker.limits import LimitExceeded
from tailrace.worker.models import ModelNotConfigured
from tailrace.worker.rejection import rejected_input
from tailrace.worker.run_config import NoSuchNode

logger = logging.getLogger(__name__)

_CONTEXT_CODES: Final = ("context_length_exceeded", "exceed_context_size_error")
_MAY_PASS: Final = (
    openai.APIConnectionError,
    openai.InternalServerError,
    httpx.TransportError,
    ConnectionError,
    TimeoutError,
)
_LONGEST_WAIT_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Failure:
    """What a failed run leaves."""

    error: JobError
    """`retryable` says that another attempt may help."""
    retry_after_s: float | None = None
    """How long the provider asks to be left alone."""


def explain(error: Exception, job_id: JobId) -> Failure:
    """Why a run failed.

    What its user can act on is passed on: a provider's words about rate limit, quota,
    authentication and context length, and what this service itself found wrong. Anything else
    becomes a reference, under which the log has the traceback.
    """
    if isinstance(error, openai.APIError) and (known := _of_provider(error)):
        return Failure(known, _retry_after_s(error))
    return Failure(rejected_input(error) or _of_run(error) or _unexpected(error, job_id))


def _of_provider(error: openai.APIError) -> JobError | None:
    """What a provider says, by status, or by code where it says so within a stream."""
    status, detail = getattr(error, "status_code", None), _words(error)
    if error.code == "insufficient_quota":
        return JobError("quota-exceeded", detail)
    if status == 429 or error.code == "rate_limit_exceeded":
        return JobError("rate-limited", detail, retryable=True)
    if status in (401, 403):
        return JobError("authentication", detail)
    return JobError("context-length", detail) if _is_context_overflow(error) else None


def _is_context_overflow(error: openai.APIError) -> bool:
    kinds = (error.code, error.type)
    return isinstance(error, ContextOverflowError) or any(k in _CONTEXT_CODES for k in kinds)


def _words(error: openai.APIError) -> str:
    body = error.body
    message = cast("Mapping[str, object]", body).get("message") if isinstance(body, dict) else None
    text = str(message or error.message)
    key = os.environ.get("OPENAI_API_KEY")
    shown = (text.replace(key, "***") if key else text)[:1000]
    return shown.encode("utf-8", "replace").decode()


def _retry_after_s(error: openai.APIError) -> float | None:
    """Seconds of `Retry-After` (RFC 9110, section 10.2.3); a date is left to our own back-off."""
    if not isinstance(error, openai.APIStatusError):
        return None
    try:
        wait_s = float(error.response.headers.get("retry-after", ""))
    except ValueError:
        return None
    return wait_s if 0 <= wait_s <= _LONGEST_WAIT_S else None


def _of_run(error: Exception) -> JobError | None:
    match error:
        case LimitExceeded():
            return error.error
        case ModelNotConfigured():
            return JobError("model-not-configured", str(error))
        case Unserializable():
            return JobError("unserializable", f"The graph gave what JSON can't hold: {error}")
        case GraphRecursionError():
            return JobError("recursion-limit", "The graph took more steps than its limit allows.")
        case NoSuchNode():
            return JobError("invalid-input", str(error))
        case EmptyInputError():
            return JobError("invalid-input", "The input has nothing that the graph takes.")
        case _:
            return None


def _unexpected(error: Exception, job_id: JobId) -> JobError:
    reference = secrets.token_hex(8)
    logger.error("run failed", exc_info=error, extra={"job_id": job_id, "reference": reference})
    detail = f"Something unexpected went wrong. Reference: {reference}"
    return JobError("internal", detail, retryable=isinstance(error, _MAY_PASS))
