"""Edges: conditional, in loops, where branches meet."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

import asyncio
import operator
from typing import Annotated, Any, Literal

from langgraph.graph import END, START, StateGraph
from typing_extensions import TypedDict

from tests.corpus.case import AnyGraph, case, line, wired
from tests.corpus.counting import ran


class Path(TypedDict, total=False):
    number: int
    path: Annotated[list[Any], operator.add]


def step(name: str, after_s: float = 0) -> Any:
    async def run(state: Path) -> Path:  # noqa: ARG001
        ran(name)
        await asyncio.sleep(after_s)
        return {"path": [name]}

    return run


@case({"number": 5})
def one_of_two_ways() -> AnyGraph:
    def way(state: Path) -> Literal["odd", "even"]:
        return "odd" if state.get("number", 0) % 2 else "even"

    graph: Any = StateGraph(Path)
    for name in ("look", "odd", "even"):
        graph.add_node(name, step(name))
    graph.add_edge(START, "look")
    graph.add_conditional_edges("look", way)
    return graph.compile()


@case({"number": 4})
def ways_with_labels() -> AnyGraph:
    graph: Any = StateGraph(Path)
    for name in ("look", "big", "small"):
        graph.add_node(name, step(name))
    graph.add_edge(START, "look")
    ways = {True: "big", False: "small"}
    graph.add_conditional_edges("look", lambda state: state["number"] > 3, ways)
    graph.add_edge(["big"], END)
    graph.add_edge("small", END)
    return graph.compile()


@case({"number": 0})
def several_ways_at_once() -> AnyGraph:
    graph: Any = StateGraph(Path)
    for name in ("look", "left", "middle", "right", "meet"):
        graph.add_node(name, step(name))
    graph.add_edge(START, "look")
    graph.add_conditional_edges("look", lambda _: ["left", "right"], ["left", "middle", "right"])
    for name in ("left", "middle", "right"):
        graph.add_edge(name, "meet")
    return graph.compile()


@case({"number": 1})
def a_way_from_the_start() -> AnyGraph:
    graph: Any = StateGraph(Path)
    graph.add_node("first", step("first"))
    graph.add_node("second", step("second"))
    ways = {"1": "first", "2": "second"}
    graph.set_conditional_entry_point(lambda state: str(state["number"]), ways)
    return graph.compile()


@case({"number": 0})
def a_loop() -> AnyGraph:
    async def count(state: Path) -> Path:
        number = state.get("number", 0) + 1
        ran(f"count {number}")
        return {"number": number, "path": [number]}

    graph: Any = StateGraph(Path)
    graph.add_node("count", count)
    graph.add_node("rest", step("rest"))
    graph.add_edge(START, "count")
    graph.add_conditional_edges("count", lambda s: "rest" if s["number"] < 9 else END)
    graph.add_edge("rest", "count")
    return graph.compile()


@case({"number": 0})
def branches_that_meet() -> AnyGraph:
    names = ("a", "b", "c", "d", "e")
    nodes = {name: step(name) for name in names}
    edges = [(START, "a"), ("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("d", "e")]
    return wired(Path, nodes, edges)


@case({"number": 0})
def a_node_that_waits_for_all() -> AnyGraph:
    nodes = {name: step(name) for name in ("a", "b", "b2", "c", "join")}
    edges = [(START, "a"), ("a", "b"), ("a", "c"), ("b", "b2"), (["b2", "c"], "join")]
    return wired(Path, nodes, edges)


@case({"number": 0})
def a_node_put_off() -> AnyGraph:
    graph: Any = StateGraph(Path)
    for name in ("a", "b", "b2", "b3", "c"):
        graph.add_node(name, step(name))
    graph.add_node("last", step("last"), defer=True)
    for start, end in [(START, "a"), ("a", "b"), ("b", "b2"), ("b2", "b3"), ("b3", "last")]:
        graph.add_edge(start, end)
    graph.add_edge("a", "c")
    graph.add_edge("c", "last")
    return graph.compile()


@case({"number": 0})
def siblings_of_unequal_speed() -> AnyGraph:
    nodes = {f"after {ms}": step(f"after {ms}", ms / 1000) for ms in (0, 20, 60)}
    nodes["meet"] = step("meet")
    starts = [(START, name) for name in nodes if name != "meet"]
    return wired(Path, nodes, [*starts, *((name, "meet") for _, name in starts)])


@case({"number": 0})
def plain_functions() -> AnyGraph:
    def node(name: str) -> Any:
        def run(state: Path) -> Path:
            ran(name)
            return {"path": [name], "number": state.get("number", 0) + 1}

        run.__name__ = name
        return run

    return line(Path, *(node(name) for name in ("one", "two", "three")))


@case({"number": 0})
def plain_functions_beside_others() -> AnyGraph:
    def slow(state: Path) -> Path:  # noqa: ARG001
        ran("slow")
        return {"path": ["slow"]}

    nodes = {"slow": slow, "quick": step("quick"), "meet": step("meet")}
    edges = [(START, "slow"), (START, "quick"), ("slow", "meet"), ("quick", "meet")]
    return wired(Path, nodes, edges)


@case({"number": 3})
def nodes_of_other_kinds() -> AnyGraph:
    from langchain_core.runnables import RunnableLambda  # noqa: PLC0415 - used here alone

    class Doubling:
        async def __call__(self, state: Path) -> Path:
            ran("doubling")
            return {"number": 2 * state.get("number", 0)}

    def shown(state: Path) -> Path:
        ran("shown")
        return {"path": [state.get("number")]}

    nodes = {"doubling": Doubling(), "shown": RunnableLambda(shown)}
    return wired(Path, nodes, [(START, "doubling"), ("doubling", "shown")])


@case({"number": 3})
def nodes_that_generate() -> AnyGraph:
    async def each(state: Path) -> Any:
        ran("each")
        for number in range(state.get("number", 0)):
            yield {"path": [number]}

    def every(state: Path) -> Any:
        ran("every")
        for number in range(state.get("number", 0)):
            yield {"path": [-number]}

    return line(Path, each, every)
