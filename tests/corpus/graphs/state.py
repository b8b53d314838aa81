"""States and their reducers."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

import operator
from collections.abc import Sequence
from typing import Annotated, Any

from langgraph.channels import DeltaChannel, EphemeralValue, UntrackedValue
from langgraph.graph import END, START, StateGraph
from langgraph.managed import IsLastStep, RemainingSteps
from langgraph.types import Overwrite
from typing_extensions import TypedDict

from tests.corpus.case import AnyGraph, case, line, wired
from tests.corpus.counting import ran


class Text(TypedDict, total=False):
    text: str
    length: int


class Listed(TypedDict, total=False):
    items: Annotated[list[Any], operator.add]


@case({"text": "hello"})
def a_key_that_is_overwritten() -> AnyGraph:
    async def upper(state: Text) -> Text:
        ran("upper")
        return {"text": state.get("text", "").upper()}

    async def measure(state: Text) -> Text:
        ran("measure")
        return {"length": len(state.get("text", ""))}

    return line(Text, upper, measure)


@case({"items": [1]})
def a_list_that_grows() -> AnyGraph:
    async def two(state: Listed) -> Listed:  # noqa: ARG001
        ran("two")
        return {"items": [2]}

    async def three(state: Listed) -> Listed:
        ran("three")
        return {"items": [3, len(state.get("items", []))]}

    return line(Listed, two, three)


def larger(one: int, other: int) -> int:
    return max(one, other)


class Largest(TypedDict, total=False):
    most: Annotated[int, larger]
    names: Annotated[dict[str, int], operator.or_]


@case({"most": 3})
def reducers_of_ones_own() -> AnyGraph:
    def node(name: str, number: int) -> Any:
        async def run(state: Largest) -> Largest:  # noqa: ARG001
            ran(name)
            return {"most": number, "names": {name: number}}

        return run

    nodes = {"one": node("one", 1), "nine": node("nine", 9), "last": node("last", 5)}
    edges = [(START, "one"), (START, "nine"), (["one", "nine"], "last"), ("last", END)]
    return wired(Largest, nodes, edges)


@case({"items": [1, 2]})
def a_reducer_that_is_passed_by() -> AnyGraph:
    async def replace(state: Listed) -> Any:
        ran("replace")
        return {"items": Overwrite([len(state.get("items", []))])}

    async def add(state: Listed) -> Listed:  # noqa: ARG001
        ran("add")
        return {"items": ["added"]}

    return line(Listed, replace, add)


class Untracked(TypedDict, total=False):
    text: str
    handle: Annotated[Any, UntrackedValue]
    once: Annotated[Any, EphemeralValue]


# What is in no checkpoint is gone with its worker.
@case({"text": "x"}, steady=False)
def values_that_no_checkpoint_has() -> AnyGraph:
    async def make(state: Untracked) -> Untracked:  # noqa: ARG001
        ran("make")
        return {"handle": {"open": 1}, "once": "for the next step"}

    async def use(state: Untracked) -> Untracked:
        ran("use")
        return {"text": f"{state.get('handle')} {state.get('once')}"}

    async def late(state: Untracked) -> Untracked:
        ran("late")
        return {"text": f"{state.get('text')} {state.get('handle')} {state.get('once')}"}

    return line(Untracked, make, use, late)


def joined(items: list[Any], writes: Sequence[Any]) -> list[Any]:
    return [*items, *(item for write in writes for item in write)]


class Delta(TypedDict, total=False):
    items: Annotated[list[Any], DeltaChannel(joined, snapshot_frequency=3)]
    rounds: int


@case({"items": [0], "rounds": 0})
def a_channel_of_differences() -> AnyGraph:
    async def add(state: Delta) -> Delta:
        number = state.get("rounds", 0) + 1
        ran(f"add {number}")
        return {"items": [number, len(state.get("items", []))], "rounds": number}

    def more(state: Delta) -> str:
        return "add" if state.get("rounds", 0) < 8 else END

    graph: Any = StateGraph(Delta)
    graph.add_node("add", add)
    graph.add_edge(START, "add")
    graph.add_conditional_edges("add", more, ["add", END])
    return graph.compile()


class Stepping(TypedDict, total=False):
    seen: Annotated[list[Any], operator.add]
    last: IsLastStep
    left: RemainingSteps


# LangGraph counts steps from where it goes on.
@case({"seen": []}, config={"recursion_limit": 7}, steady=False)
def a_graph_that_knows_its_steps() -> AnyGraph:
    async def step(state: Any) -> Stepping:
        ran(f"step {len(state['seen'])}")
        return {"seen": [(state["last"], state["left"])]}

    graph: Any = StateGraph(Stepping)
    graph.add_node("step", step)
    graph.add_edge(START, "step")
    graph.add_conditional_edges("step", lambda s: "step" if s["left"] > 2 else END, ["step", END])
    return graph.compile()


@case({"items": ["a"]})
def nodes_that_say_nothing() -> AnyGraph:
    async def silent(state: Listed) -> None:  # noqa: ARG001
        ran("silent")

    async def empty(state: Listed) -> Listed:  # noqa: ARG001
        ran("empty")
        return {}

    return line(Listed, silent, empty)


@case({"text": "x"})
def two_writers_of_one_key() -> AnyGraph:
    def writer(name: str) -> Any:
        async def write(state: Text) -> Text:  # noqa: ARG001
            ran(name)
            return {"text": name}

        return write

    nodes = {"left": writer("left"), "right": writer("right")}
    edges = [(START, "left"), (START, "right"), ("left", END), ("right", END)]
    return wired(Text, nodes, edges)
