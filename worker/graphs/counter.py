"""Counts as fast, as long and as bulkily as you ask: for measuring the service and trying faults.

Every event is `{"i": 1.., "t": nanoseconds since 1970, "pad": "xxx..."}`. The numbers are shared
among the rounds of one node, so that a run has as many supersteps as its input says.
"""

import asyncio
import time

from langgraph.graph import END, START, StateGraph
from langgraph.types import StreamWriter
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

YIELD_EVERY = 64
"""Without a pause, the event loop still gets a turn often enough for events to flow."""

MAX_NODES = 99
"""With the service's default recursion limit of 100, a run has one superstep less."""


class StoppedAsAsked(Exception):
    """The count came to `fail_at`."""


class CounterInput(BaseModel):
    """How far to count, and how."""

    model_config = ConfigDict(extra="forbid")

    count: int = Field(default=1000, ge=0, le=1_000_000, description="How many events to write.")
    interval_s: float = Field(
        default=0.0, ge=0, le=60, description="The pause after each event, in seconds."
    )
    pad_bytes: int = Field(
        default=0, ge=0, le=200_000, description="How much padding each event carries, in bytes."
    )
    nodes: int = Field(
        default=1,
        ge=1,
        le=MAX_NODES,
        description="How many nodes, one after the other, share the count.",
    )
    fail_at: int | None = Field(
        default=None, ge=1, description="Fail instead of writing the event of this number."
    )
    tag: str = Field(
        default="", max_length=1_000, description="Anything; it comes back in the result."
    )


class CounterState(CounterInput):
    """The count, and how many nodes have done their share."""

    finished: int = 0


class CounterOutput(TypedDict):
    """What was counted."""

    count: int
    tag: str


async def count(state: CounterState, *, writer: StreamWriter) -> dict[str, int | str]:
    """Write the share of one node.

    Raises:
        StoppedAsAsked: the next number is `fail_at`.
    """
    pad = "x" * state.pad_bytes
    for i in _share(state):
        if i == state.fail_at:
            raise StoppedAsAsked(f"stopped at event {i}, as asked")
        writer({"i": i, "t": time.time_ns(), "pad": pad})
        if state.interval_s or i % YIELD_EVERY == 0:
            await asyncio.sleep(state.interval_s)
    return {"count": state.count, "tag": state.tag, "finished": state.finished + 1}


def _share(state: CounterState) -> range:
    """The numbers of the node whose turn it is; the shares of all add up to the count."""
    first = state.count * state.finished // state.nodes + 1
    last = state.count * (state.finished + 1) // state.nodes
    return range(first, last + 1)


def _next(state: CounterState) -> str:
    return "count" if state.finished < state.nodes else END


builder = StateGraph(CounterState, input_schema=CounterInput, output_schema=CounterOutput)
builder.add_node("count", count)
builder.add_edge(START, "count")
builder.add_conditional_edges("count", _next, ["count", END])
graph = builder.compile(name="counter")
