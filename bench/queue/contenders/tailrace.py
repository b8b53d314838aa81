"""Our queue alone: leases, tokens and the lease-aware worker, around a job that does nothing."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager

from bench.queue.contenders import Enqueue
from bench.queue.stamps import stamp
from tailrace.shared.jobs import new_job_id
from tailrace.shared.queue_store.queue.job_queue import INBOX_S, ArqClient, JobQueue, Wakeups
from tailrace.shared.redis.connection import connect
from tailrace.shared.settings import SharedSettings
from tailrace.worker.attempt.attempt import Attempt
from tailrace.worker.attempt.outcomes import Done, Verdict
from tailrace.worker.leases.consumer import LeasedWorker
from tailrace.worker.leases.containment import Containment
from tailrace.worker.leases.lease_keeper import LeaseKeeper
from tailrace.worker.settings import WorkerSettings


@asynccontextmanager
async def producer(url: str) -> AsyncGenerator[Enqueue]:
    """Enqueues as the API does, without the record."""
    async with aclosing(connect(url)) as store:
        queue = JobQueue(store, SharedSettings(redis_url=url))
        yield lambda: queue.enqueue(new_job_id())


def consume(url: str) -> None:
    """A worker as `tailrace.worker.app` makes it, without sweep, catalogue and graphs."""
    asyncio.run(_work(url))


async def _work(url: str) -> None:
    settings = WorkerSettings(redis_url=url)
    store = connect(url, max_connections=settings.slots + 10)
    waiting = connect(url, max_connections=2, block_s=INBOX_S)
    containment = Containment(asyncio.get_running_loop())
    keeper = LeaseKeeper(settings, f"bench-{os.getpid()}", containment)
    async with aclosing(store), aclosing(waiting):
        queue, wakeups = JobQueue(store, settings), Wakeups(waiting, keeper.worker_id)
        worker = LeasedWorker(ArqClient(store), queue, wakeups, keeper, _run, settings)
        containment.begin()
        worker.stop_on_signals()
        keeper.start()
        await worker.async_run()
        keeper.stop()


async def _run(_attempt: Attempt) -> Verdict:
    stamp()
    return Done()
