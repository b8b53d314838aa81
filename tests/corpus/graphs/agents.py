"""Agents as they are prebuilt, and agents of agents."""

import warnings
from typing import Annotated, Any

from langchain.agents import create_agent
from langchain.agents.middleware import HumanInTheLoopMiddleware, ModelCallLimitMiddleware
from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import InjectedToolCallId, tool
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import InjectedState, InjectedStore, ToolNode, tools_condition
from langgraph.store.base import BaseStore
from langgraph.types import Command, interrupt
from pydantic import BaseModel
from typing_extensions import TypedDict

from tests.corpus.case import AnyGraph, case
from tests.corpus.counting import ran
from tests.corpus.model import Line, ScriptedModel, following, scripted

ASKS = {"messages": [{"role": "user", "content": "how warm is it?"}]}


@tool
async def weather(city: str) -> str:
    """How warm it is in a city."""
    ran(f"weather {city}")
    return f"21 °C in {city}"


@tool
def distance(start: str, end: str) -> int:
    """How far it is between two places."""
    ran(f"distance {start} {end}")
    return 10 * abs(len(start) - len(end))


@tool
async def book(city: str) -> str:
    """Book a journey, if a person agrees."""
    ran(f"book {city}")
    return f"booked {city}: {interrupt(f'book {city}?')}"


def reacting(model: Any, tools: Any, **more: Any) -> AnyGraph:
    """LangGraph's older prebuilt agent, which warns that it is."""
    from langgraph.prebuilt import create_react_agent  # noqa: PLC0415 - deprecated, and still used

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return create_react_agent(model, tools, **more)


def traveller() -> ScriptedModel:
    both = [("weather", {"city": "Bern"}), ("distance", {"start": "Bern", "end": "Lausanne"})]
    return scripted(both, [("weather", {"city": "Lausanne"})], "it is warm in both")


@case(ASKS)
def an_agent_that_reacts_v1() -> AnyGraph:
    return reacting(traveller(), [weather, distance], version="v1")


@case(ASKS)
def an_agent_that_reacts_v2() -> AnyGraph:
    return reacting(traveller(), [weather, distance], version="v2")


@case(ASKS)
def an_agent() -> AnyGraph:
    return create_agent(traveller(), [weather, distance], system_prompt="Be brief.")


@case(ASKS)
def an_agent_without_tools() -> AnyGraph:
    return create_agent(scripted("I would not know."), [])


@case(ASKS)
def an_agent_stopped_before_its_tools() -> AnyGraph:
    return create_agent(traveller(), [weather, distance], interrupt_before=["tools"])


@case(ASKS)
def a_reacting_agent_stopped_before_its_tools() -> AnyGraph:
    return reacting(traveller(), [weather, distance], interrupt_before=["tools"])


def asking() -> ScriptedModel:
    return scripted([("book", {"city": "Bern"})], "have a good journey")


def asking_beside() -> ScriptedModel:
    return scripted([("weather", {"city": "Bern"}), ("book", {"city": "Bern"})], "done")


def asking_twice() -> ScriptedModel:
    return scripted([("book", {"city": "Bern"}), ("book", {"city": "Genf"})], "both are booked")


@case(ASKS)
def an_agent_with_a_tool_that_asks() -> AnyGraph:
    return create_agent(asking(), [weather, book])


@case(ASKS)
def an_agent_with_a_tool_that_asks_beside_one_that_does_not() -> AnyGraph:
    return create_agent(asking_beside(), [weather, book])


@case(ASKS)
def an_agent_with_two_tools_that_ask() -> AnyGraph:
    return create_agent(asking_twice(), [weather, book])


@case(ASKS)
def a_reacting_agent_with_two_tools_that_ask() -> AnyGraph:
    return reacting(asking_twice(), [weather, book], version="v2")


@case(ASKS)
def a_reacting_agent_with_one_tool_that_asks_v1() -> AnyGraph:
    return reacting(asking(), [weather, book], version="v1")


@case(ASKS, answer=lambda _: {"decisions": [{"type": "approve"}]})
def an_agent_whose_calls_are_approved() -> AnyGraph:
    approving = HumanInTheLoopMiddleware(interrupt_on={"weather": True})
    model = scripted([("weather", {"city": "Bern"})], "warm enough")
    return create_agent(model, [weather], middleware=[approving])


@case(ASKS, answer=lambda _: {"decisions": [{"type": "reject", "message": "no"}]})
def an_agent_whose_calls_are_rejected() -> AnyGraph:
    approving = HumanInTheLoopMiddleware(interrupt_on={"weather": True})
    model = scripted([("weather", {"city": "Bern"})], "then not")
    return create_agent(model, [weather], middleware=[approving])


@case(ASKS)
def an_agent_with_a_limit_of_calls() -> AnyGraph:
    limit = ModelCallLimitMiddleware(run_limit=2, exit_behavior="end")
    endless = following(lambda messages: [("weather", {"city": f"town {len(messages)}"})])
    return create_agent(endless, [weather], middleware=[limit])


class Report(BaseModel):
    """What is known of the weather."""

    city: str
    warm: bool


@case(ASKS)
def an_agent_that_answers_with_a_form() -> AnyGraph:
    model = scripted([("weather", {"city": "Bern"})], [("Report", {"city": "Bern", "warm": True})])
    return create_agent(model, [weather], response_format=Report)


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
    return _chatting(Trip, model, [from_home, at_home])


