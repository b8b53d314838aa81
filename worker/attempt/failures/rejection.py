"""Whether LangGraph rejected a run's input, told by where the exception comes from.

LangGraph converts the input to the state's class (pydantic, dataclass), and dicts to messages, only
when it runs, and has no error of its own for that. A validator may fail in the same way on what a
node returned, so the exception's type does not tell. Its traceback does: it leads through
LangGraph's own conversion before any task of the graph has begun. The tests check these names
against LangGraph.
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
"""Methods of LangGraph's loop, with the last step in which they only handle the input."""
_STATE_READ: Final = "aget_state"
"""An attempt that resumes first reads where the run stands: the input was accepted long ago."""
_PLACES_SHOWN: Final = 5
_SHOWN: Final = 1000


def rejected_input(error: BaseException) -> JobError | None:
    """What is wrong with the input or the context, in the words of what rejected it, if any is."""
    for frame in _frames(error):
        name = frame.f_code.co_name
        if _is_past_the_input(name, frame):
            return None
        if name in _CONVERSIONS:
            return JobError("invalid-input", _words(error)[:_SHOWN])
    return None


def _frames(error: BaseException) -> Iterator[FrameType]:
    """The frames of LangGraph in the traceback, outermost first."""
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
