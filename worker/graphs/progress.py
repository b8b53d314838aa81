"""Carries out a task of N steps and reports each one with a message and a percentage.

The work itself is a pause; everything about how progress is reported is as it would be for real.
"""

import asyncio

from langgraph.graph import END, START, StateGraph
from langgraph.types import StreamWriter
from pydantic import BaseModel, ConfigDict, Field
from typing_extensions import TypedDict

PHASES = (
    "Analyzing task...",
    "Processing requirements...",
    "Generating output...",
    "Validating results...",
    "Finalizing...",
)


class ProgressInput(BaseModel):
    """The task, in how many steps, and how fast."""

    model_config = ConfigDict(extra="forbid")

    task_title: str = Field(
        default="Task",
        max_length=200,
        description="What the task is called; it comes back with every step.",
    )
    total_steps: int = Field(default=5, ge=1, le=1_000, description="How many steps it takes.")
    interval_s: float = Field(
        default=0.8, ge=0, le=60, description="How long a step takes, in seconds."
    )


class ProgressOutput(TypedDict):
    """The task, done."""

    task_title: str
    total_steps: int
    status: str


async def execute(state: ProgressInput, *, writer: StreamWriter) -> ProgressOutput:
    """Go through the steps; each is announced as it begins."""
    for step in range(1, state.total_steps + 1):
        writer(_report(state, step))
        await asyncio.sleep(state.interval_s)
    return {
        "task_title": state.task_title,
        "total_steps": state.total_steps,
        "status": "completed",
    }


def _report(task: ProgressInput, step: int) -> dict[str, int | str]:
    phase = (step - 1) * len(PHASES) // task.total_steps
    return {
        "task_title": task.task_title,
        "step": step,
        "total_steps": task.total_steps,
        "message": PHASES[phase],
        "percentage": step * 100 // task.total_steps,
    }


builder = StateGraph(ProgressInput, input_schema=ProgressInput, output_schema=ProgressOutput)
builder.add_node("execute", execute)
builder.add_edge(START, "execute")
builder.add_edge("execute", END)
graph = builder.compile(name="progress")
