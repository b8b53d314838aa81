"""Runs a job's graph: from its input, its answer or its last checkpoint to its last state."""

import random
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, nullcontext
from dataclasses import dataclass
from typing import Any, cast

from langchain_core.runnables import RunnableConfig
from langgraph.types import Command

from tailrace.shared.errors import JobNotFound, StoreUnavailable, WriteRefused
from tailrace.shared.events import Event, encode_value
from tailrace.shared.jobs import Holder, Job
from tailrace.worker.checkpoints import Checkpoints
from tailrace.worker.factories import Call, Graph
from tailrace.worker.failures import Failure, explain, explain_to_developer
from tailrace.worker.interrupts import asked, open_answers
from tailrace.worker.limits import RESULT_TOO_LARGE, Limits
from tailrace.worker.outcomes import Again, Ended, Outcome, Waiting
from tailrace.worker.publisher import Publisher
from tailrace.worker.registry import Registry
from tailrace.worker.run_config import asked_for, for_graph, run_config, without_ours
from tailrace.worker.settings import WorkerSettings
from tailrace.worker.task_writes import TaskWrites
from tailrace.worker.translate import translate
from tailrace.worker.unserved import Unserved
from tailrace.worker.whole_answers import whole_answers


@dataclass(frozen=True, slots=True)
class Output:
    """Where a run's events go, and its tasks' writes behind them."""

    publisher: Publisher
    writes: TaskWrites


@dataclass(frozen=True, slots=True)
class Execution:
    """Runs graphs of one registry.

    Two modes are streamed for the worker itself: `values` tells the result, `tasks` which tasks
    have ended.
    """

    registry: Registry
    checkpoints: Checkpoints
    settings: WorkerSettings
    unserved: Unserved

    async def run(self, job: Job, holder: Holder, output: Output) -> Outcome:
        """Run the job's graph to its end and hand over what it says; how it ended.

        Raises:
            WriteRefused, JobNotFound: a checkpoint was refused: the job is not this attempt's.
            asyncio.CancelledError: it was stopped.
        """
        source = self.registry.get(job.request.graph)
        if source is None:
            return await self.unserved.outcome(job)
        config = run_config(job)
        try:
            async with source.open(Call(config, job.request.context)) as made:
                graph = made.copy({"checkpointer": self.checkpoints.of(holder, output.writes)})
                with whole_answers() if self.settings.whole_answers else nullcontext():
                    return await self._stream(graph, job, for_graph(config, graph), output)
        except (WriteRefused, JobNotFound):
            raise
        except StoreUnavailable:
            return Again("retry", delay_s=self.settings.backoff_s)
        except Exception as error:  # noqa: BLE001 - where a run ends: whatever a graph may raise
            told = explain_to_developer if self.settings.show_errors else explain
            return self._failed(job, told(error, job.id))

    async def _stream(
        self, graph: Graph, job: Job, config: RunnableConfig, output: Output
    ) -> Outcome:
        """Drained to its end, so that its checkpoints are stored before the log says more."""
        wanted, limits = job.request.stream, Limits(self.settings, job.seq)
        last: Mapping[str, Any] = {}
        put = output.publisher.put
        async with aclosing(await self._parts(graph, job, config)) as parts:
            async for part in parts:
                mode = part["type"]
                if mode == "values" and not part["ns"]:
                    last = part
                if mode in wanted:
                    for event in translate(without_ours(part)):
                        limits.count(event)
                        await put(event)
                if mode == "tasks" and "result" in part["data"]:
                    output.writes.release(part["data"]["id"])
        if last.get("interrupts"):
            pause = await asked(graph, config)
            limits.count(Event("status", encode_value(pause.interrupts)))
            return Waiting(pause)
        values = last["data"] if last else (await graph.aget_state(config)).values
        result = encode_value(_output(graph, values))
        if len(result) > self.settings.max_result_bytes:
            return Ended("failed", error=RESULT_TOO_LARGE)
        return Ended("succeeded", result=result)

    async def _parts(
        self, graph: Graph, job: Job, config: RunnableConfig
    ) -> AsyncGenerator[Mapping[str, Any]]:
        start: Any = job.request.input
        if await self.checkpoints.exists(job.id):
            given = await open_answers(graph, config, job.answer or {}, job.pause.answers_taken)
            start = Command(resume=given) if given else None
        parts: Any = graph.astream(
            start,
            config,
            stream_mode=cast("Any", list(dict.fromkeys([*job.request.stream, "values", "tasks"]))),
            subgraphs=True,
            version="v2",
            **asked_for(graph, job.request),
            durability=self.settings.durability,
        )
        return parts

    def _failed(self, job: Job, failure: Failure) -> Outcome:
        if not failure.error.retryable or job.failures + 1 >= job.request.max_attempts:
            return Ended("failed", error=failure.error)
        # Full jitter: retries of many jobs do not come together.
        longest = min(self.settings.backoff_s * 2**job.failures, self.settings.backoff_max_s)
        pause_s = random.uniform(0, longest)  # noqa: S311 - spreads load, keeps no secret
        asked_s = min(failure.retry_after_s or 0, self.settings.retry_after_max_s)
        return Again("retry", failures=1, delay_s=max(pause_s, asked_s))


def _output(graph: Graph, values: Any) -> Any:
    """The part of the last state that the graph declares as its output."""
    channels = graph.output_channels
    if isinstance(channels, str) or not isinstance(values, Mapping):
        return values
    state = cast("Mapping[str, Any]", values)
    return {name: state[name] for name in channels if name in state}
