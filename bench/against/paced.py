"""Writes events at an even pace once it is told to, each stamped as `loadgen.c` reads it.

It knows nothing of the service: both commits serve this same file.
"""

import asyncio
import time
from pathlib import Path

from langgraph.graph import END, START, StateGraph
from langgraph.types import StreamWriter
from typing_extensions import TypedDict

_POLL_S = 0.01


class Paced(TypedDict):
    """How many events, the pause between them in seconds, and the file that says go."""

    count: int
    interval_s: float
    go: str


async def write(state: Paced, *, writer: StreamWriter) -> dict[str, int]:
    """Write them all, each at its own time however late the one before was."""
    go = Path(state["go"])
    while not go.exists():  # noqa: ASYNC110, ASYNC240 - another process makes it
        await asyncio.sleep(_POLL_S)
    began = time.monotonic()
    for number in range(1, state["count"] + 1):
        stamp = f"{number:08}@{time.monotonic_ns():016}"
        writer({"stamp": stamp, "node": "writer", "delta": "and the river went on"})
        await asyncio.sleep(began + number * state["interval_s"] - time.monotonic())
    return {"count": state["count"]}


builder = StateGraph(Paced)
builder.add_node("write", write)
builder.add_edge(START, "write")
builder.add_edge("write", END)
graph = builder.compile(name="paced")
