"""Functions that make a graph for each run, in the forms that LangGraph's server takes."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any, TypedDict

from langchain_core.runnables import RunnableConfig
from langgraph.graph import START, StateGraph
from langgraph.graph.state import CompiledStateGraph

Graph = CompiledStateGraph[Any, Any, Any, Any]


class Text(TypedDict):
    text: str


def _saying(word: str) -> Graph:
    def say(state: Text) -> Text:
        return {"text": f"{word} {state['text']}"}

    builder = StateGraph(Text)
    builder.add_node("say", say)
    builder.add_edge(START, "say")
    return builder.compile()


def configured(config: RunnableConfig) -> Graph:
    """Says the word that the run's configuration names."""
    return _saying(config.get("configurable", {}).get("word", "hello"))


async def awaited() -> Graph:
    """Made by a coroutine.

    This second paragraph is not for the catalogue.
    """
    return _saying("awaited")


@asynccontextmanager
async def held(config: RunnableConfig) -> AsyncGenerator[Graph]:
    """Made by a context manager, which the run has to leave again."""
    visits: list[str] = config.get("configurable", {}).get("visits", [])
    visits.append("entered")
    try:
        yield _saying("held")
    finally:
        visits.append("left")
