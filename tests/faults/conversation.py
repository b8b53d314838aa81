"""A graph that answers each message of a conversation, and what it says if they come one by one."""

import asyncio
import operator
from collections.abc import Sequence
from typing import Annotated, Final, TypedDict

from langgraph.graph import END, START, StateGraph

MESSAGES: Final = 10
STEP_S: Final = 0.1


class Talk(TypedDict):
    """All that was said."""

    said: Annotated[list[str], operator.add]


def heard(said: Sequence[str]) -> str:
    """What the first node says of the last message."""
    return f"heard {said[-1]}, the {len(said)}th"


def answer(said: Sequence[str]) -> str:
    """What the second node says after it."""
    return f"answer to {said[-2]} of {len(said)}"


def serially(messages: Sequence[str]) -> list[list[str]]:
    """All that was said after each of the messages, where they come one by one."""
    said: list[str] = []
    states: list[list[str]] = []
    for message in messages:
        said.append(message)
        said.append(heard(said))
        said.append(answer(said))
        states.append([*said])
    return states


async def hear(state: Talk) -> Talk:
    """Note the message."""
    await asyncio.sleep(STEP_S)
    return {"said": [heard(state["said"])]}


async def reply(state: Talk) -> Talk:
    """Answer it."""
    await asyncio.sleep(STEP_S)
    return {"said": [answer(state["said"])]}


builder = StateGraph(Talk)
builder.add_node("hear", hear)
builder.add_node("reply", reply)
builder.add_edge(START, "hear")
builder.add_edge("hear", "reply")
builder.add_edge("reply", END)
graph = builder.compile(name="conversation")
