"""Graphs within graphs."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

import operator
from typing import Annotated, Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send
from typing_extensions import TypedDict

from tests.corpus.case import AnyGraph, case, line, wired
from tests.corpus.counting import ran
from tests.corpus.graphs.questions import Said, asks, works


class Inner(TypedDict, total=False):
    word: str
    turned: str


class Memory(TypedDict, total=False):
    number: int
    kept: Annotated[list[Any], operator.add]


def _turning() -> AnyGraph:
    async def turn(state: Inner) -> Inner:
        ran(f"turn {state.get('word')}")
        return {"turned": state.get("word", "")[::-1]}

    async def raise_it(state: Inner) -> Inner:
        ran(f"raise_it {state.get('word')}")
        return {"turned": state.get("turned", "").upper()}

    return line(Inner, turn, raise_it)


@case({"number": 0})
def a_subgraph_of_the_same_state() -> AnyGraph:
    child = line(Said, works("inner"), works("inner_last"))
    nodes = {"before": works("before"), "child": child, "behind": works("behind")}
    return wired(Said, nodes, [(START, "before"), ("before", "child"), ("child", "behind")])


@case({"number": 0})
def a_subgraph_of_its_own_state() -> AnyGraph:
    child = _turning()

    async def call(state: Said) -> Said:
        ran("call")
        found = await child.ainvoke({"word": f"word {state.get('number')}"})
        return {"said": [found["turned"]]}

    return line(Said, works("before"), call, works("behind"))


@case({"number": 0})
def a_subgraph_that_a_plain_function_calls() -> AnyGraph:
    async def inner(state: Inner) -> Inner:
        ran("inner")
        return {"turned": state.get("word", "")[::-1]}

    def inner_plain(state: Inner) -> Inner:
        ran("inner_plain")
        return {"turned": state.get("turned", "") + "!"}

    _ = inner
    child = line(Inner, inner_plain)

    def call(state: Said) -> Said:  # noqa: ARG001
        ran("call")
        return {"said": [child.invoke({"word": "abc", "turned": "x"})["turned"]]}

    return line(Said, call, works("behind"))


@case({"number": 0})
def subgraphs_three_deep() -> AnyGraph:
    deepest = line(Said, works("deepest"))
    middle = wired(
        Said, {"m": works("m"), "deep": deepest}, [(START, "m"), ("m", "deep"), ("deep", END)]
    )
    nodes = {"top": works("top"), "middle": middle, "behind": works("behind")}
    return wired(Said, nodes, [(START, "top"), ("top", "middle"), ("middle", "behind")])


@case({"number": 0})
def subgraphs_side_by_side() -> AnyGraph:
    nodes: dict[str, Any] = {
        name: line(Said, works(f"{name}_one"), works(f"{name}_two")) for name in ("left", "right")
    }
    nodes["then"] = works("then")
    edges = [(START, "left"), (START, "right"), ("left", "then"), ("right", "then")]
    return wired(Said, nodes, edges)


@case({"number": 0})
def a_subgraph_in_a_loop() -> AnyGraph:
    async def count(state: Said) -> Said:
        number = state.get("number", 0) + 1
        ran(f"count {number}")
        return {"number": number, "said": [number]}

    graph: Any = StateGraph(Said)
    graph.add_node("child", line(Said, count, works("inner")))
    graph.add_edge(START, "child")
    graph.add_conditional_edges("child", lambda s: "child" if s["number"] < 4 else END)
    return graph.compile()


def _remembering(checkpointer: bool | None) -> AnyGraph:
    async def remember(state: Memory) -> Memory:
        number = len(state.get("kept", []))
        ran(f"remember {state.get('number')}")
        return {"kept": [number]}

    async def ask(state: Memory) -> Memory:
        ran(f"inner {state.get('number')}")
        return {"kept": [-len(state.get("kept", []))]}

    return line(Memory, remember, ask, checkpointer=checkpointer)


def _calls_twice(child: AnyGraph) -> AnyGraph:
    async def call(state: Said) -> Said:
        number = state.get("number", 0)
        ran(f"call {number}")
        found = await child.ainvoke({"number": number})
        return {"said": [found["kept"]], "number": number + 1}

    graph: Any = StateGraph(Said)
    graph.add_node("call", call)
    graph.add_edge(START, "call")
    graph.add_conditional_edges("call", lambda s: "call" if s["number"] < 3 else END)
    return graph.compile()


# Where its caller begins again, LangGraph takes it for resumed: it ignores what it is given.
@case({"number": 0}, steady=False)
def a_subgraph_that_remembers() -> AnyGraph:
    return _calls_twice(_remembering(True))


@case({"number": 0})
def a_subgraph_that_forgets() -> AnyGraph:
    return _calls_twice(_remembering(None))


# What its nodes have finished is kept nowhere.
@case({"number": 0}, steady=False)
def a_subgraph_without_checkpoints() -> AnyGraph:
    return _calls_twice(_remembering(False))


# As above.
@case({"number": 0}, steady=False)
def a_subgraph_that_remembers_and_asks() -> AnyGraph:
    async def note(state: Memory) -> Memory:
        ran(f"note {state.get('number')}")
        return {"kept": [state.get("number")]}

    async def ask(state: Memory) -> Memory:
        from langgraph.types import interrupt  # noqa: PLC0415 - used here alone

        ran(f"ask {state.get('number')}")
        return {"kept": [interrupt(f"call {state.get('number')}?")]}

    return _calls_twice(line(Memory, note, ask, checkpointer=True))


@case({"number": 3})
def a_subgraph_that_is_sent_to() -> AnyGraph:
    graph: Any = StateGraph(Said)
    graph.add_node("turning", _turning())
    graph.add_node("then", works("then"))
    graph.add_conditional_edges(
        START, lambda s: [Send("turning", {"word": f"w{n}"}) for n in range(s["number"])]
    )
    graph.add_edge("turning", "then")
    return graph.compile()


@case({"number": 0})
def a_subgraph_that_fails() -> AnyGraph:
    async def fails(state: Said) -> Said:  # noqa: ARG001
        ran("fails")
        raise ValueError("inside")

    nodes = {"before": works("before"), "child": line(Said, works("inner"), fails)}
    return wired(Said, nodes, [(START, "before"), ("before", "child")])


@case({"number": 0})
def a_subgraph_of_plain_functions_that_asks() -> AnyGraph:
    child = line(Said, works("inner"), asks("ask", "below?"))

    async def call(state: Said) -> Said:  # noqa: ARG001
        ran("call")
        first = await child.ainvoke({"number": 1})
        return {"said": [*first["said"]]}

    nodes = {"call": call, "beside": works("beside"), "then": works("then")}
    edges = [(START, "call"), (START, "beside"), ("call", "then"), ("beside", "then")]
    return wired(Said, nodes, edges)
