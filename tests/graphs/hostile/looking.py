"""Nodes that bring large media and long states, as tools that look at a screen do."""

import base64
import hashlib
from typing import Annotated, Any, TypedDict

from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, ToolMessage
from langgraph.config import get_stream_writer
from langgraph.func import entrypoint
from langgraph.graph import START, StateGraph, add_messages

PNG = b"\x89PNG\r\n\x1a\n" + b"".join(hashlib.sha256(b"%d" % i).digest() for i in range(65536))
"""Two megabytes that nothing compresses."""


class Talk(TypedDict):
    messages: Annotated[list[AnyMessage], add_messages]


def screenshot(_: Talk) -> dict[str, Any]:
    get_stream_writer()({"raw": PNG})
    image = {
        "type": "image",
        "source": {
            "type": "base64",
            "media_type": "image/png",
            "data": base64.b64encode(PNG).decode(),
        },
    }
    text = {"type": "text", "text": "the screen"}
    return {"messages": [ToolMessage([text, image], tool_call_id="1", id="t")]}


def describe(talk: Talk) -> dict[str, Any]:
    content: Any = talk["messages"][-1].content
    seen = base64.b64decode(content[1]["source"]["data"]) == PNG
    return {"messages": [AIMessage("I see it" if seen else "I see nothing", id="a")]}


def talk_at_length(_: Talk) -> dict[str, Any]:
    return {"messages": [HumanMessage(f"{i} " + "word " * 1000, id=str(i)) for i in range(300)]}


@entrypoint()
def lists(parts: int) -> dict[str, str]:
    return {str(i): "x" * 100 for i in range(parts)}


def _in_a_row(*nodes: Any) -> Any:
    builder: Any = StateGraph(Talk)
    builder.add_sequence(nodes)
    builder.add_edge(START, nodes[0].__name__)
    return builder.compile()


looks = _in_a_row(screenshot, describe)
swells_in_parts = _in_a_row(talk_at_length)
