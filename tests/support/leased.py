"""Workers in the test's own loop, built as the worker process builds its own, on a real store.

Several may run beside each other; one that is taken away leaves its jobs as a crash does.
"""

import asyncio
import secrets
import threading
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from tailrace.shared.events import LoggedEvent
from tailrace.shared.jobs import DEFAULT_STREAM, Job, JobId, new_job_id
from tailrace.shared.log_store.blobs.blob_store import BlobStore
from tailrace.shared.log_store.events.event_log import EventLog
from tailrace.shared.log_store.jobs.job_store import Created, JobStore, OnThread
from tailrace.shared.log_store.jobs.open_jobs import OpenJobs
from tailrace.shared.log_store.journal.journal import JournalStore, JournalStores
from tailrace.shared.process.tasks import cancel_and_wait
from tailrace.shared.project.file import read_project
from tailrace.shared.queue_store.queue.job_queue import INBOX_S, ArqClient, JobQueue, Wakeups
from tailrace.shared.redis import keys
from tailrace.shared.redis.connection import Client, connect
from tailrace.shared.sweep import Sweep
from tailrace.shared.threads import ThreadId
from tailrace.worker.attempt.execution import Execution
from tailrace.worker.attempt.runner import Runner
from tailrace.worker.attempt.unserved import Unserved
from tailrace.worker.catalogue.factories import GraphSource
from tailrace.worker.catalogue.registry import Registry, load_registry
from tailrace.worker.checkpoints.checkpoints import Checkpoints
from tailrace.worker.leases.consumer import LeasedWorker
from tailrace.worker.leases.containment import Containment
from tailrace.worker.leases.lease_keeper import LeaseKeeper
from tailrace.worker.settings import WorkerSettings
from tailrace.worker.store.graph_store import GraphStores
from tests.support.graphs import own_interpreter
from tests.support.jobs import request
from tests.support.wait import wait_until

GRAPHS = Path(__file__).parents[1] / "graphs" / "hostile" / "langgraph.json"
LEASE_S = 1.0
RENEWAL_S = 0.1
DONE_S = 15.0
AS_THEY_COME = OnThread()


@cache
def faulty_graphs() -> Registry:
    """What `tests/graphs/hostile` serves, loaded once; reads files: call it outside any loop."""
    with own_interpreter():
        return load_registry(read_project(GRAPHS))


def serving_graph(graph: Any) -> Registry:
    """A registry of this one graph, by the name `graph`."""
    return Registry({"graph": GraphSource("graph", "", graph)})


