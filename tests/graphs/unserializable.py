"""Nodes that return what JSON can't hold."""

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


as_bytes = _returning(b"secret bytes")
as_big_number = _returning(2**70)
as_surrogate = _returning("\ud800")
as_cycle = _returning(_cycle())
