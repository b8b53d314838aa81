"""`interrupt()` below: in subgraphs, behind tasks."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

from typing import Any

from langgraph.func import task
from langgraph.graph import START
from langgraph.types import interrupt

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
