"""Runs a job's graph from its input, resume values or last checkpoint to its last state."""

import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, cast

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from tailrace.shared.errors import JobNotFound, StoreUnavailable, WriteRefused
from tailrace.shared.events import Event, encode_value
from tailrace.shared.jobs import Job
from tailrace.worker.attempt.failures.verdict import Failure, explain, explain_to_developer
from tailrace.worker.attempt.failures.whole_answers import whole_answers
from tailrace.worker.attempt.interrupts import Breakpoints, standing
from tailrace.worker.attempt.limits import RESULT_TOO_LARGE, Limits
from tailrace.worker.attempt.outcomes import Again, Ended, Outcome, Waiting
from tailrace.worker.attempt.run_config import asked_for, beginning, for_graph, forked, run_config
from tailrace.worker.attempt.stream.reader import MODES, StreamReader
from tailrace.worker.attempt.stream.spill import Spill
from tailrace.worker.attempt.stream.translate import Part
from tailrace.worker.attempt.unserved import Unserved
from tailrace.worker.attempt.updates import updated
from tailrace.worker.catalogue.factories import Call, Graph
from tailrace.worker.catalogue.registry import Registry
from tailrace.worker.checkpoints.checkpoints import Checkpoints
from tailrace.worker.checkpoints.ids import make_later_than
from tailrace.worker.checkpoints.saver import CheckpointSaver
from tailrace.worker.journal.journal import Journal
from tailrace.worker.journal.own_thread import OwnThread
from tailrace.worker.settings import WorkerSettings
from tailrace.worker.store.graph_store import GraphStores, own_or


@dataclass(frozen=True, slots=True)
class Execution:
    """Runs the graphs of one registry."""

    registry: Registry
    checkpoints: Checkpoints
    settings: WorkerSettings
    unserved: Unserved
    stores: GraphStores

    def durability(self, job: Job) -> Literal["async", "sync", "exit"]:
        """When the job's checkpoints are stored: as it asks, or as the settings say."""
        return job.request.durability or self.settings.durability

    async def run(self, job: Job, journal: Journal) -> Outcome:
        """Run the job's graph to its end and hand its events to the journal; how it ended.

        Raises:
            WriteRefused, JobNotFound: the job is no longer this attempt's.
            asyncio.CancelledError: it was stopped.
        """
        source = self.registry.get(job.request.graph)
        if source is None:
            return await self.unserved.outcome(job)
        config = run_config(job)
        make_later_than(job.position.partition(" ")[0])
        own = OwnThread.of(job, journal, waits=self.durability(job) == "sync")
        try:
            store = self.stores.of(job.tenant)
            async with source.open(Call(config, job.request.context, store)) as made:
                saver = self.checkpoints.of(own)
                graph = made.copy({"checkpointer": saver, "store": own_or(store, made)})
                saver.show(graph)
                with whole_answers() if self.settings.whole_answers else nullcontext():
                    run = _Run(job, graph, for_graph(config, graph), journal, self)
                    return await saver.settled(run.outcome())
        except (WriteRefused, JobNotFound):
            raise
        except StoreUnavailable:
            return Again("retry", delay_s=self.settings.backoff_s)
        except Exception as error:  # noqa: BLE001 - a graph may raise anything
            told = explain_to_developer if self.settings.show_errors else explain
            return self._failed(job, told(error, job.id))

    def _failed(self, job: Job, failure: Failure) -> Outcome:
        if not failure.error.retryable or job.failures + 1 >= job.request.max_attempts:
            return Ended("failed", error=failure.error)
        # Full jitter: the retries of many jobs do not come all at once.
        longest = min(self.settings.backoff_s * 2**job.failures, self.settings.backoff_max_s)
        pause_s = random.uniform(0, longest)  # noqa: S311 - spreads load, keeps no secret
        asked_s = min(failure.retry_after_s or 0, self.settings.retry_after_max_s)
        return Again("retry", failures=1, delay_s=max(pause_s, asked_s))


@dataclass(frozen=True, slots=True)
class _Run:
    """One attempt's run of the graph."""

    job: Job
    graph: Graph
    config: RunnableConfig
    journal: Journal
    execution: Execution

    async def outcome(self) -> Outcome:
        """Run the graph from where it stands, and read its stream to the end."""
        begins = await self._begins()
        if self.job.request.update is not None:
            return await updated(self.graph, self.config, self.job.request, again=not begins)
        start = beginning(self.job.request) if begins else await self._continuation()
        limits = Limits(self.execution.settings, self.job.seq)
        spill = Spill(self.journal, self.job.id, self.execution.settings)
        if isinstance(start, Waiting):
            return Waiting(await spill.pause(start.pause))
        request = self.job.request
        reader = StreamReader(
            self.journal,
            limits,
            request.stream,
            spill,
            detailed=request.view is not None,
            named_only=(request.view or {}).get("checkpoints") == "named",
        )
        config = forked(self.config, request) if begins else self.config
        async with aclosing(self._parts(start, config)) as parts:
            await reader.drain(parts)
        if reader.stops:
            self.journal.held.release_all()
            pause = await spill.pause((await standing(self.graph, self.config)).pause)
            if pause.next:
                limits.count(Event("status", encode_value(pause.interrupts)))
                return Waiting(pause)
        return await self._ended(reader.last, spill)

    async def _begins(self) -> bool:
        """Whether the job has stored no state yet."""
        return self.job.attempt == 1 or not await self.execution.checkpoints.has_begun(self.job)

    async def _continuation(self) -> Any:
        """What LangGraph is given: resume values or nothing; or that the run still waits.

        A crash may have come between a stop and its event. To resume then would pass a breakpoint
        that no caller has let the run pass.
        """
        job = self.job
        now = await standing(self.graph, self.config)
        resume = now.not_taken(job.resume_values or {}, job.pause.values_taken)
        if resume:
            return Command(resume=resume)
        asked = asked_for(self.graph, job.request)
        stops = Breakpoints.of(self.graph, asked["interrupt_before"], asked["interrupt_after"])
        if now.stops(stops, job.pause.stopped_at):
            return Waiting(now.pause)
        return None

    def _parts(self, start: Any, config: RunnableConfig) -> AsyncGenerator[Part]:
        modes = list(dict.fromkeys([*self.job.request.stream, *MODES]))
        parts: Any = self.graph.astream(
            start,
            config,
            stream_mode=cast("Any", modes),
            subgraphs=True,
            version="v2",
            **asked_for(self.graph, self.job.request),
            durability=self.execution.durability(self.job),
        )
        return parts

    async def _ended(self, last: Mapping[str, Any] | None, spill: Spill) -> Outcome:
        values = last["data"] if last else (await self.graph.aget_state(self.config)).values
        most = self.execution.settings.max_result_bytes
        result = await spill.within(encode_value(_output(self.graph, values)), most)
        if len(result) > most:
            return Ended("failed", error=RESULT_TOO_LARGE)
        saver = cast("CheckpointSaver", self.graph.checkpointer)
        at = saver.result_at(result, partial(_output, self.graph))
        return Ended("succeeded", result=result, result_at=at)


def _output(graph: Graph, values: Any) -> Any:
    """The part of the last state that the graph declares as output."""
    channels = graph.output_channels
    if isinstance(channels, str) or not isinstance(values, Mapping):
        return values
    state = cast("Mapping[str, Any]", values)
    return {name: state[name] for name in channels if name in state}
