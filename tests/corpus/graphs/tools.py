"""Tools: wired by hand, failing, with the state and the store put in."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

from typing import Annotated, Any

from langchain.agents import create_agent
from langchain_core.messages import ToolMessage
from langchain_core.tools import InjectedToolCallId, tool
from langgraph.config import get_config
from langgraph.graph import START, MessagesState, StateGraph
from langgraph.prebuilt import InjectedState, InjectedStore, ToolNode, tools_condition
from langgraph.store.base import BaseStore
from langgraph.types import Command

from tests.corpus.case import AnyGraph, case
from tests.corpus.counting import ran
from tests.corpus.graphs.agents import ASKS, distance, traveller, weather
from tests.corpus.model import scripted


@case(ASKS)
def tools_wired_by_hand() -> AnyGraph:
    model = traveller()

    async def chat(state: MessagesState) -> Any:
        ran(f"chat {len(state['messages'])}")
        return {"messages": [await model.ainvoke(state["messages"])]}

    graph: Any = StateGraph(MessagesState)
    graph.add_node("chat", chat)
    graph.add_node("tools", ToolNode([weather, distance]))
    graph.add_edge(START, "chat")
    graph.add_conditional_edges("chat", tools_condition)
    graph.add_edge("tools", "chat")
    return graph.compile()


@case(ASKS)
def a_tool_that_fails() -> AnyGraph:
    @tool
    async def fails(city: str) -> str:
        """Fail."""
        ran("fails")
        raise ValueError(f"no weather in {city}")

    model = scripted([("fails", {"city": "Bern"}), ("weather", {"city": "Bern"})], "sorry")

    async def chat(state: MessagesState) -> Any:
        ran(f"chat {len(state['messages'])}")
        return {"messages": [await model.ainvoke(state["messages"])]}

    graph: Any = StateGraph(MessagesState)
    graph.add_node("chat", chat)
    graph.add_node("tools", ToolNode([fails, weather], handle_tool_errors=True))
    graph.add_edge(START, "chat")
    graph.add_conditional_edges("chat", tools_condition)
    graph.add_edge("tools", "chat")
    return graph.compile()


@case(ASKS)
def a_tool_that_breaks_its_agent() -> AnyGraph:
    @tool
    async def breaks(city: str) -> str:
        """Break."""
        ran("breaks")
        raise RuntimeError(city)

    return create_agent(scripted([("breaks", {"city": "Bern"})], "never"), [breaks])


class Trip(MessagesState):
    home: str


@case({**ASKS, "home": "Thun"})
def a_tool_that_sees_the_state() -> AnyGraph:
    @tool
    async def from_home(city: str, state: Annotated[Any, InjectedState]) -> str:
        """How far a city is."""
        ran("from_home")
        return f"{len(state['messages'])} {state['home']} - {city}"

    @tool
    async def at_home(home: Annotated[str, InjectedState("home")]) -> str:
        """Where home is."""
        ran("at_home")
        return home

    model = scripted([("from_home", {"city": "Bern"}), ("at_home", {})], "far")
    return chatting(Trip, model, [from_home, at_home])


@case(ASKS)
def a_tool_that_has_the_store() -> AnyGraph:
    @tool
    async def remember(city: str, store: Annotated[BaseStore, InjectedStore()]) -> str:
        """Remember a city."""
        ran(f"remember {city}")
        # The store outlives a run, and others run the same graph.
        given: Any = get_config()
        of_run = ("cities", given["configurable"]["thread_id"])
        await store.aput(of_run, city, {"name": city})
        return str(len(await store.asearch(of_run)))

    model = scripted([("remember", {"city": "Bern"})], [("remember", {"city": "Thun"})], "noted")
    return chatting(MessagesState, model, [remember])


@case(ASKS)
def a_tool_that_changes_the_state() -> AnyGraph:
    @tool
    async def move(city: str, call: Annotated[str, InjectedToolCallId]) -> Command[Any]:
        """Move."""
        ran("move")
        return Command(update={"home": city, "messages": [ToolMessage("moved", tool_call_id=call)]})

    return chatting(Trip, scripted([("move", {"city": "Genf"})], "welcome"), [move])


def chatting(schema: Any, model: Any, tools: Any) -> AnyGraph:
    async def chat(state: Any) -> Any:
        ran(f"chat {len(state['messages'])}")
        return {"messages": [await model.ainvoke(state["messages"])]}

    graph: Any = StateGraph(schema)
    graph.add_node("chat", chat)
    graph.add_node("tools", ToolNode(tools))
    graph.add_edge(START, "chat")
    graph.add_conditional_edges("chat", tools_condition)
    graph.add_edge("tools", "chat")
    return graph.compile()
