"""A tale in two messages, with reports in between for as long as nobody opens a gate."""

import asyncio
import operator
from itertools import count
from pathlib import Path
from typing import Annotated, Any

from langchain_core.language_models import FakeListChatModel
from langgraph.config import get_stream_writer
from langgraph.graph import END, START, MessagesState, StateGraph

BEGINNING = "Once upon a time there was a mill at a river that ran dry."
ENDING = "And since that day the miller has dug his race a little deeper."
PACE_S = 0.03


class Tale(MessagesState):
    """What is told, and the path of a file that has to appear before it is told to the end."""

    gate: str
    steps: Annotated[list[str], operator.add]


async def begin(state: Tale) -> dict[str, Any]:
    model = FakeListChatModel(responses=[BEGINNING], sleep=PACE_S)
    return {"messages": [await model.ainvoke(state["messages"])], "steps": ["begin"]}


async def wait(state: Tale) -> dict[str, Any]:
    write = get_stream_writer()
    for i in count():
        write({"i": i})
        if await asyncio.to_thread(Path(state["gate"]).exists):
            return {"steps": ["wait"]}
        await asyncio.sleep(PACE_S)
    raise AssertionError


async def finish(state: Tale) -> dict[str, Any]:
    model = FakeListChatModel(responses=[ENDING], sleep=PACE_S)
    return {"messages": [await model.ainvoke(state["messages"])], "steps": ["finish"]}


_tale = StateGraph(Tale)
for node in (begin, wait, finish):
    _tale.add_node(node)
_tale.add_edge(START, "begin")
_tale.add_edge("begin", "wait")
_tale.add_edge("wait", "finish")
_tale.add_edge("finish", END)
graph = _tale.compile()
