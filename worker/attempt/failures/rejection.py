"""Whether it was a run's input that LangGraph refused, told by where an exception comes from.

LangGraph makes a state's class of the input (pydantic, dataclass) and messages of dicts only once
it runs, and has no error of its own for it. A validator may fail in the same way for what a node
gave, so the type does not tell: the way does, which leads through LangGraph's own conversion
before any task of the graph has begun. Its tests hold LangGraph to these names.
"""

from collections.abc import Iterator
from types import FrameType
from typing import Any, Final

from langgraph.constants import START
from pydantic import ValidationError

from tailrace.shared.jobs import JobError

_CONVERSIONS: Final = frozenset({"_coerce_state", "_coerce_context", "_coerce_to_messages"})
_TASK: Final = frozenset({"run_with_retry", "arun_with_retry"})
_FIRST_STEPS: Final = {"tick": 1, "after_tick": 0}
"""A loop's methods, with the step up to which they are busy with the input alone."""
_STATE_READ: Final = "aget_state"
"""An attempt that goes on looks first where the run stands: the input was taken long ago."""
_PLACES_SHOWN: Final = 5
_SHOWN: Final = 1000


def rejected_input(error: BaseException) -> JobError | None:
    """What is wrong with the input or the context, in the words of what refused it; else None."""
    for frame in _way(error):
        name = frame.f_code.co_name
        if _is_past_the_input(name, frame):
            return None
        if name in _CONVERSIONS:
            return JobError("invalid-input", _words(error)[:_SHOWN])
    return None


def _way(error: BaseException) -> Iterator[FrameType]:
    """The frames of LangGraph that the exception came through, the outermost first."""
    trace = error.__traceback__
    while trace is not None:
        if str(trace.tb_frame.f_globals.get("__name__", "")).startswith("langgraph."):
            yield trace.tb_frame
        trace = trace.tb_next


def _is_past_the_input(name: str, frame: FrameType) -> bool:
    if name == _STATE_READ:
        return True
    if name in _TASK:
        return getattr(frame.f_locals.get("task"), "name", None) != START
    if name in _FIRST_STEPS:
        return getattr(frame.f_locals.get("self"), "step", 0) > _FIRST_STEPS[name]
    return False


def _words(error: BaseException) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    places = error.errors(include_url=False, include_context=False, include_input=False)
    told = [_place(place["loc"], place["msg"]) for place in places[:_PLACES_SHOWN]]
    return "; ".join(told)


def _place(path: tuple[Any, ...], message: str) -> str:
    words = message.removeprefix("Value error, ").removeprefix("Assertion failed, ")
    return f"{'.'.join(map(str, path))}: {words}" if path else words
