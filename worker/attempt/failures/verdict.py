"""From an exception to what the job's user is told, and whether another attempt may help.

The text of an unexpected exception is never shown, except in a development run. What a provider
reports is read by `provider_errors`.
"""

import logging
import secrets
import traceback
from dataclasses import dataclass, replace
from typing import Final

from langgraph.errors import EmptyInputError, GraphRecursionError

from tailrace.shared.errors import Unserializable
from tailrace.shared.jobs import JobError, JobId
from tailrace.worker.attempt.failures.masking import mask
from tailrace.worker.attempt.failures.provider_errors.trouble import (
    UNEXPECTED,
    Trouble,
    reachable,
    trouble_of,
)
from tailrace.worker.attempt.failures.rejection import rejected_input
from tailrace.worker.attempt.limits import LimitExceeded
from tailrace.worker.attempt.run_config import NoSuchNode
from tailrace.worker.graphs.chat_model import ModelNotConfigured

logger = logging.getLogger(__name__)

_LONGEST_DETAIL: Final = 1000
_LONGEST_TRACEBACK: Final = 16_000
_UNREACHED: Final = "Something that the graph calls could not be reached, or did not respond."
_NO_IDEA: Final = "Something unexpected went wrong."


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run failed."""

    error: JobError
    """`retryable` says that another attempt may help."""
    retry_after_s: float | None = None
    """How long the provider asks to wait."""


def explain(error: Exception, job_id: JobId) -> Failure:
    """Why a run failed.

    What the user can act on is passed on: errors that this service itself found, and a provider's
    own words. Anything else becomes a reference to the traceback in the worker's log.
    """
    if known := rejected_input(error) or _of_run(error):
        return Failure(known)
    trouble = trouble_of(error) or UNEXPECTED
    return Failure(_told(trouble, error, job_id), trouble.retry_after_s)


def explain_to_developer(error: Exception, job_id: JobId) -> Failure:
    """Why a run failed, with type, text and traceback; only for a development run."""
    failure = explain(error, job_id)
    told = failure.error
    if told.type == "internal":
        told = replace(told, detail=_shown(_summary(error), _LONGEST_DETAIL))
    lines = "".join(traceback.format_exception(error))
    told = replace(told, traceback=_shown(lines[-_LONGEST_TRACEBACK:], _LONGEST_TRACEBACK))
    return replace(failure, error=told)


def _summary(error: Exception) -> str:
    """Type and text; the module and the notes are in the traceback."""
    kind, text = type(error).__qualname__, str(traceback.TracebackException.from_exception(error))
    return f"{kind}: {text}" if text else kind


def _of_run(error: Exception) -> JobError | None:
    """The first error of ours or LangGraph's own, in the exception or its causes."""
    return next((known for inner in reachable(error) if (known := _known(inner))), None)


def _known(error: BaseException) -> JobError | None:
    match error:
        case LimitExceeded():
            return error.error
        case ModelNotConfigured():
            return JobError("model-not-configured", str(error))
        case Unserializable():
            return JobError(
                "unserializable", f"The graph returned a value that can't be written: {error}"
            )
        case GraphRecursionError():
            return JobError("recursion-limit", "The graph took more steps than its limit allows.")
        case NoSuchNode():
            return JobError("invalid-input", str(error))
        case EmptyInputError():
            return JobError("invalid-input", "The input has nothing that the graph takes.")
        case _:
            return None


def _told(trouble: Trouble, error: Exception, job_id: JobId) -> JobError:
    if trouble.words is not None:
        detail = _shown(trouble.words, _LONGEST_DETAIL)
    else:
        said = _NO_IDEA if trouble is UNEXPECTED else _UNREACHED
        detail = f"{said} Reference: {_logged(error, job_id)}"
    return JobError(trouble.type, detail, retryable=trouble.may_pass)


def _logged(error: Exception, job_id: JobId) -> str:
    """Log the traceback; the reference under which it is found."""
    reference = secrets.token_hex(8)
    logger.error("run failed", exc_info=error, extra={"job_id": job_id, "reference": reference})
    return reference


def _shown(text: str, longest: int) -> str:
    return mask(text)[:longest].encode("utf-8", "replace").decode()
