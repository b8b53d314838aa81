"""A graph that never gets far at once: each of its moves asks, fails once, or takes a moment."""

import asyncio
from typing import Annotated, Any, TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.graph import END, START, StateGraph
from langgraph.types import interrupt

REST_S = 0.03

_failed: set[tuple[str, int]] = set()
"""Which move of which job has failed already: whoever fails again would use up its attempts."""


def _append(old: list[str], new: list[str]) -> list[str]:
    return [*old, *new]


class Way(TypedDict, total=False):
    moves: list[str]
    """`ask`, `fail` or `rest`, in the order in which they come."""
    done: Annotated[list[str], _append]


async def move(way: Way, config: RunnableConfig) -> Way:
    at = len(way.get("done", []))
    kind = way.get("moves", [])[at]
    if kind == "ask":
        return {"done": [interrupt(f"what shall move {at} be?")]}
    this = (config.get("configurable", {})["thread_id"], at)
    if kind == "fail" and this not in _failed:
        _failed.add(this)
        raise ConnectionError
    if kind == "rest":
        await asyncio.sleep(REST_S)
    return {"done": [f"{at} {kind}"]}


def _next(way: Way) -> str:
    return "move" if len(way.get("done", [])) < len(way.get("moves", [])) else END


def _graph() -> Any:
    builder: Any = StateGraph(Way)
    builder.add_node("move", move)
    builder.add_conditional_edges(START, _next, ["move", END])
    builder.add_conditional_edges("move", _next, ["move", END])
    return builder.compile()


wavering = _graph()