@dataclass(frozen=True)
class Site:
    """A store with its queue, and whoever works on it."""

    redis: Client
    settings: WorkerSettings
    queue: JobQueue
    jobs: JobStore
    log: EventLog
    clients: AsyncExitStack
    """Closed last: what a stopped graph leaves running may still use them."""

    async def post(self, graph: str, value: Any = None, **fields: Any) -> JobId:
        """Create and queue a job as the API does."""
        job_id = await self.created(graph, value, **fields)
        await self.queue.enqueue(job_id)
        return job_id

    async def created(self, graph: str, value: Any = None, **fields: Any) -> JobId:
        """Create a job that the queue is not told of."""
        return (await self._create(graph, value or {}, AS_THEY_COME, fields)).job.id

    async def say(
        self, thread: ThreadId, graph: str, value: Any, how: OnThread = AS_THEY_COME, **fields: Any
    ) -> JobId:
        """Create a job on a thread, and queue it if it is next, as the API does."""
        created = await self._create(graph, value, how, {**fields, "thread": thread})
        if created.is_next:
            await self.queue.enqueue(created.job.id)
        return created.job.id

    async def _create(
        self, graph: str, value: Any, how: OnThread, fields: dict[str, Any]
    ) -> Created:
        stream = fields.pop("stream", DEFAULT_STREAM)
        wanted = replace(request(graph, value, stream), **fields)
        return await self.jobs.create(new_job_id(wanted.thread), "default", wanted, how)

    async def cancel(self, job_id: JobId) -> None:
        """Ask for a job's end as the API does."""
        await self.jobs.cancel(job_id)
        await self.queue.interrupt(job_id)

    async def resume(self, job_id: JobId, value: Any) -> None:
        """Resume the job with the same value for each interrupt, as the API does."""
        job = await self.jobs.get(job_id)
        await self.jobs.resume(job, {interrupt.id: value for interrupt in job.pause.interrupts})
        await self.queue.enqueue(job_id, above=job.attempt)

    async def ended(self, job_id: JobId, timeout_s: float = DONE_S) -> Job:
        """The job, once it has ended; fails if its log is not what a log has to be."""
        job = await self._reaches(job_id, ("succeeded", "failed", "cancelled"), timeout_s)
        events = await self.events(job_id)
        assert [event.seq for event in events] == list(range(1, job.seq + 1))
        assert [event.name for event in events].count("end") == 1
        assert events[-1].name == "end"
        return job

    async def stands(self, job_id: JobId, timeout_s: float = DONE_S) -> Job:
        """The job, once it has ended or waits to be resumed."""
        return await self._reaches(
            job_id, ("succeeded", "failed", "cancelled", "waiting"), timeout_s
        )

    async def reaches(self, job_id: JobId, status: str, timeout_s: float = DONE_S) -> Job:
        """The job, once it has this status."""
        return await self._reaches(job_id, (status,), timeout_s)

    async def has_said(self, job_id: JobId, words: str, timeout_s: float = DONE_S) -> None:
        """Wait until the job's log holds these words."""

        async def said() -> bool:
            return any(words.encode() in event.data for event in await self.events(job_id))

        await wait_until(said, f"{words!r} in the log of {job_id}", timeout_s)

    async def events(self, job_id: JobId) -> list[LoggedEvent]:
        """The whole log."""
        return await self.log.read(job_id, 0, limit=1_000_000)

    async def statuses(self, job_id: JobId) -> list[tuple[str, str | None]]:
        """The log's changes of status, each with its reason."""
        told = [e for e in await self.events(job_id) if e.name in ("status", "end")]
        parsed = [orjson.loads(event.data) for event in told]
        return [(data["status"], data.get("reason")) for data in parsed]

    async def queue_is_empty(self) -> None:
        """Wait until the queue knows no job."""
        redis: Any = self.redis

        async def empty() -> bool:
            return not await redis.zcard(keys.QUEUE) and not await redis.keys("arq:job:*")

        await wait_until(empty, "an empty queue")

    async def expire_lease(self, job_id: JobId) -> None:
        """What time does to the lease of a worker that is dead or frozen."""
        redis: Any = self.redis
        await redis.zadd(keys.QUEUE, {keys.arq_id(job_id): 1}, xx=True)

    def sweep(self, missing: dict[JobId, float] | None = None) -> Sweep:
        """A sweep; `missing` says since when it has missed jobs in the queue."""
        return Sweep(self.jobs, OpenJobs(self.redis), self.queue, "sweeper", missing or {})

    async def _reaches(self, job_id: JobId, statuses: tuple[str, ...], timeout_s: float) -> Job:
        async def reached() -> Job | None:
            job = await self.jobs.get(job_id)
            return job if job.status in statuses else None

        found = await wait_until(reached, f"{statuses} of {job_id}", timeout_s)
        assert found is not None
        return found


@asynccontextmanager
async def site(store_url: str, **settings: Any) -> AsyncGenerator[Site]:
    """A store's queue, records and logs, with short leases."""
    defaults = {"lease_s": LEASE_S, "renewal_s": RENEWAL_S, "backoff_s": 0.01, "grace_s": 0}
    chosen = WorkerSettings.model_validate({**defaults, "redis_url": store_url, **settings})
    before = asyncio.all_tasks()
    async with AsyncExitStack() as clients:
        redis = connect(store_url)
        clients.push_async_callback(redis.aclose)
        log_store = connect(chosen.log_store_url)
        clients.push_async_callback(log_store.aclose)
        queue, jobs = JobQueue(redis, chosen), JobStore(log_store, chosen)
        yield Site(redis, chosen, queue, jobs, EventLog(log_store, chosen), clients)
        await _end_stray_tasks(before)


