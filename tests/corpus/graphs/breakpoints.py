"""Stops that are no questions: compiled in, or asked for by the job."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

from typing import Any

from langgraph.graph import END, START, StateGraph

from tests.corpus.case import AnyGraph, case, line, wired
from tests.corpus.counting import ran
from tests.corpus.graphs.questions import Said, asks, side_by_side, works


def three(**compiled: Any) -> AnyGraph:
    return line(Said, works("draft"), works("send"), works("file"), **compiled)


@case({"number": 0})
def a_stop_before_a_node() -> AnyGraph:
    return three(interrupt_before=["send"])


@case({"number": 0})
def a_stop_after_a_node() -> AnyGraph:
    return three(interrupt_after=["draft"])


@case({"number": 0})
def a_stop_after_the_last_node() -> AnyGraph:
    return three(interrupt_after=["file"])


@case({"number": 0})
def a_stop_before_and_after() -> AnyGraph:
    return three(interrupt_before=["send"], interrupt_after=["send"])


@case({"number": 0})
def a_stop_before_every_node() -> AnyGraph:
    return three(interrupt_before="*")


@case({"number": 0})
def a_stop_after_every_node() -> AnyGraph:
    return three(interrupt_after="*")


@case({"number": 0}, asked={"interrupt_before": ["send", "file"]})
def stops_before_that_the_job_asks_for() -> AnyGraph:
    return three()


@case({"number": 0}, asked={"interrupt_after": ["draft"]})
def a_stop_after_that_the_job_asks_for() -> AnyGraph:
    return three()


@case({"number": 0}, asked={"interrupt_before": "*"})
def stops_everywhere_that_the_job_asks_for() -> AnyGraph:
    return three()


@case({"number": 0}, asked={"interrupt_before": ["file"]})
def a_stop_of_the_job_in_place_of_the_graphs() -> AnyGraph:
    return three(interrupt_before=["send"])


def _child(**compiled: Any) -> AnyGraph:
    return line(Said, works("inner"), works("inner_last"), **compiled)


@case({"number": 0})
def a_stop_in_a_subgraph() -> AnyGraph:
    child = _child(interrupt_before=["inner_last"])
    nodes = {"before": works("before"), "child": child, "behind": works("behind")}
    return wired(Said, nodes, [(START, "before"), ("before", "child"), ("child", "behind")])


@case({"number": 0})
def a_stop_after_a_node_of_a_subgraph() -> AnyGraph:
    nodes = {"child": _child(interrupt_after=["inner"]), "behind": works("behind")}
    return wired(Said, nodes, [(START, "child"), ("child", "behind")])


@case({"number": 0})
def a_stop_in_a_subgraph_beside_a_node() -> AnyGraph:
    child = _child(interrupt_before=["inner_last"])
    nodes = {"child": child, "pay": works("pay"), "then": works("then")}
    edges = [(START, "child"), (START, "pay"), ("child", "then"), ("pay", "then")]
    return wired(Said, nodes, edges)


@case({"number": 0})
def a_stop_before_parallel_nodes() -> AnyGraph:
    nodes = {name: works(name) for name in ("a", "left", "right", "then")}
    edges = [(START, "a"), ("a", "left"), ("a", "right"), ("left", "then"), ("right", "then")]
    return wired(Said, nodes, edges, interrupt_before=["left"])


@case({"number": 0})
def a_stop_in_a_loop() -> AnyGraph:
    async def count(state: Said) -> Said:
        number = state.get("number", 0) + 1
        ran(f"count {number}")
        return {"number": number}

    graph: Any = StateGraph(Said)
    graph.add_node("count", count)
    graph.add_edge(START, "count")
    graph.add_conditional_edges("count", lambda s: "count" if s["number"] < 4 else END)
    return graph.compile(interrupt_after=["count"])


@case({"number": 0})
def a_stop_and_a_question() -> AnyGraph:
    return line(
        Said, works("draft"), asks("ask", "sure?"), works("send"), interrupt_before=["ask", "send"]
    )


@case({"number": 0}, asked={"interrupt_before": ["then"]})
def a_question_and_then_a_stop() -> AnyGraph:
    return side_by_side(works("pay"), asks("ask", "sure?", after_s=0.02))
