"""Whose fault an exception is, told with LangGraph itself raising it."""

import operator
from dataclasses import dataclass
from itertools import pairwise
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import START, MessagesState, StateGraph
from pydantic import BaseModel, Field, ValidationError, field_validator, model_validator

from tailrace.shared.jobs import JobError
from tailrace.worker.attempt.failures.rejection import rejected_input


class Named(BaseModel):
    name: str
    items: Annotated[list[str], operator.add] = []

    @field_validator("name")
    @classmethod
    def be_polite(cls, value: str) -> str:
        if value == "rude":
            raise ValueError("be polite")
        return value


class Span(BaseModel):
    first: int
    last: int

    @model_validator(mode="after")
    def be_in_order(self) -> "Span":
        assert self.first <= self.last, "the first comes first"
        return self


@dataclass
class Order:
    item: str
    count: int = 1


class Loose(TypedDict):
    name: str


class Who(BaseModel):
    user: str = Field(min_length=3)


def of(state: Any, *nodes: Any, context: Any = None, start: Any = None) -> Any:
    builder: Any = StateGraph(state, context_schema=context)
    for node in nodes:
        builder.add_node(getattr(node, "__name__", "graph"), node)
    names = [getattr(node, "__name__", "graph") for node in nodes]
    if start is None:
        builder.add_edge(START, names[0])
    else:
        builder.add_conditional_edges(START, start, names)
    for before, after in pairwise(names):
        builder.add_edge(before, after)
    return builder


def stay(_: Any) -> dict[str, Any]:
    return {}


def be_rude(_: Any) -> dict[str, Any]:
    return {"name": "rude"}


def make_a_rude_one(_: Any) -> dict[str, Any]:
    Named(name="rude")
    return {}


def add_a_message(_: Any) -> dict[str, Any]:
    return {"messages": [{"role": "nobody", "content": "hi"}]}


def to_stay(_: Any) -> str:
    return "stay"


async def raised(builder: Any, value: Any, context: Any = None) -> JobError | None:
    graph = builder.compile(checkpointer=InMemorySaver())
    with pytest.raises(Exception) as caught:  # noqa: PT011 - the type is what does not tell
        await graph.ainvoke(value, {"configurable": {"thread_id": "1"}}, context=context)
    return rejected_input(caught.value)


@pytest.mark.parametrize(
    ("state", "value", "words"),
    [
        (Named, {"name": "rude"}, "name: be polite"),
        (Span, {"first": 2, "last": 1}, "the first comes first"),
        (Named, {"name": 5}, "name: Input should be a valid string"),
        (Order, {"count": 2}, "missing 1 required positional argument: 'item'"),
        (MessagesState, {"messages": [{"role": "nobody", "content": "hi"}]}, "'nobody'"),
    ],
)
async def test_an_input_that_langgraph_refuses_is_told_in_the_words_of_its_validator(
    state: Any, value: Any, words: str
) -> None:
    for start in (None, to_stay):
        error = await raised(of(state, stay, start=start), value)
        assert error is not None
        assert (error.type, error.retryable) == ("invalid-input", False)
        assert words in error.detail


async def test_a_context_that_its_class_refuses_is_told_alike() -> None:
    error = await raised(of(Loose, stay, context=Who), {"name": "n"}, {"user": "x"})

    assert error is not None
    assert "user: String should have at least 3 characters" in error.detail


@pytest.mark.parametrize(
    ("builder", "value"),
    [
        (of(Named, be_rude, stay), {"name": "fine"}),
        (of(Named, make_a_rude_one), {"name": "fine"}),
        (of(Loose, of(Named, stay).compile()), {"name": "rude"}),
        (of(MessagesState, add_a_message), {"messages": "hi"}),
    ],
    ids=["a node's update", "a node's own model", "a graph inside", "a node's message"],
)
async def test_what_a_node_makes_wrong_is_no_fault_of_the_input(builder: Any, value: Any) -> None:
    assert await raised(builder, value) is None


async def test_a_state_that_is_wrong_when_it_is_read_again_is_no_fault_of_the_input() -> None:
    async def be_rude(_: Named) -> dict[str, str]:
        return {"name": "rude"}

    async def go_on(_: Named) -> dict[str, str]:
        return {}

    builder: Any = StateGraph(Named)
    builder.add_node("be_rude", be_rude).add_node("go_on", go_on)
    builder.add_edge(START, "be_rude").add_edge("be_rude", "go_on")
    graph = builder.compile(checkpointer=InMemorySaver())
    config: Any = {"configurable": {"thread_id": "1"}}
    with pytest.raises(ValidationError):
        await graph.ainvoke({"name": "kind"}, config)

    with pytest.raises(ValidationError) as read:
        await graph.aget_state(config)

    assert rejected_input(read.value) is None