async def _end_stray_tasks(before: "set[asyncio.Task[Any]]") -> None:
    """A node that does not let go outlives its attempt, and must not outlive its test."""

    async def none_left() -> bool:
        strays = asyncio.all_tasks() - before - {asyncio.current_task()}
        for task in strays:
            task.cancel()
        return not strays

    await wait_until(none_left, "stray tasks to end", DONE_S)


@dataclass(frozen=True)
class Hand:
    """A running worker."""

    worker: LeasedWorker
    worker_id: str
    main: "asyncio.Task[None]"
    vanished: asyncio.Event = field(default_factory=asyncio.Event)

    async def vanish(self) -> None:
        """Be gone, as far as the store can see, as after a crash."""
        self.vanished.set()
        # How a cancelled worker ends is nobody's business.
        await cancel_and_wait(self.main)
        await asyncio.gather(self.main, return_exceptions=True)


@asynccontextmanager
async def working(place: Site, registry: Registry, **settings: Any) -> AsyncGenerator[Hand]:
    """A worker that takes jobs while the block runs."""
    chosen = place.settings.model_copy(update=settings)
    worker_id = f"worker-{secrets.token_hex(4)}"
    async with AsyncExitStack() as stack:
        store, log_store = connect(chosen.redis_url), connect(chosen.log_store_url)
        wake_store = connect(chosen.redis_url, max_connections=2, block_s=INBOX_S)
        for client in (store, log_store, wake_store):
            place.clients.push_async_callback(client.aclose)
        worker, keeper = _build((store, log_store, wake_store), worker_id, registry, chosen)
        await stack.enter_async_context(renewing(keeper))
        main = asyncio.ensure_future(worker.main())
        hand = Hand(worker, worker_id, main)
        stack.push_async_callback(hand.vanish)
        yield hand
        if not hand.vanished.is_set():
            assert not main.done(), f"the worker has ended: {main.exception()!r}"


def keeper_of(place: Site, **settings: Any) -> LeaseKeeper:
    """The lease thread of a worker, not started."""
    chosen = place.settings.model_copy(update=settings)
    worker_id = f"worker-{secrets.token_hex(4)}"
    return LeaseKeeper(chosen, worker_id, Containment(asyncio.get_running_loop()))


@asynccontextmanager
async def renewing(keeper: LeaseKeeper) -> AsyncGenerator[None]:
    """The keeper's thread runs inside the block, and is gone behind it: it uses the test's loop."""
    before = set(threading.enumerate())
    keeper.start()
    threads = set(threading.enumerate()) - before
    try:
        yield
    finally:
        keeper.stop()
        await wait_until(lambda: not any(t.is_alive() for t in threads), "the lease thread", DONE_S)


def _build(
    stores: tuple[Client, Client, Client],
    worker_id: str,
    registry: Registry,
    settings: WorkerSettings,
) -> tuple[LeasedWorker, LeaseKeeper]:
    store, log_store, wake_store = stores
    queue, jobs = JobQueue(store, settings), JobStore(log_store, settings)
    log = EventLog(log_store, settings)
    unserved, checkpoints = Unserved(registry, store, settings), Checkpoints(log_store, settings)
    execution = Execution(registry, checkpoints, settings, unserved, GraphStores(log_store))
    journal, blobs = JournalStore(log_store, settings), BlobStore(log_store, settings)
    runner = Runner(execution, JournalStores(log, journal, jobs, blobs), worker_id)
    containment = Containment(asyncio.get_running_loop())
    containment.begin()
    keeper = LeaseKeeper(settings, worker_id, containment)
    wakeups, pool = Wakeups(wake_store, worker_id), ArqClient(store)
    return LeasedWorker(pool, queue, wakeups, keeper, runner.run, settings), keeper
