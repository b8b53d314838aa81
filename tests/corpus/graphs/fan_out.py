"""`Send`: one node many times in a step."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

import asyncio
import operator
from typing import Annotated, Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, Send
from typing_extensions import TypedDict

from tests.corpus.case import AnyGraph, case
from tests.corpus.counting import ran


class Work(TypedDict, total=False):
    subjects: list[str]
    jokes: Annotated[list[Any], operator.add]
    best: str


class Item(TypedDict):
    subject: str


async def joke(state: Item) -> Work:
    ran(f"joke {state['subject']}")
    return {"jokes": [f"a joke of {state['subject']}"]}


def each(state: Work) -> list[Send]:
    return [Send("joke", {"subject": subject}) for subject in state.get("subjects", [])]


@case({"subjects": ["cats", "dogs", "eels"]})
def map_and_reduce() -> AnyGraph:
    async def choose(state: Work) -> Work:
        ran("choose")
        return {"best": str(max(state.get("jokes", [])))}

    graph: Any = StateGraph(Work)
    graph.add_node("joke", joke)
    graph.add_node("choose", choose)
    graph.add_conditional_edges(START, each, ["joke"])
    graph.add_edge("joke", "choose")
    return graph.compile()


@case({"subjects": []})
def a_fan_out_to_nobody() -> AnyGraph:
    graph: Any = StateGraph(Work)
    graph.add_node("look", lambda _: {"best": "none"})
    graph.add_node("joke", joke)
    graph.add_edge(START, "look")
    graph.add_conditional_edges("look", each, ["joke"])
    return graph.compile()


@case({"subjects": [f"s{n}" for n in range(40)]})
def a_wide_fan_out() -> AnyGraph:
    graph: Any = StateGraph(Work)
    graph.add_node("joke", joke)
    graph.add_conditional_edges(START, each, ["joke"])
    return graph.compile()


@case({"subjects": ["a", "b", "c", "d"]})
def a_fan_out_of_unequal_speed() -> AnyGraph:
    async def work(state: Item) -> Work:
        ran(f"work {state['subject']}")
        await asyncio.sleep((ord(state["subject"]) - ord("a")) / 50)
        return {"jokes": [state["subject"]]}

    def sent(state: Work) -> list[Send]:
        return [Send("work", {"subject": s}) for s in state.get("subjects", [])]

    graph: Any = StateGraph(Work)
    graph.add_node("work", work)
    graph.add_node("end", lambda s: {"best": "".join(s["jokes"])})
    graph.add_conditional_edges(START, sent, ["work"])
    graph.add_edge("work", "end")
    return graph.compile()


@case({"subjects": ["ab", "cd"]})
def a_fan_out_within_a_fan_out() -> AnyGraph:
    async def split(state: Item) -> Command[Any]:
        ran(f"split {state['subject']}")
        return Command(goto=[Send("joke", {"subject": letter}) for letter in state["subject"]])

    graph: Any = StateGraph(Work)
    graph.add_node("split", split, destinations=("joke",))
    graph.add_node("joke", joke)
    graph.add_conditional_edges(
        START, lambda s: [Send("split", {"subject": x}) for x in s["subjects"]], ["split"]
    )
    graph.add_edge("joke", END)
    return graph.compile()


@case({"subjects": ["x", "y"]})
def a_fan_out_beside_a_node() -> AnyGraph:
    async def beside(state: Work) -> Work:  # noqa: ARG001
        ran("beside")
        await asyncio.sleep(0.01)
        return {"jokes": ["beside"]}

    graph: Any = StateGraph(Work)
    graph.add_node("joke", joke)
    graph.add_node("beside", beside)
    graph.add_conditional_edges(START, lambda s: [*each(s), "beside"], ["joke", "beside"])
    return graph.compile()


@case({"subjects": ["a", "b"]})
def a_fan_out_each_round() -> AnyGraph:
    def again(state: Work) -> Any:
        return each(state) if len(state.get("jokes", [])) < 6 else END

    graph: Any = StateGraph(Work)
    graph.add_node("joke", joke)
    graph.add_node("look", lambda _: {"best": "not yet"})
    graph.add_conditional_edges(START, each, ["joke"])
    graph.add_edge("joke", "look")
    graph.add_conditional_edges("look", again, ["joke", END])
    return graph.compile()
