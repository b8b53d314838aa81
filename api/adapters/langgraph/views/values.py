"""What a run has led to. Pure."""

from typing import Any

from tailrace.api.adapters.langgraph.views.events import values_data
from tailrace.shared.events import LoggedEvent, decode, encode
from tailrace.shared.jobs import JobError


def error_fields(error: JobError) -> dict[str, Any]:
    """Why a run failed."""
    return {"error": error.type, "message": error.detail}


def error_values(error: JobError) -> dict[str, Any]:
    """The same in place of a run's values."""
    return {"__error__": error_fields(error)}


def values_of(event: LoggedEvent) -> bytes | None:
    """The values that the event tells as JSON; None if it tells none of the graph itself."""
    if event.name != "values":
        return None
    body = decode(event.data)
    return None if body["ns"] else encode(values_data(body))
