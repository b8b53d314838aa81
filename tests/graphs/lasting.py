"""Nodes that take their time: for ever, in a thread, and by never ceasing to speak."""

import asyncio
import threading
from typing import Any, TypedDict

from langgraph.config import get_stream_writer
from langgraph.graph import START, StateGraph

BLOCKS_S = 0.5


class Text(TypedDict):
    text: str


async def wait_for_ever(_: Text) -> Text:
    get_stream_writer()("waiting")
    await asyncio.Event().wait()
    return {"text": "never"}


def block(_: Text) -> Text:
    get_stream_writer()("blocking")
    threading.Event().wait(BLOCKS_S)
    return {"text": "waited"}


async def flood(_: Text) -> Text:
    write = get_stream_writer()
    while True:
        write("x" * 100)
        await asyncio.sleep(0)


def _of_one_node(node: Any) -> Any:
    builder = StateGraph(Text)
    builder.add_node("node", node)
    builder.add_edge(START, "node")
    return builder.compile()


endless = _of_one_node(wait_for_ever)
blocking = _of_one_node(block)
flooding = _of_one_node(flood)
