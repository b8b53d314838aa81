"""`Command`: where to go and what to change, from a node, a subgraph or a tool."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

import operator
from typing import Annotated, Any, Literal

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send, interrupt
from typing_extensions import TypedDict

from tests.corpus.case import AnyGraph, case
from tests.corpus.counting import ran


class Path(TypedDict, total=False):
    number: int
    path: Annotated[list[Any], operator.add]


async def first(state: Path) -> Command[Literal["second", "third"]]:
    ran("first")
    goto = "third" if state.get("number", 0) > 1 else "second"
    return Command(update={"path": ["first"]}, goto=goto)


async def second(state: Path) -> Path:  # noqa: ARG001
    ran("second")
    return {"path": ["second"]}


async def third(state: Path) -> Path:  # noqa: ARG001
    ran("third")
    return {"path": ["third"]}


@case({"number": 2})
def a_command_that_goes_and_changes() -> AnyGraph:
    graph: Any = StateGraph(Path)
    for node in (first, second, third):
        graph.add_node(node)
    graph.add_edge(START, "first")
    return graph.compile()


@case({"number": 0})
def a_command_to_several() -> AnyGraph:
    async def fork(state: Path) -> Command[Literal["second", "third"]]:  # noqa: ARG001
        ran("fork")
        return Command(goto=["second", "third"], update=[("path", ["fork"]), ("number", 1)])

    graph: Any = StateGraph(Path)
    for node in (fork, second, third):
        graph.add_node(node)
    graph.add_edge(START, "fork")
    return graph.compile()


@case({"number": 0})
def a_command_that_only_changes() -> AnyGraph:
    async def change(state: Path) -> Command[Any]:  # noqa: ARG001
        ran("change")
        return Command(update={"number": 5})

    graph: Any = StateGraph(Path)
    graph.add_sequence([change, second])
    graph.add_edge(START, "change")
    return graph.compile()


@case({"number": 0})
def several_commands_at_once() -> AnyGraph:
    async def many(state: Path) -> Any:  # noqa: ARG001
        ran("many")
        return [Command(goto="second"), {"path": ["many"]}, Command(update={"number": 7})]

    graph: Any = StateGraph(Path)
    graph.add_node(many, destinations=("second",))
    graph.add_node(second)
    graph.add_edge(START, "many")
    return graph.compile()


@case({"number": 3})
def a_command_that_sends() -> AnyGraph:
    async def share(state: Path) -> Command[Any]:
        ran("share")
        return Command(goto=[Send("part", {"number": n}) for n in range(state.get("number", 0))])

    async def part(state: Path) -> Path:
        ran(f"part {state.get('number')}")
        return {"path": [state.get("number")]}

    graph: Any = StateGraph(Path)
    graph.add_node(share, destinations=("part",))
    graph.add_node(part)
    graph.add_edge(START, "share")
    return graph.compile()


def _child(goto: str) -> AnyGraph:
    async def decide(state: Path) -> Command[Any]:  # noqa: ARG001
        ran("decide")
        return Command(graph=Command.PARENT, goto=goto, update={"path": ["decide"]})

    child: Any = StateGraph(Path)
    child.add_node(decide)
    child.add_edge(START, "decide")
    return child.compile()


@case({"number": 0})
def a_command_to_the_parent() -> AnyGraph:
    graph: Any = StateGraph(Path)
    graph.add_node("child", _child("third"), destinations=("third",))
    graph.add_node(third)
    graph.add_edge(START, "child")
    return graph.compile()


@case({"number": 0})
def a_command_to_the_parent_beside_a_sibling() -> AnyGraph:
    graph: Any = StateGraph(Path)
    graph.add_node("child", _child("third"), destinations=("third",))
    graph.add_node(second)
    graph.add_node(third)
    graph.add_edge(START, "child")
    graph.add_edge(START, "second")
    return graph.compile()


@case({"number": 0})
def a_command_after_an_answer() -> AnyGraph:
    async def approve(state: Path) -> Command[Literal["second", "third"]]:  # noqa: ARG001
        ran("approve")
        said = interrupt("go on?")
        return Command(goto="second" if "yes" in said else "third", update={"path": [said]})

    graph: Any = StateGraph(Path)
    for node in (approve, second, third):
        graph.add_node(node)
    graph.add_edge(START, "approve")
    return graph.compile()


@case({"number": 0})
def a_command_to_the_parent_after_an_answer() -> AnyGraph:
    async def ask(state: Path) -> Command[Any]:  # noqa: ARG001
        ran("ask")
        said = interrupt("leave?")
        return Command(graph=Command.PARENT, goto="third", update={"path": [said]})

    child: Any = StateGraph(Path)
    child.add_sequence([second, ask])
    child.add_edge(START, "second")
    graph: Any = StateGraph(Path)
    graph.add_node("child", child.compile(), destinations=("third",))
    graph.add_node(third)
    graph.add_edge(START, "child")
    return graph.compile()


@case({"number": 0})
def agents_that_hand_over() -> AnyGraph:
    def agent(name: str, to: str) -> Any:
        async def run(state: Path) -> Command[Any]:
            number = state.get("number", 0)
            ran(f"{name} {number}")
            goto = to if number < 5 else END
            return Command(goto=goto, update={"path": [name], "number": number + 1})

        return run

    graph: Any = StateGraph(Path)
    graph.add_node("ada", agent("ada", "bob"), destinations=("bob", END))
    graph.add_node("bob", agent("bob", "ada"), destinations=("ada", END))
    graph.add_edge(START, "ada")
    return graph.compile()
