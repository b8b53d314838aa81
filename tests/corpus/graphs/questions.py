"""`interrupt()`: one, several, beside what has finished, in loops."""

# Written as LangGraph's users write graphs, whose types it leaves half unknown.
# pyright: basic

import asyncio
import operator
from typing import Annotated, Any

from langgraph.graph import END, START, StateGraph
from langgraph.types import Send, interrupt
from pydantic import BaseModel
from typing_extensions import TypedDict

from tests.corpus.case import AnyGraph, case, line, wired
from tests.corpus.counting import ran


def latest(_: Any, new: Any) -> Any:
    """Whoever writes last: subgraphs side by side give back all that they were given."""
    return new


class Said(TypedDict, total=False):
    number: Annotated[int, latest]
    said: Annotated[list[Any], operator.add]


def asks(name: str, *questions: Any, after_s: float = 0) -> Any:
    """A node that asks these one after another."""

    async def run(state: Said) -> Said:  # noqa: ARG001
        ran(name)
        await asyncio.sleep(after_s)
        return {"said": [f"{name} heard {interrupt(question)}" for question in questions]}

    run.__name__ = name
    return run


def works(name: str, after_s: float = 0) -> Any:
    """A node that only works."""

    async def run(state: Said) -> Said:  # noqa: ARG001
        ran(name)
        await asyncio.sleep(after_s)
        return {"said": [name]}

    run.__name__ = name
    return run


def side_by_side(*nodes: Any, then: Any = None) -> AnyGraph:
    """Nodes of one step, and one after them."""
    named = {node.__name__: node for node in nodes}
    last = then or works("then")
    edges = [(START, name) for name in named] + [(name, "then") for name in named]
    return wired(Said, {**named, "then": last}, edges)


@case({"number": 1})
def one_question() -> AnyGraph:
    return line(Said, works("before"), asks("ask", "sure?"), works("behind"))


@case({"number": 1})
def two_questions_of_one_node() -> AnyGraph:
    return line(Said, asks("ask", "first?", "second?"), works("behind"))


@case({"number": 1})
def questions_of_two_nodes_in_turn() -> AnyGraph:
    return line(Said, asks("one", "first?"), works("between"), asks("two", "second?"))


@case({"number": 1})
def questions_of_parallel_nodes() -> AnyGraph:
    return side_by_side(asks("left", "left?"), asks("right", "right?"))


@case({"number": 1})
def a_question_beside_a_finished_sibling() -> AnyGraph:
    return side_by_side(works("pay"), asks("ask", "sure?", after_s=0.1))


@case({"number": 1})
def a_question_before_its_sibling_has_finished() -> AnyGraph:
    return side_by_side(works("slow", 0.1), asks("ask", "sure?"))


@case({"number": 1})
def two_questions_beside_finished_siblings() -> AnyGraph:
    return side_by_side(works("pay"), asks("ask", "a?", "b?", after_s=0.05), works("ship", 0.02))


@case({"number": 1})
def questions_of_unequal_length() -> AnyGraph:
    return side_by_side(asks("short", "s?"), asks("long", "l1?", "l2?", "l3?"), works("pay"))


@case({"number": 3})
def a_question_of_each_sent() -> AnyGraph:
    async def item(state: Said) -> Said:
        ran(f"item {state.get('number')}")
        return {"said": [interrupt(f"{state.get('number')}?")]}

    graph: Any = StateGraph(Said)
    graph.add_node("item", item)
    graph.add_node("then", works("then"))
    graph.add_conditional_edges(
        START, lambda s: [Send("item", {"number": n}) for n in range(s["number"])], ["item"]
    )
    graph.add_edge("item", "then")
    return graph.compile()


@case({"number": 4})
def a_question_of_one_of_many_sent() -> AnyGraph:
    async def item(state: Said) -> Said:
        number = state.get("number", 0)
        ran(f"item {number}")
        if number == 2:
            await asyncio.sleep(0.05)
            return {"said": [interrupt("two?")]}
        return {"said": [number]}

    graph: Any = StateGraph(Said)
    graph.add_node("item", item)
    graph.add_node("then", works("then"))
    graph.add_conditional_edges(
        START, lambda s: [Send("item", {"number": n}) for n in range(s["number"])], ["item"]
    )
    graph.add_edge("item", "then")
    return graph.compile()


@case({"number": 0})
def a_question_in_a_loop() -> AnyGraph:
    async def ask(state: Said) -> Said:
        number = state.get("number", 0) + 1
        ran(f"ask {number}")
        return {"number": number, "said": [interrupt(f"round {number}?")]}

    graph: Any = StateGraph(Said)
    graph.add_node("ask", ask)
    graph.add_node("work", works("work"))
    graph.add_edge(START, "work")
    graph.add_edge("work", "ask")
    graph.add_conditional_edges("ask", lambda s: "work" if s["number"] < 4 else END)
    return graph.compile()


@case({"number": 0}, answer=lambda question: 7 if question["tries"] > 1 else "not a number")
def a_question_until_it_is_answered_well() -> AnyGraph:
    async def ask(state: Said) -> Said:  # noqa: ARG001
        ran("ask")
        tries = 0
        while not isinstance(answer := interrupt({"ask": "a number", "tries": tries}), int):
            tries += 1
        return {"number": answer, "said": [tries]}

    return line(Said, ask, works("behind"))


class Choice(BaseModel):
    """What a person may choose."""

    accept: bool
    note: str = ""


@case({"number": 0}, answer=lambda _: {"accept": True, "note": "well done"})
def a_question_with_a_form() -> AnyGraph:
    async def review(state: Said) -> Said:  # noqa: ARG001
        ran("review")
        chosen = interrupt({"draft": "text"}, response_schema=Choice)
        return {"said": [chosen.accept, chosen.note]}

    return line(Said, review)


@case({"number": 3}, answer=lambda q: {"type": "edit", "args": {**q["args"], "checked": True}})
def a_call_that_is_reviewed() -> AnyGraph:
    async def review(state: Said) -> Said:
        ran("review")
        edited = interrupt({"action": "book", "args": {"number": state.get("number")}})
        return {"said": [edited]}

    return line(Said, review, works("book"))


@case({"number": 0})
def a_plain_function_that_asks() -> AnyGraph:
    def ask(state: Said) -> Said:  # noqa: ARG001
        ran("ask")
        return {"said": [interrupt("in a thread?")]}

    return line(Said, works("before"), ask)


@case({"number": 0}, answer=lambda _: None)
def an_answer_that_is_nothing() -> AnyGraph:
    return line(Said, asks("ask", "nothing?"), works("behind"))


@case({"number": 0})
def a_question_beside_one_that_fails() -> AnyGraph:
    async def fails(state: Said) -> Said:  # noqa: ARG001
        ran("fails")
        await asyncio.sleep(0.05)
        raise ValueError("broken")

    return side_by_side(asks("ask", "sure?"), fails)
