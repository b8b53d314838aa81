"""A node whose edge takes its time, or fails, after the node itself is done."""

import asyncio
from pathlib import Path
from typing import Any, TypedDict

from langgraph.graph import START, StateGraph


class Trip(TypedDict, total=False):
    notes: str
    """A file that gets a line whenever the way is looked for."""
    gate: str
    """A file: no way is found before it is there."""
    fails: int
    """How often looking for the way fails first."""
    text: str


async def set_out(_: Trip) -> Trip:
    return {"text": "out"}


async def find_way(trip: Trip) -> str:
    with Path(trip.get("notes", "")).open("a+") as notes:  # noqa: ASYNC230 - other people's code
        notes.write("looking\n")
        notes.seek(0)
        if len(notes.readlines()) <= trip.get("fails", 0):
            raise ConnectionError
    while not Path(trip.get("gate", "")).exists():  # noqa: ASYNC110, ASYNC240 - other people's code
        await asyncio.sleep(0.01)
    return "arrive"


async def arrive(trip: Trip) -> Trip:
    return {"text": trip.get("text", "") + " and there"}


def _graph() -> Any:
    builder: Any = StateGraph(Trip)
    builder.add_node("set_out", set_out)
    builder.add_node("arrive", arrive)
    builder.add_edge(START, "set_out")
    builder.add_conditional_edges("set_out", find_way, ["arrive"])
    return builder.compile()


routed = _graph()
