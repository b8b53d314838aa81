"""Jobs whose graphs run attempt by attempt, and small graphs to run so.

A crash is played by cancelling the run: what the next attempt finds is only what the store has.
"""

import asyncio
import operator
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Annotated, Any, Literal, TypedDict

from langgraph.checkpoint.base import BaseCheckpointSaver
from langgraph.graph import START, StateGraph
from langgraph.types import interrupt

from tailrace.shared.jobs import Holder
from tailrace.shared.process.tasks import cancel_and_wait
from tailrace.worker.attempt.limits import Limits
from tailrace.worker.attempt.stream.reader import MODES, StreamReader
from tailrace.worker.attempt.stream.spill import Spill
from tailrace.worker.checkpoints.checkpoints import Checkpoints
from tailrace.worker.journal.journal import Journal
from tailrace.worker.journal.own_thread import OwnThread
from tailrace.worker.settings import WorkerSettings
from tests.support.jobs import Stores
from tests.support.wait import wait_until

Durability = Literal["sync", "async"]
Graph = Any

INTERRUPT = "__interrupt__"


class Ran(TypedDict, total=False):
    ran: Annotated[list[str], operator.add]


@dataclass
class Resumable:
    """A job whose graph runs attempt by attempt, each with a journal and savers of its own."""

    kept: Stores
    checkpoints: Checkpoints
    holder: Holder
    ran: list[str] = field(default_factory=list[str])
    _journal: Journal | None = None
    _writing: asyncio.Task[None] | None = None

    async def next_attempt(self) -> None:
        """As after a crash: what the journal still had is gone."""
        await self.close()
        held = self.holder
        self.holder = Holder(held.job_id, held.attempt + 1, f"token {held.attempt + 1}")
        await self.kept.jobs.open_attempt(self.holder)

    async def close(self) -> None:
        """Write no more."""
        if self._writing is not None:
            self._writing.cancel()
            await asyncio.gather(self._writing, return_exceptions=True)
        self._journal = self._writing = None

    async def journal(self) -> Journal:
        """The attempt's, which writes in the background."""
        if self._journal is None:
            seq = (await self.kept.jobs.get(self.holder.job_id)).seq
            self._journal = Journal(self.kept.journals, self.holder, seq)
            self._writing = asyncio.ensure_future(self._journal.run())
        return self._journal

    async def saver(self, durability: Durability = "async") -> BaseCheckpointSaver[str]:
        """One that writes through the journal."""
        job = await self.kept.jobs.get(self.holder.job_id)
        own = OwnThread.of(job, await self.journal(), waits=durability == "sync")
        return self.checkpoints.of(own)

    async def run(self, graph: Graph, start: Any, durability: Durability = "async") -> Any:
        """Run the graph as an attempt does; the last values that it streams."""
        journal = await self.journal()
        bound = graph.copy({"checkpointer": await self.saver(durability)})
        settings = WorkerSettings()
        spill = Spill(journal, self.holder.job_id, settings)
        reader = StreamReader(journal, Limits(settings, 0), (), spill)
        draining = asyncio.ensure_future(self._drained(bound, start, durability, reader))
        try:
            await asyncio.wait({draining, self._task}, return_when=asyncio.FIRST_COMPLETED)
            if self._task.done():
                await self._task  # says why nothing more is written
            await draining
        finally:
            await cancel_and_wait(draining)
            await asyncio.gather(draining, return_exceptions=True)
            if not self._task.done():
                journal.held.release_all()
                await journal.flushed()
        if self._task.done():
            await self._task
        last: Any = reader.last or {"data": None, "interrupts": ()}
        return last["data"] | {INTERRUPT: last["interrupts"]} if reader.stops else last["data"]

    async def _drained(
        self, bound: Graph, start: Any, durability: Durability, reader: StreamReader
    ) -> None:
        parts = bound.astream(
            start,
            self.config,
            stream_mode=list(MODES),
            subgraphs=True,
            version="v2",
            durability=durability,
        )
        async with aclosing(parts):
            await reader.drain(parts)

    @property
    def _task(self) -> asyncio.Task[None]:
        assert self._writing is not None
        return self._writing

    @asynccontextmanager
    async def stuck(self, graph: Graph, durability: Durability = "async") -> AsyncGenerator[None]:
        """Run the graph in the background, and take it away at the end, as a crash does."""
        running = asyncio.ensure_future(self.run(graph, {"ran": []}, durability))
        yield
        await self.close()
        await cancel_and_wait(running)
        await asyncio.gather(running, return_exceptions=True)

    async def state(self) -> Any:
        """The values of the newest checkpoint."""
        found = await self.checkpoints.of().aget_tuple(self.config)
        return found.checkpoint["channel_values"] if found else {}

    async def has_stored(self, *names: str) -> None:
        async def stored() -> bool:
            return (await self.state()).get("ran") == list(names)

        await wait_until(stored, f"a checkpoint behind {names}")

    @property
    def config(self) -> Any:
        return {"configurable": {"thread_id": self.holder.job_id}}


def in_a_row(state: Any = Ran, **nodes: Any) -> Graph:
    """A graph of these nodes, one after the other."""
    builder: Any = StateGraph(state)
    for name, node in nodes.items():
        builder.add_node(name, node)
    for before, after in pairwise((START, *nodes)):
        builder.add_edge(before, after)
    return builder.compile()


def saying(text: str) -> Any:
    """A node that adds the text to what ran."""

    def say(_: Ran) -> Ran:
        return {"ran": [text]}

    return say


def chain(ran: list[str], *, stuck_at: str | None = None) -> Graph:
    """Nodes one, two and three, which say so when they begin; one of them may never end."""

    def node(name: str) -> Any:
        async def run(_: Ran) -> Ran:
            ran.append(name)
            if name == stuck_at:
                await asyncio.Event().wait()
            return {"ran": [name]}

        return run

    return in_a_row(**{name: node(name) for name in ("one", "two", "three")})


def asking() -> Graph:
    """A graph whose only node asks, and adds the answer to what ran."""

    def ask(_: Ran) -> Ran:
        return {"ran": [interrupt("may I?")]}

    return in_a_row(ask=ask)


def looping(inner: Graph, rounds: int) -> Graph:
    """A graph that runs an inner one in each of its rounds."""

    def onward(state: Ran) -> str:
        return "inner" if len(state.get("ran", [])) < rounds else "__end__"

    builder: Any = StateGraph(Ran)
    builder.add_node("inner", inner).add_edge(START, "inner")
    return builder.add_conditional_edges("inner", onward).compile()
