"""Nodes that fail: tried again, in vain, beside others, repaired."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

import asyncio
from typing import Any

from langgraph.graph import START, StateGraph
from langgraph.types import RetryPolicy, TimeoutPolicy

from tests.corpus.case import AnyGraph, case, line
from tests.corpus.counting import ran
from tests.corpus.graphs.questions import Said, side_by_side, works

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
    from langgraph.func import task  # noqa: PLC0415 - used here alone

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
