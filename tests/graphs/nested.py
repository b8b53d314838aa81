"""A graph inside a graph."""

from typing import Annotated, TypedDict

from langgraph.config import get_stream_writer
from langgraph.graph import START, StateGraph


def join(left: list[str], right: list[str]) -> list[str]:
    return left + right


class Path(TypedDict):
    path: Annotated[list[str], join]


def inner(state: Path) -> Path:
    get_stream_writer()({"steps so far": len(state["path"])})
    return {"path": ["inner"]}


def before(state: Path) -> Path:
    return {"path": ["before" if state["path"] else "first"]}


_child = StateGraph(Path)
_child.add_node("inner", inner)
_child.add_edge(START, "inner")
child = _child.compile()

_parent = StateGraph(Path)
_parent.add_node("before", before)
_parent.add_node("child", child)
_parent.add_edge(START, "before")
_parent.add_edge("before", "child")
parent = _parent.compile()
