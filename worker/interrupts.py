"""Which answers a graph has already taken, so that a crash gives none of them twice.

LangGraph stores an answer with its task as soon as `interrupt()` returns it. An attempt that goes
on after that finds it there; handed over once more, it would answer the task's next question.
"""

from collections.abc import AsyncGenerator, Mapping
from typing import Any, Final, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.types import StateSnapshot

from tailrace.shared.jobs import Interrupt, Pause
from tailrace.worker.registry import Graph

_RESUME: Final = "__resume__"
"""The channel in which LangGraph keeps a task's answers: a list, one for each it has taken."""


async def asked(graph: Graph, config: RunnableConfig) -> Pause:
    """Every question that the graph waits to have answered.

    Read from its state: what it streams of several questions at once is one after the other.
    """
    state = await graph.aget_state(config, subgraphs=True)
    taken = {id_: count async for id_, count in _taken(graph, state)}
    interrupts = tuple(Interrupt(i.id, i.value) for i in state.interrupts)
    return Pause(interrupts, tuple(state.next), taken)


async def open_answers(
    graph: Graph, config: RunnableConfig, answer: Mapping[str, Any], before: Mapping[str, int]
) -> dict[str, Any]:
    """The part of an answer that is still to be handed over.

    Args:
        graph: with its checkpointer.
        config: names the thread.
        answer: a value by interrupt id.
        before: how many answers each task had taken when the questions were asked.
    """
    now = (await asked(graph, config)).answers_taken
    return {id_: value for id_, value in answer.items() if now.get(id_) == before.get(id_, 0)}


async def _taken(graph: Graph, state: StateSnapshot) -> AsyncGenerator[tuple[str, int]]:
    saver = cast("BaseCheckpointSaver[str]", graph.checkpointer)
    stored = await saver.aget_tuple(state.config)
    writes = (stored.pending_writes or []) if stored else []
    counts = {task: len(value) for task, channel, value in writes if channel == _RESUME}
    for task in state.tasks:
        for interrupt in task.interrupts:
            yield interrupt.id, counts.get(task.id, 0)
        # A question from within a subgraph belongs to the task that asked there.
        if isinstance(task.state, StateSnapshot):
            async for found in _taken(graph, task.state):
                yield found
