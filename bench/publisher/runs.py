"""One run of the counter: bare, or through the worker's path into a store."""

import asyncio
import gc
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, cast

from langchain_core.runnables import RunnableConfig

from tailrace.shared.events import Event
from tailrace.shared.jobs import Holder, Job, JobRequest, new_job_id
from tailrace.shared.log_store.blobs.blob_store import BlobStore
from tailrace.shared.log_store.events.event_log import EventLog
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.log_store.journal.journal import JournalStore, JournalStores
from tailrace.shared.process.tasks import cancel_and_wait
from tailrace.shared.redis.connection import Client, connect
from tailrace.worker.attempt.execution import Execution
from tailrace.worker.attempt.outcomes import Ended
from tailrace.worker.attempt.unserved import Unserved
from tailrace.worker.catalogue.registry import Registry
from tailrace.worker.checkpoints.checkpoints import Checkpoints
from tailrace.worker.graphs.counter import graph
from tailrace.worker.journal.journal import Journal
from tailrace.worker.settings import WorkerSettings
from tailrace.worker.store.graph_store import GraphStores

_RECURSION: Final = 100
_CONFIG: Final[Mapping[str, Any]] = {"configurable": {}, "tags": [], "recursion_limit": _RECURSION}
MODES: Final = ("custom", "values", "tasks")
"""What a worker streams for a job that asks for `custom`."""


@dataclass(frozen=True, slots=True)
class Cost:
    """Of one run, in milliseconds."""

    wall: float
    cpu: float


@dataclass(frozen=True, slots=True)
class Counting:
    """How far the graph counts, and how fast."""

    count: int
    interval_s: float = 0


_WARM_UP: Final = Counting(64)
"""A worker has its connections long before a job comes."""


class RunFailed(Exception):
    """The job did not succeed; the message is its outcome."""


class _SizedLog(EventLog):
    """A log that notes how many events each append brought."""

    def __init__(self, redis: Client, settings: WorkerSettings) -> None:
        super().__init__(redis, settings)
        self.sizes: list[int] = []

    async def append(self, holder: Holder, first_seq: int, events: Sequence[Event]) -> int:
        self.sizes.append(len(events))
        return await super().append(holder, first_seq, events)


def bare(asked: Counting, loop: Callable[[], asyncio.AbstractEventLoop] | None = None) -> Cost:
    """The graph by itself in this process, with the modes that a worker streams."""
    return _run(_bare(asked), loop)


async def _bare(asked: Counting) -> Cost:
    config: RunnableConfig = {
        "configurable": {"thread_id": "bare"},
        "recursion_limit": _RECURSION,
    }
    timed = _Timed()
    given: Any = _input(asked)
    stream: Any = cast("Any", graph).astream(
        given, config, stream_mode=list(MODES), subgraphs=True, version="v2"
    )
    async with aclosing(stream) as parts:
        async for _ in parts:
            pass
    return timed.cost()


def through_worker(
    asked: Counting,
    url: str,
    registry: Registry,
    loop: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> tuple[Cost, list[int]]:
    """The same graph as a job of a worker, from its open to its `end`; and the sizes of batches."""
    return _run(_through_worker(asked, url, registry), loop)


async def _through_worker(asked: Counting, url: str, registry: Registry) -> tuple[Cost, list[int]]:
    settings = WorkerSettings(redis_url=url)
    async with aclosing(connect(url)) as redis:
        jobs, log = JobStore(redis, settings), _SizedLog(redis, settings)
        journal, blobs = JournalStore(redis, settings), BlobStore(redis, settings)
        stores = JournalStores(log, journal, jobs, blobs)
        unserved, checkpoints = Unserved(registry, redis, settings), Checkpoints(redis, settings)
        execution = Execution(registry, checkpoints, settings, unserved, GraphStores(redis))
        await _carry(execution, stores, await _queued(jobs, _WARM_UP))
        log.sizes.clear()
        holder = await _queued(jobs, asked)
        timed = _Timed()
        await _carry(execution, stores, holder)
        return timed.cost(), log.sizes


async def _queued(jobs: JobStore, asked: Counting) -> Holder:
    """A job that asks for `custom`, and its first attempt."""
    request = JobRequest("counter", _input(asked), config=_CONFIG, stream=("custom",))
    return Holder((await jobs.create(new_job_id(), "bench", request)).job.id, 1, "bench")


async def _carry(execution: Execution, stores: JournalStores, holder: Holder) -> None:
    """As `tailrace.worker.attempt.runner` does, without the queue."""
    job: Job = await stores.jobs.open_attempt(holder)
    journal = Journal(stores, holder, job.seq)
    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(journal.run())
        outcome = await execution.run(job, journal)
        if not isinstance(outcome, Ended) or outcome.status != "succeeded":
            raise RunFailed(repr(outcome))
        await journal.close(outcome.status, result=outcome.result)
        await cancel_and_wait(writing)


class _Timed:
    """Wall and CPU time of this process from here on, with the waste of before collected."""

    def __init__(self) -> None:
        gc.collect()
        self._wall, self._cpu = time.perf_counter(), time.process_time()

    def cost(self) -> Cost:
        wall, cpu = time.perf_counter() - self._wall, time.process_time() - self._cpu
        return Cost(wall * 1e3, cpu * 1e3)


def _input(asked: Counting) -> dict[str, Any]:
    return {"count": asked.count, "interval_s": asked.interval_s}


def _run(
    work: Coroutine[Any, Any, Any], loop: Callable[[], asyncio.AbstractEventLoop] | None
) -> Any:
    with asyncio.Runner(loop_factory=loop) as runner:
        return runner.run(work)
