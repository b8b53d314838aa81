"""A graph that counts like `counter`, but asks in the middle whether to go on."""

import asyncio
import time

from langgraph.graph import END, START, StateGraph
from langgraph.types import StreamWriter, interrupt
from pydantic import BaseModel


class QuestionState(BaseModel):
    """How far to count, and what was answered."""

    count: int
    interval_s: float
    pad_bytes: int
    answer: str = ""


async def before(state: QuestionState, *, writer: StreamWriter) -> dict[str, str]:
    """Count the first half."""
    return await _count(state, 1, state.count // 2, writer)


async def ask(state: QuestionState) -> dict[str, str]:
    """Wait for the answer."""
    return {"answer": str(interrupt(f"Go on from {state.count // 2}?"))}


async def after(state: QuestionState, *, writer: StreamWriter) -> dict[str, str]:
    """Count the second half."""
    return await _count(state, state.count // 2 + 1, state.count, writer)


async def _count(
    state: QuestionState, first: int, last: int, writer: StreamWriter
) -> dict[str, str]:
    for i in range(first, last + 1):
        writer({"i": i, "t": time.time_ns(), "pad": "x" * state.pad_bytes})
        await asyncio.sleep(state.interval_s)
    return {"answer": state.answer}


builder = StateGraph(QuestionState)
builder.add_node("before", before)
builder.add_node("ask", ask)
builder.add_node("after", after)
builder.add_edge(START, "before")
builder.add_edge("before", "ask")
builder.add_edge("ask", "after")
builder.add_edge("after", END)
graph = builder.compile(name="question")
