"""What a run has led to. Pure."""

from typing import Any, cast

from tailrace.api.adapters.langgraph.views.events import INTERRUPT, values_data
from tailrace.shared.events import LoggedEvent, decode, encode
from tailrace.shared.jobs import JobError, Pause


def error_fields(error: JobError) -> dict[str, Any]:
    """Why a run failed."""
    return {"error": error.type, "message": error.detail}


def error_values(error: JobError) -> dict[str, Any]:
    """The same in place of a run's values."""
    return {"__error__": error_fields(error)}


def with_interrupts(values: bytes, pause: Pause) -> bytes:
    """The values of a run that asks something, with what it asks."""
    told: Any = decode(values)
    if not pause.interrupts or not isinstance(told, dict) or INTERRUPT in told:
        return values
    asked = [{"id": one.id, "value": one.value} for one in pause.interrupts]
    return encode({**cast("dict[str, Any]", told), INTERRUPT: asked})


def values_of(event: LoggedEvent) -> bytes | None:
    """The values that the event tells as JSON; None if it tells none of the graph itself."""
    if event.name != "values":
        return None
    body = decode(event.data)
    return None if body["ns"] else encode(values_data(body))
