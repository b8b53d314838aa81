"""Nodes that do not end as their authors hoped."""

import asyncio
from typing import Any, TypedDict

from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

SECRET = "sk-secret /srv/x redis://u:p@h"


class Text(TypedDict):
    text: str


def fail(_: Text) -> Text:
    raise Exception(SECRET)  # noqa: TRY002 - other people's code


async def cancel(_: Text) -> Text:
    raise asyncio.CancelledError(SECRET)


async def time_out(_: Text) -> Text:
    raise TimeoutError(SECRET)


def ask(_: Text) -> Text:
    return {"text": interrupt("Shall the gate be opened?")}


def _of_one_node(node: Any) -> Any:
    builder = StateGraph(Text)
    builder.add_node("node", node)
    builder.add_edge(START, "node")
    return builder.compile()


secretive = _of_one_node(fail)
secretive_child = _of_one_node(secretive)
cancels_itself = _of_one_node(cancel)
times_out_itself = _of_one_node(time_out)
asks = _of_one_node(ask)
