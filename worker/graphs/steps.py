"""Passes through three plain steps, a, b and c; each adds a line to a list of messages.

The nodes are ordinary functions, not coroutines: the service runs them in threads of their own.
"""

import operator
from typing import Annotated

from langgraph.graph import END, START, StateGraph
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

Line = Annotated[str, Field(max_length=1_000)]


class StepsInput(BaseModel):
    """The lines to begin with."""

    model_config = ConfigDict(extra="forbid")

    messages: list[Line] = Field(
        default=[],
        max_length=100,
        description="Lines to begin with; the three steps add theirs below.",
        examples=[["start"]],
    )


class StepsState(TypedDict):
    """All lines so far; what a step returns is added to them."""

    messages: Annotated[list[str], operator.add]


def node_a(state: StepsState) -> StepsState:  # noqa: ARG001 - a node is given the state
    """Add the first line."""
    return {"messages": ["Node A processed"]}


def node_b(state: StepsState) -> StepsState:  # noqa: ARG001 - a node is given the state
    """Add the second line."""
    return {"messages": ["Node B processed"]}


def node_c(state: StepsState) -> StepsState:  # noqa: ARG001 - a node is given the state
    """Add the third line."""
    return {"messages": ["Node C processed"]}


builder = StateGraph(StepsState, input_schema=StepsInput)
builder.add_node("a", node_a)
builder.add_node("b", node_b)
builder.add_node("c", node_c)
builder.add_edge(START, "a")
builder.add_edge("a", "b")
builder.add_edge("b", "c")
builder.add_edge("c", END)
graph = builder.compile(name="steps")