@case(ASKS)
def a_tool_that_has_the_store() -> AnyGraph:
    @tool
    async def remember(city: str, store: Annotated[BaseStore, InjectedStore()]) -> str:
        """Remember a city."""
        ran(f"remember {city}")
        await store.aput(("cities",), city, {"name": city})
        return str(len(await store.asearch(("cities",))))

    model = scripted([("remember", {"city": "Bern"})], [("remember", {"city": "Thun"})], "noted")
    return _chatting(MessagesState, model, [remember])


@case(ASKS)
def a_tool_that_changes_the_state() -> AnyGraph:
    @tool
    async def move(city: str, call: Annotated[str, InjectedToolCallId]) -> Command[Any]:
        """Move."""
        ran("move")
        return Command(update={"home": city, "messages": [ToolMessage("moved", tool_call_id=call)]})

    return _chatting(Trip, scripted([("move", {"city": "Genf"})], "welcome"), [move])


def _chatting(schema: Any, model: Any, tools: Any) -> AnyGraph:
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


@case(ASKS)
def a_supervisor_whose_agents_are_tools() -> AnyGraph:
    researcher = create_agent(scripted([("weather", {"city": "Bern"})], "21 °C"), [weather])
    writer = create_agent(scripted("It is warm in Bern."), [])

    @tool
    async def research(task: str) -> str:
        """Find something out."""
        ran(f"research {task}")
        found = await researcher.ainvoke({"messages": [HumanMessage(task)]})
        return str(found["messages"][-1].text)

    @tool
    async def write(notes: str) -> str:
        """Write it up."""
        ran("write")
        found = await writer.ainvoke({"messages": [HumanMessage(notes)]})
        return str(found["messages"][-1].text)

    model = scripted(
        [("research", {"task": "weather"})], [("write", {"notes": "21 °C"})], "It is warm."
    )
    return create_agent(model, [research, write])


@case(ASKS)
def an_agent_whose_agent_asks() -> AnyGraph:
    below = create_agent(asking(), [book])

    @tool
    async def travel(to: str) -> str:
        """Arrange a journey."""
        ran("travel")
        get_stream_writer()({"arranging": to})
        found = await below.ainvoke({"messages": [HumanMessage(to)]})
        return str(found["messages"][-1].text)

    return create_agent(scripted([("travel", {"to": "Bern"})], "arranged"), [travel])


def merged(files: dict[str, str], more: dict[str, str]) -> dict[str, str]:
    return {**files, **more}


class Deep(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    files: Annotated[dict[str, str], merged]
    todos: list[dict[str, str]]


def _deep_line(rounds: int) -> Any:
    def say(messages: list[BaseMessage]) -> Line:
        number = sum(1 for message in messages if message.type == "ai")
        if number >= rounds:
            return "all is written"
        plan = {"todo": f"part {number}", "status": "done"}
        calls: list[tuple[str, dict[str, Any]]] = [
            ("write_file", {"path": f"part{number % 5}.md", "text": f"text {number}"})
        ]
        return [*calls, ("plan", plan)] if number % 10 == 0 else calls

    return say


def _deep(rounds: int) -> AnyGraph:
    @tool
    async def write_file(
        path: str, text: str, call: Annotated[str, InjectedToolCallId]
    ) -> Command[Any]:
        """Write a file of the agent's own."""
        ran(f"write_file {text}")
        return Command(
            update={"files": {path: text}, "messages": [ToolMessage("ok", tool_call_id=call)]}
        )

    @tool
    async def plan(
        todo: str, status: str, call: Annotated[str, InjectedToolCallId]
    ) -> Command[Any]:
        """Note what is to be done."""
        ran(f"plan {todo}")
        changed = [{"content": todo, "status": status}]
        return Command(update={"todos": changed, "messages": [ToolMessage("ok", tool_call_id=call)]})

    model = following(_deep_line(rounds))
    graph: Any = _chatting(Deep, model, [write_file, plan])
    return graph


@case(ASKS, config={"recursion_limit": 1000})
def a_deep_agent() -> AnyGraph:
    return _deep(20)


@case(ASKS)
def a_deep_agent_of_three_hundred_steps() -> AnyGraph:
    return _deep(150).with_config({"recursion_limit": 400})


@case(ASKS)
def a_swarm_of_agents() -> AnyGraph:
    def handing(name: str, to: str) -> Any:
        @tool(f"to_{to}")
        async def hand(state: Annotated[Any, InjectedState], call: Annotated[str, InjectedToolCallId]) -> Command[Any]:
            """Hand over."""
            ran(f"{name} to {to}")
            said = ToolMessage(f"over to {to}", tool_call_id=call)
            return Command(
                goto=to, graph=Command.PARENT, update={"messages": [*state["messages"], said]}
            )

        return hand

    ada = create_agent(following(lambda _: [("to_bob", {})]), [handing("ada", "bob")], name="ada")
    bob = create_agent(scripted("bob never says this", "I am Bob."), [], name="bob")
    graph: Any = StateGraph(MessagesState)
    graph.add_node("ada", ada, destinations=("bob",))
    graph.add_node("bob", bob)
    graph.add_edge(START, "ada")
    graph.add_edge("bob", END)
    return graph.compile()
