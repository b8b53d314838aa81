"""Nodes that ask: once, two at once, twice in a row, and for what can't be written."""

import asyncio
from pathlib import Path
from typing import Annotated, Any, TypedDict

from langgraph.config import get_stream_writer
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt


def _join(old: list[str], new: list[str]) -> list[str]:
    return sorted([*old, *new])


class Talk(TypedDict, total=False):
    gate: str
    """A file: the node waits for it after the first answer, where it is given."""
    heard: Annotated[list[str], _join]


def ask(_: Talk) -> Talk:
    return {"heard": [interrupt("may I?")]}


def ask_left(_: Talk) -> Talk:
    return {"heard": ["left " + interrupt("left?")]}


def ask_right(_: Talk) -> Talk:
    return {"heard": ["right " + interrupt("right?")]}


async def ask_twice(talk: Talk) -> Talk:
    first = interrupt("first?")
    get_stream_writer()(f"heard {first}")
    if "gate" in talk:
        while not Path(talk.get("gate", "")).exists():  # noqa: ASYNC110, ASYNC240 - other people's code
            await asyncio.sleep(0.01)
    return {"heard": [f"1 {first}", f"2 {interrupt('second?')}"]}


def ask_without_words(_: Talk) -> Talk:
    return {"heard": [interrupt(object())]}


def ask_at_length(_: Talk) -> Talk:
    return {"heard": [interrupt("x" * 2_000_000)]}


def _of(**nodes: Any) -> Any:
    builder: Any = StateGraph(Talk)
    for name, node in nodes.items():
        builder.add_node(name, node)
        builder.add_edge(START, name)
    return builder.compile()


approval = _of(ask=ask)
two_at_once = _of(left=ask_left, right=ask_right)
twice = _of(ask=ask_twice)
without_words = _of(ask=ask_without_words)
at_length = _of(ask=ask_at_length)
