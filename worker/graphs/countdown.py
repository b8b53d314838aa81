"""Counts down from as many seconds as you like, 1 to 60, one tick a second."""

import asyncio

from langgraph.graph import END, START, StateGraph
from langgraph.types import StreamWriter
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

TICK_S = 1.0
FINISHED = "Countdown finished!"


class CountdownInput(BaseModel):
    """Where to begin."""

    model_config = ConfigDict(extra="forbid")

    seconds: int = Field(default=10, ge=1, le=60, description="How many seconds to count down.")


class CountdownOutput(TypedDict):
    """What was counted."""

    seconds: int
    message: str


async def count_down(state: CountdownInput, *, writer: StreamWriter) -> CountdownOutput:
    """Say what remains at every tick, then that it is over."""
    for remaining in range(state.seconds, 0, -1):
        writer({"remaining": remaining})
        await asyncio.sleep(TICK_S)
    writer({"message": FINISHED})
    return {"seconds": state.seconds, "message": FINISHED}


builder = StateGraph(CountdownInput, input_schema=CountdownInput, output_schema=CountdownOutput)
builder.add_node("count_down", count_down)
builder.add_edge(START, "count_down")
builder.add_edge("count_down", END)
graph = builder.compile(name="countdown")
