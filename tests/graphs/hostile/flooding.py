"""Nodes that give more than anyone wants: many events, one large one, a large result."""

import asyncio
from typing import Any, TypedDict

from langgraph.config import get_stream_writer
from langgraph.graph import START, StateGraph


class Amount(TypedDict, total=False):
    events: int
    bytes: int
    text: str


async def pour(amount: Amount) -> Amount:
    write, drop = get_stream_writer(), "x" * amount.get("bytes", 0)
    for _ in range(amount.get("events", 0)):
        write(drop)
        await asyncio.sleep(0)
    return {"text": "poured"}


async def pour_differently(amount: Amount) -> Amount:
    write = get_stream_writer()
    for i in range(amount.get("events", 0)):
        write(str(i) * amount.get("bytes", 0))
    return {"text": "poured"}


async def swell(amount: Amount) -> Amount:
    return {"text": "x" * amount.get("bytes", 0)}


def _of_one_node(node: Any) -> Any:
    builder: Any = StateGraph(Amount)
    builder.add_node("node", node)
    builder.add_edge(START, "node")
    return builder.compile()


floods = _of_one_node(pour)
floods_differently = _of_one_node(pour_differently)
swells = _of_one_node(swell)
