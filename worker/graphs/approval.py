"""Drafts a short notice, waits until somebody approves it or asks for another one, then publishes.

Shows how a graph asks: `interrupt()` puts the job to `waiting`, and returns the value that is
posted to `/jobs/{id}/resume`.
"""

from typing import Literal

from langgraph.config import get_stream_writer
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt
from pydantic import BaseModel, ConfigDict, Field

Next = Literal["write", "publish", "__end__"]


class Notice(BaseModel):
    """What the notice is about."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(min_length=1, max_length=2000, description="What the notice says.")


class State(Notice):
    """The notice on its way."""

    draft: str = ""
    version: int = 0
    published: bool = False


class Outcome(BaseModel):
    """What became of it."""

    draft: str
    version: int
    published: bool


def write(state: State) -> dict[str, object]:
    """Put the text into a draft."""
    version = state.version + 1
    return {"draft": f"Notice {version}: {state.text}", "version": version}


def review(state: State) -> Command[Next]:
    """Ask; the resume value is true, false, or another text to try."""
    resume = interrupt({"question": "Publish this notice?", "draft": state.draft})
    if isinstance(resume, str):
        return Command(goto="write", update={"text": resume})
    if resume is True:
        return Command(goto="publish")
    return Command(goto="__end__")


def publish(state: State) -> dict[str, object]:
    """Say that it is out."""
    get_stream_writer()({"kind": "published", "draft": state.draft})
    return {"published": True}


graph = (
    StateGraph(State, input_schema=Notice, output_schema=Outcome)
    .add_node("write", write)
    .add_node("review", review)
    .add_node("publish", publish)
    .add_edge(START, "write")
    .add_edge("write", "review")
    .add_edge("publish", END)
    .compile()
)
