"""Nodes that give, keep and ask with whatever value is wanted of them."""

import json
from typing import Annotated, Any, TypedDict

from langgraph.config import get_stream_writer
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

from tests.support.values import KEPT


class Wanted(TypedDict, total=False):
    kind: str
    """Which of the values."""
    value: Any
    custom: Any


def _newest(_: Any, new: Any) -> Any:
    return new


class Given(Wanted, total=False):
    answer: Annotated[Any, _newest]


def _value(wanted: Wanted) -> Any:
    return KEPT[wanted.get("kind", "")][0]


def give(wanted: Wanted) -> Given:
    value = _value(wanted)
    get_stream_writer()(value)
    return {"value": value}


def ask(wanted: Wanted) -> Given:
    return {"answer": interrupt(_value(wanted))}


def generate(_: Wanted) -> Given:
    get_stream_writer()({"steps": [iter(())]})
    get_stream_writer()(json.loads('"\\ud83d"'))
    return {"value": "told"}


def _in_a_row(*nodes: Any) -> Any:
    builder: Any = StateGraph(Given, input_schema=Wanted)
    builder.add_sequence(nodes)
    builder.add_edge(START, nodes[0].__name__)
    return builder.compile()


gives = _in_a_row(give)
gives_and_asks = _in_a_row(give, ask)
generates = _in_a_row(generate)
