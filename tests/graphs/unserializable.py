"""Nodes that return what can't be written, or only to their state."""

from typing import Any, TypedDict

from langgraph.graph import START, StateGraph


class Anything(TypedDict):
    value: Any


def _returning(value: Any) -> Any:
    def give(_: Anything) -> Anything:
        return {"value": value}

    node: Any = give
    builder = StateGraph(Anything)
    builder.add_node("give", node)
    builder.add_edge(START, "give")
    return builder.compile()


def _cycle() -> list[Any]:
    ring: list[Any] = []
    ring.append(ring)
    return ring


as_object = _returning({"parts": [0, object()]})
as_big_number = _returning(2**70)
as_cycle = _returning(_cycle())
