"""Agents of agents, and long ones."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

from typing import Annotated, Any

from langchain.agents import create_agent
from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage, ToolMessage
from langchain_core.tools import InjectedToolCallId, tool
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, MessagesState, StateGraph
from langgraph.graph.message import add_messages
from langgraph.prebuilt import InjectedState
from langgraph.types import Command
from typing_extensions import TypedDict

from tests.corpus.case import AnyGraph, case
from tests.corpus.counting import ran
from tests.corpus.graphs.agents import ASKS, asking, book, weather
from tests.corpus.graphs.tools import chatting
from tests.corpus.model import Line, following, scripted


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
        return Command(
            update={"todos": changed, "messages": [ToolMessage("ok", tool_call_id=call)]}
        )

    model = following(_deep_line(rounds))
    graph: Any = chatting(Deep, model, [write_file, plan])
    return graph


@case(ASKS, config={"recursion_limit": 1000})
def a_deep_agent() -> AnyGraph:
    return _deep(20)


# Every other mode tells the whole chat at each step: 100 MB.
@case(ASKS, modes=("updates", "messages", "custom"))
def a_deep_agent_of_three_hundred_steps() -> AnyGraph:
    return _deep(150).with_config({"recursion_limit": 400})


@case(ASKS)
def a_swarm_of_agents() -> AnyGraph:
    def handing(name: str, to: str) -> Any:
        @tool(f"to_{to}")
        async def hand(
            state: Annotated[Any, InjectedState], call: Annotated[str, InjectedToolCallId]
        ) -> Command[Any]:
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
