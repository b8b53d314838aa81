"""Where a run stopped, by LangGraph's own snapshot, and how it may resume from there.

LangGraph stores a resume value with its task as soon as `interrupt()` returns it. An attempt that
resumes after that finds it there; if it were handed over again, the task's next question would get
it. An attempt that resumes also passes the breakpoint where it stopped, so it may do so only after
a caller has let it.
"""

from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import BaseCheckpointSaver, CheckpointTuple
from langgraph.types import All, StateSnapshot

from tailrace.shared.jobs import Interrupt, Pause
from tailrace.worker.catalogue.factories import Graph
from tailrace.worker.checkpoints.codec import ran_before

_RESUME: Final = "__resume__"
"""The channel where LangGraph keeps a task's resume values: a list of all it has taken."""
_INTERRUPT: Final = "__interrupt__"
"""A checkpoint keeps under this name which channels the last stop has seen."""
_HIDDEN: Final = frozenset({"__start__"})

Nodes = All | Sequence[str]


@dataclass(frozen=True, slots=True)
class Breakpoints:
    """Where a graph stops without asking anything."""

    before: Nodes
    after: Nodes

    @classmethod
    def of(
        cls, graph: Graph, before: Nodes | None = None, after: Nodes | None = None
    ) -> "Breakpoints":
        """The graph's own, unless the run has others."""
        return cls(
            graph.interrupt_before_nodes if before is None else before,
            graph.interrupt_after_nodes if after is None else after,
        )

    def stop_at(self, level: "Level") -> bool:
        """Whether the graph stops where it stands (`should_interrupt` in langgraph.pregel)."""
        checkpoint = level.stored.checkpoint
        passed = checkpoint["versions_seen"].get(_INTERRUPT, {})
        moved = any(
            str(version) > str(passed.get(channel, ""))
            for channel, version in checkpoint["channel_versions"].items()
        )
        return moved and (
            _meet(self.before, level.snapshot.next) or _meet(self.after, ran_before(checkpoint))
        )


@dataclass(frozen=True, slots=True)
class Level:
    """The state of one graph: the job's own, or one that runs inside a task."""

    graph: Graph | None
    """None if only the task itself knows which graph it runs."""
    snapshot: StateSnapshot
    stored: CheckpointTuple


@dataclass(frozen=True, slots=True)
class Standing:
    """The state of a job's graph and of the graphs inside it; the job's own comes first."""

    levels: Sequence[Level]

    @property
    def pause(self) -> Pause:
        """What the run waits for."""
        top = self.levels[0].snapshot
        return Pause(
            interrupts=tuple(Interrupt(i.id, i.value) for i in top.interrupts),
            next=tuple(top.next),
            values_taken=dict(pair for level in self.levels for pair in _taken(level)),
            stopped_at=tuple(_id_of(level) for level in self.levels),
        )

    def not_taken(self, values: Mapping[str, Any], before: Mapping[str, int]) -> dict[str, Any]:
        """The resume values that no task has taken yet.

        Args:
            values: by interrupt id.
            before: how many values each task had taken when it asked.
        """
        now = self.pause.values_taken
        return {id_: value for id_, value in values.items() if now.get(id_) == before.get(id_, 0)}

    def stops(self, breakpoints: Breakpoints, passed: Sequence[str]) -> bool:
        """Whether it has stopped at a breakpoint that no caller has let it pass.

        Args:
            breakpoints: of the job's own graph; the graphs inside have their own.
            passed: ids of the checkpoints from which a caller has resumed the run.
        """
        at = [level for level in self.levels if _id_of(level) not in passed]
        return any(
            (breakpoints if level is self.levels[0] else Breakpoints.of(level.graph)).stop_at(level)
            for level in at
            if level.graph is not None and level.snapshot.next
        )


async def standing(graph: Graph, config: RunnableConfig) -> Standing:
    """Where the run stands, read from its newest checkpoint."""
    state = await graph.aget_state(config, subgraphs=True)
    return Standing([level async for level in _levels(graph, graph, state)])


async def _levels(
    top: Graph, graph: Graph | None, snapshot: StateSnapshot
) -> AsyncGenerator[Level]:
    saver = cast("BaseCheckpointSaver[str]", top.checkpointer)
    stored = await saver.aget_tuple(snapshot.config)
    if stored is None:
        return
    yield Level(graph, snapshot, stored)
    inside = dict(cast("Any", graph).get_subgraphs()) if graph is not None else {}
    for task in snapshot.tasks:
        if isinstance(task.state, StateSnapshot):
            async for level in _levels(top, inside.get(task.name), task.state):
                yield level


def _taken(level: Level) -> Iterable[tuple[str, int]]:
    """How many resume values the task of each interrupt has taken."""
    writes = level.stored.pending_writes or []
    counts = {task: len(value) for task, channel, value in writes if channel == _RESUME}
    for task in level.snapshot.tasks:
        for interrupt in task.interrupts:
            yield interrupt.id, counts.get(task.id, 0)


def _id_of(level: Level) -> str:
    return level.stored.checkpoint["id"]


def _meet(nodes: Nodes, there: Sequence[str]) -> bool:
    found = set(there) - _HIDDEN
    return bool(found) if nodes == "*" else not found.isdisjoint(nodes)
