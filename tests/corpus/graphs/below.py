"""`interrupt()` below: in subgraphs, behind tasks."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

from typing import Any

from langgraph.func import task
from langgraph.graph import END, START, StateGraph
from langgraph.types import RetryPolicy, Send, interrupt

from tests.corpus.case import AnyGraph, case, line, wired
from tests.corpus.counting import ran
from tests.corpus.graphs.questions import Said, asks, side_by_side, works


def _asking_child(*nodes: Any) -> AnyGraph:
    return line(Said, *(nodes or (works("inner"), asks("inner_ask", "inside?"))))


@case({"number": 0})
def a_question_in_a_subgraph() -> AnyGraph:
    nodes = {"before": works("before"), "child": _asking_child(), "behind": works("behind")}
    return wired(Said, nodes, [(START, "before"), ("before", "child"), ("child", "behind")])


@case({"number": 0})
def a_question_two_levels_down() -> AnyGraph:
    middle = wired(
        Said,
        {"early": works("early"), "deep": _asking_child(), "late": works("late")},
        [(START, "early"), ("early", "deep"), ("deep", "late")],
    )
    nodes = {"before": works("before"), "middle": middle, "behind": works("behind")}
    return wired(Said, nodes, [(START, "before"), ("before", "middle"), ("middle", "behind")])


@case({"number": 0})
def a_subgraph_that_asks_beside_a_node() -> AnyGraph:
    nodes = {"child": _asking_child(), "pay": works("pay"), "then": works("then")}
    edges = [(START, "child"), (START, "pay"), ("child", "then"), ("pay", "then")]
    return wired(Said, nodes, edges)


@case({"number": 0})
def subgraphs_that_ask_side_by_side() -> AnyGraph:
    left = _asking_child(works("left_work"), asks("left_ask", "left?"))
    right = _asking_child(asks("right_ask", "right?", "again?"), works("right_work"))
    nodes = {"left": left, "right": right, "then": works("then")}
    edges = [(START, "left"), (START, "right"), ("left", "then"), ("right", "then")]
    return wired(Said, nodes, edges)


@case({"number": 0})
def a_subgraph_with_a_question_beside_its_finished_node() -> AnyGraph:
    child = side_by_side(works("pay"), asks("ask", "inside?", after_s=0.05))
    nodes = {"child": child, "behind": works("behind")}
    return wired(Said, nodes, [(START, "child"), ("child", "behind")])


@case({"number": 0})
def a_question_in_a_subgraph_that_a_node_calls() -> AnyGraph:
    child = _asking_child()

    async def call(state: Said) -> Said:
        ran("call")
        answered = await child.ainvoke({"number": state.get("number", 0)})
        return {"said": [answered["said"][-1]]}

    return line(Said, works("before"), call, works("behind"))


@case({"number": 0})
def a_finished_task_before_a_question() -> AnyGraph:
    @task
    async def charge(amount: int) -> str:
        ran("charge")
        return f"charged {amount}"

    async def order(state: Said) -> Said:  # noqa: ARG001
        ran("order")
        paid = await charge(5)
        return {"said": [paid, interrupt("ship?")]}

    return line(Said, order, works("behind"))


@case({"number": 0})
def finished_tasks_between_questions() -> AnyGraph:
    @task
    async def note(text: str) -> str:
        ran(f"note {text}")
        return text

    async def talk(state: Said) -> Said:  # noqa: ARG001
        ran("talk")
        said = [await note("one"), interrupt("a?"), await note("two"), interrupt("b?")]
        return {"said": [*said, await note("three")]}

    return line(Said, talk)


@case({"number": 3})
def subgraphs_sent_to_that_ask() -> AnyGraph:
    async def ask(state: Said) -> Said:
        ran(f"ask {state.get('number')}")
        return {"said": [interrupt(f"{state.get('number')}?")]}

    graph: Any = StateGraph(Said)
    graph.add_node("child", line(Said, works("inner"), ask))
    graph.add_node("then", works("then"))
    graph.add_conditional_edges(
        START, lambda s: [Send("child", {"number": n, "said": []}) for n in range(s["number"])]
    )
    graph.add_edge("child", "then")
    return graph.compile()


@case({"number": 0})
def a_question_of_a_node_put_off() -> AnyGraph:
    graph: Any = StateGraph(Said)
    for name in ("a", "b", "b2"):
        graph.add_node(name, works(name))
    graph.add_node("last", asks("last", "finish?"), defer=True)
    for start, end in [(START, "a"), (START, "b"), ("b", "b2"), ("b2", "last"), ("a", "last")]:
        graph.add_edge(start, end)
    return graph.compile()


@case({"number": 0})
def a_question_of_a_node_that_is_tried_again() -> AnyGraph:
    async def flaky(state: Said) -> Said:  # noqa: ARG001
        if ran("flaky") in {1, 3}:
            raise ConnectionError("for now")
        return {"said": [interrupt("sure?")]}

    graph: Any = StateGraph(Said)
    again = RetryPolicy(initial_interval=0.01, max_attempts=4, jitter=False)
    graph.add_node("flaky", flaky, retry_policy=again)
    graph.add_edge(START, "flaky")
    return graph.compile()


@case({"number": 0})
def a_stop_two_levels_down() -> AnyGraph:
    deep = line(Said, works("deep_one"), works("deep_two"), interrupt_before=["deep_two"])
    middle = wired(
        Said,
        {"early": works("early"), "deep": deep, "late": asks("late", "late?")},
        [(START, "early"), ("early", "deep"), ("deep", "late")],
    )
    nodes = {"middle": middle, "beside": works("beside"), "then": works("then")}
    edges = [(START, "middle"), (START, "beside"), ("middle", "then"), ("beside", "then")]
    return wired(Said, nodes, edges)


@case({"number": 0})
def the_same_subgraph_twice_in_a_row() -> AnyGraph:
    def child(name: str) -> AnyGraph:
        return line(Said, works(f"{name}_work"), asks(f"{name}_ask", f"{name}?"))

    nodes = {"one": child("one"), "two": child("two")}
    return wired(Said, nodes, [(START, "one"), ("one", "two"), ("two", END)])
