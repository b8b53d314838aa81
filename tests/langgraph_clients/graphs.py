"""The graphs that this service and npm's langgraph-api run with the same requests.

`reference/graphs.mjs` has the same in JavaScript, node by node.
"""

import asyncio
import operator
from collections.abc import Mapping
from typing import Annotated, Any

from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import RunnableConfig
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.types import interrupt
from typing_extensions import TypedDict


class State(TypedDict, total=False):
    """What all but the chat share."""

    topic: str
    steps: Annotated[list[str], operator.add]
    answer: Any


Update = Mapping[str, Any]


async def reply(state: MessagesState, config: RunnableConfig) -> Update:
    """Say the last message again, a character at a time; asks or dawdles if it says so."""
    said = str(state["messages"][-1].content)
    answer = interrupt({"question": said}) if said.startswith("ask") else said
    sleep_s = 0.05 if said.startswith("slow") else 0.002
    model = FakeListChatModel(responses=[f"Echo: {answer}"], sleep=sleep_s)
    return {"messages": [await model.ainvoke(state["messages"], config)]}


def one(state: State) -> Update:
    get_stream_writer()({"at": "one"})
    return {"steps": ["one"]}


def two(state: State) -> Update:
    return {"steps": ["two"]}


def prepare(state: State) -> Update:
    return {"steps": ["prepare"]}


def ask(state: State) -> Update:
    answer = interrupt({"question": "Go on?", "topic": state.get("topic")})
    return {"answer": answer, "steps": ["ask"]}


def finish(state: State) -> Update:
    return {"steps": ["finish"]}


def deep(state: State) -> Update:
    get_stream_writer()({"at": "deep"})
    return {"steps": ["deep"]}


def after(state: State) -> Update:
    return {"steps": ["after"]}


def fine(state: State) -> Update:
    return {"steps": ["fine"]}


def bad(state: State) -> Update:
    raise ValueError("it broke")


async def work(state: State) -> Update:
    writer = get_stream_writer()
    for i in range(40):
        writer({"i": i})
        await asyncio.sleep(0.05)
    return {"steps": ["work"]}


def rest(state: State) -> Update:
    return {"steps": ["rest"]}


def chain(*nodes: Any) -> Any:
    """A graph of nodes one after the other."""
    graph: Any = StateGraph(State)
    names = [node if isinstance(node, str) else node.__name__ for node in nodes]
    for node in nodes:
        graph.add_node(node)
    for source, target in zip([START, *names], [*names, END], strict=True):
        graph.add_edge(source, target)
    return graph.compile()


chat = StateGraph(MessagesState).add_node(reply).add_edge(START, "reply").compile()
steps = chain(one, two)
asking = chain(prepare, ask, finish)
_inner = chain(deep)
nested = (
    StateGraph(State)
    .add_node("inner", _inner)
    .add_node(after)
    .add_edge(START, "inner")
    .add_edge("inner", "after")
    .compile()
)
failing = chain(fine, bad)
slow = chain(work, rest)
