"""Nodes that fail: tried again, in vain, beside others, repaired."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

import asyncio
from typing import Any

from langgraph.func import entrypoint, task
from langgraph.graph import START, StateGraph
from langgraph.types import RetryPolicy, Send, TimeoutPolicy

from tests.corpus.case import AnyGraph, case, line, wired
from tests.corpus.counting import ran
from tests.corpus.graphs.questions import Said, asks, side_by_side, works

QUICKLY = RetryPolicy(initial_interval=0.01, max_attempts=4, jitter=False)


@case({"number": 0})
def a_node_that_is_tried_again() -> AnyGraph:
    async def flaky(state: Said) -> Said:  # noqa: ARG001
        if ran("flaky") < 3:
            raise ConnectionError("not yet")
        return {"said": ["at last"]}

    graph: Any = StateGraph(Said)
    graph.add_node("flaky", flaky, retry_policy=QUICKLY)
    graph.add_node("beside", works("beside"))
    graph.add_node("then", works("then"))
    for start, end in [(START, "flaky"), (START, "beside"), ("flaky", "then"), ("beside", "then")]:
        graph.add_edge(start, end)
    return graph.compile()


@case({"number": 0})
def a_node_that_is_tried_in_vain() -> AnyGraph:
    async def fails(state: Said) -> Said:  # noqa: ARG001
        ran("fails")
        raise LookupError("never")

    graph: Any = StateGraph(Said)
    always = RetryPolicy(initial_interval=0.01, max_attempts=3, jitter=False, retry_on=LookupError)
    graph.add_node("fails", fails, retry_policy=always)
    graph.add_edge(START, "fails")
    return graph.compile()


@case({"number": 0})
def a_node_that_fails() -> AnyGraph:
    async def fails(state: Said) -> Said:  # noqa: ARG001
        ran("fails")
        raise ValueError("broken")

    return line(Said, works("before"), fails, works("never"))


@case({"number": 0})
def a_sibling_of_one_that_fails() -> AnyGraph:
    async def fails(state: Said) -> Said:  # noqa: ARG001
        ran("fails")
        await asyncio.sleep(0.05)
        raise ValueError("broken")

    return side_by_side(works("pay"), fails)


@case({"number": 0})
def a_finished_sibling_of_one_that_fails_at_first() -> AnyGraph:
    async def fails(state: Said) -> Said:  # noqa: ARG001
        if ran("fails") < 2:
            await asyncio.sleep(0.05)
            raise ConnectionError("for now")
        return {"said": ["at last"]}

    return side_by_side(works("pay"), fails)


@case({"number": 0})
def a_finished_task_of_a_node_that_fails_at_first() -> AnyGraph:
    @task
    async def charge() -> str:
        ran("charge")
        return "charged"

    async def order(state: Said) -> Said:  # noqa: ARG001
        tries = ran("order")
        paid = await charge()
        if tries < 2:
            raise ConnectionError("for now")
        return {"said": [paid]}

    return line(Said, order, works("behind"))


@case({"number": 0})
def an_error_that_a_node_handles() -> AnyGraph:
    async def fails(state: Said) -> Said:  # noqa: ARG001
        ran("fails")
        raise ValueError("broken")

    async def repair(state: Said) -> Said:  # noqa: ARG001
        ran("repair")
        return {"said": ["repaired"]}

    graph: Any = StateGraph(Said)
    graph.add_node("fails", fails, error_handler=repair)
    graph.add_node("then", works("then"))
    graph.add_edge(START, "fails")
    graph.add_edge("fails", "then")
    return graph.compile()


@case({"number": 0})
def a_node_that_takes_too_long() -> AnyGraph:
    async def slow(state: Said) -> Said:  # noqa: ARG001
        if ran("slow") < 2:
            await asyncio.sleep(5)
        return {"said": ["quicker"]}

    graph: Any = StateGraph(Said)
    limit = TimeoutPolicy(run_timeout=0.1)
    graph.add_node("slow", slow, timeout=limit, retry_policy=QUICKLY)
    graph.add_edge(START, "slow")
    return graph.compile()


@case({"number": 0})
def an_update_of_no_known_key() -> AnyGraph:
    async def wrong(state: Said) -> Any:  # noqa: ARG001
        ran("wrong")
        return {"nobody": 1}

    return line(Said, wrong)


@case({"number": 0})
def an_update_that_is_none() -> AnyGraph:
    async def wrong(state: Said) -> Any:  # noqa: ARG001
        ran("wrong")
        return "a text"

    return line(Said, wrong)


@case({"number": 0})
def a_question_beside_one_that_fails_at_first() -> AnyGraph:
    return side_by_side(asks("ask", "sure?"), _failing_at_first("fails", 0.05), works("pay"))


@case({"number": 0})
def a_subgraph_that_fails_at_first() -> AnyGraph:
    child = side_by_side(works("pay"), _failing_at_first("fails", 0.05))
    nodes = {"before": works("before"), "child": child, "behind": works("behind")}
    return wired(Said, nodes, [(START, "before"), ("before", "child"), ("child", "behind")])


@case({"number": 4})
def one_of_many_sent_fails_at_first() -> AnyGraph:
    async def item(state: Said) -> Said:
        number = state.get("number", 0)
        if ran(f"item {number}") < 2 and number == 2:
            await asyncio.sleep(0.05)
            raise ConnectionError("for now")
        return {"said": [number]}

    graph: Any = StateGraph(Said)
    graph.add_node("item", item)
    graph.add_conditional_edges(
        START, lambda s: [Send("item", {"number": n}) for n in range(s["number"])], ["item"]
    )
    return graph.compile()


@case(3)
def a_flow_that_fails_at_first() -> AnyGraph:
    @task
    async def square(number: int) -> int:
        ran(f"square {number}")
        return number * number

    @entrypoint()
    async def flow(given: int) -> list[int]:
        squares = [await square(number) for number in range(given)]
        if ran("end of flow") < 2:
            raise TimeoutError("for now")
        return squares

    return flow


# How often it is tried is a matter of how many workers are lost.
@case({"number": 0}, steady=False)
def a_failure_that_may_pass_and_does_not() -> AnyGraph:
    async def fails(state: Said) -> Said:  # noqa: ARG001
        ran("fails")
        raise ConnectionError("always")

    return line(Said, works("before"), fails)


def _failing_at_first(name: str, after_s: float = 0) -> Any:
    async def run(state: Said) -> Said:  # noqa: ARG001
        if ran(name) < 2:
            await asyncio.sleep(after_s)
            raise ConnectionError("for now")
        return {"said": [name]}

    run.__name__ = name
    return run
