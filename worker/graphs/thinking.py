"""Thinks a request over aloud: a few thoughts, one after the other, then a conclusion.

Needs no model: every thought is something that can be read off the request itself. An event's
`kind` says what it is, so that a page can draw thinking, thoughts and conclusion differently.
"""

import asyncio

from langgraph.graph import END, START, StateGraph
from langgraph.types import StreamWriter
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

WORDS_READ_PER_S = 4
COMMON_WORDS = """
    a about an and are at be by can did do does for from has have how i in is it me of on or our
    should that the their this to was we were what when where which who why will with you
"""


class ThinkingInput(BaseModel):
    """What to think about, how long, and how fast."""

    model_config = ConfigDict(extra="forbid")

    request: str = Field(
        default="Why do boats float?",
        min_length=1,
        max_length=2_000,
        pattern=r"\S",
        description="What to think about: a question or a task.",
    )
    thoughts: int = Field(default=4, ge=3, le=5, description="How many thoughts to have.")
    pace_s: float = Field(
        default=1.0, ge=0, le=5, description="The pause before each thought, in seconds."
    )


class ThinkingOutput(TypedDict):
    """What came of it."""

    thoughts: int
    conclusion: str


async def think(state: ThinkingInput, *, writer: StreamWriter) -> ThinkingOutput:
    """Say each thought after a pause, and the conclusion after one more."""
    writer({"kind": "thinking", "message": "Analyzing request..."})
    for number, thought in enumerate(_thoughts(state.request)[: state.thoughts], start=1):
        await asyncio.sleep(state.pace_s)
        writer({"kind": "thought", "number": number, "of": state.thoughts, "message": thought})
    await asyncio.sleep(state.pace_s)
    conclusion = _conclusion(state.request)
    writer({"kind": "conclusion", "message": conclusion})
    return {"thoughts": state.thoughts, "conclusion": conclusion}


def _thoughts(request: str) -> tuple[str, ...]:
    words = request.split()
    return (
        f"The request has {len(words)} words and {len(request)} characters.",
        f"It reads like a {_nature(request)}.",
        f"It turns on: {_subject(request)}.",
        f"Its longest word is {max(words, key=len)!r}.",
        f"Reading it aloud takes about {1 + len(words) // WORDS_READ_PER_S} s.",
    )


def _conclusion(request: str) -> str:
    return f"This is a {_nature(request)} about {_subject(request)}."


def _nature(request: str) -> str:
    return "question" if request.rstrip().endswith("?") else "task"


def _subject(request: str) -> str:
    """Its first few words that carry a meaning, or all of it if none seems to."""
    words = [word.strip(".,:;!?\"'()") for word in request.split()]
    common = COMMON_WORDS.split()
    telling = [word for word in words if word and word.lower() not in common]
    return ", ".join(telling[:3]) or request.strip()


builder = StateGraph(ThinkingInput, input_schema=ThinkingInput, output_schema=ThinkingOutput)
builder.add_node("think", think)
builder.add_edge(START, "think")
builder.add_edge("think", END)
graph = builder.compile(name="thinking")
