"""The worker process: its parts, and what runs besides the jobs."""

import asyncio
import logging
import os
import secrets
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AsyncExitStack
from functools import partial
from typing import Final

from tailrace.shared.errors import StoreUnavailable
from tailrace.shared.log_store.blobs.blob_store import BlobStore
from tailrace.shared.log_store.events.event_log import EventLog
from tailrace.shared.log_store.items.item_store import reap
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.log_store.jobs.open_jobs import OpenJobs
from tailrace.shared.log_store.journal.journal import JournalStore, JournalStores
from tailrace.shared.log_store.threads.expiry import Expiry
from tailrace.shared.process.garbage import freeze_startup_objects
from tailrace.shared.process.tasks import cancel_and_wait
from tailrace.shared.project.file import read_project
from tailrace.shared.project.lives import refuse_longer_lives
from tailrace.shared.queue_store import catalogue
from tailrace.shared.queue_store.catalogue import BEAT_S
from tailrace.shared.queue_store.queue.job_queue import INBOX_S, ArqClient, JobQueue, Wakeups
from tailrace.shared.redis.commands import ping
from tailrace.shared.redis.connection import Client, connect
from tailrace.shared.removal import Removal
from tailrace.shared.sweep import Sweep
from tailrace.worker.attempt.execution import Execution
from tailrace.worker.attempt.runner import Runner
from tailrace.worker.attempt.unserved import Unserved
from tailrace.worker.catalogue.description import (
    Description,
    describe,
    describe_broken,
    describe_broken_to_developer,
)
from tailrace.worker.catalogue.registry import Registry, load_registry
from tailrace.worker.checkpoints.checkpoints import Checkpoints
from tailrace.worker.leases.consumer import LeasedWorker
from tailrace.worker.leases.containment import Containment
from tailrace.worker.leases.lease_keeper import LeaseKeeper
from tailrace.worker.runtime.retry import until_stored
from tailrace.worker.settings import WorkerSettings
from tailrace.worker.store.graph_store import GraphStores
from tailrace.worker.store.meaning import load_index

logger = logging.getLogger(__name__)

_ALIVE_S: Final = 3 * BEAT_S
_REAP_EVERY_S: Final = 60.0


async def serve(settings: WorkerSettings) -> None:
    """Take jobs until SIGTERM or SIGINT, then finish or hand them back.

    Raises:
        ConfigurationError: the project file is wrong, or needs something that is not supported.
        StoreUnavailable: the store could not be reached within half a minute.
    """
    loop = asyncio.get_running_loop()
    loop.set_default_executor(ThreadPoolExecutor(settings.threads, "node"))
    project = read_project(settings.graphs)
    refuse_longer_lives(project, settings)
    # In a thread: a module may run an event loop of its own when it is imported.
    registry = await asyncio.to_thread(load_registry, project)
    index = await asyncio.to_thread(load_index, project)
    remember = partial(GraphStores, life=project.store.ttl, index=index)
    told = describe_broken_to_developer if settings.show_errors else describe_broken
    served = [await describe(source) for source in registry]
    served += [Description(told(graph)) for graph in registry.broken.values()]
    worker_id = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    async with AsyncExitStack() as stack:
        stores = await _stores(stack, settings)
        await _work(stores, worker_id, registry, served, settings, remember)


async def _work(
    clients: tuple[Client, Client, Client],
    worker_id: str,
    registry: Registry,
    served: Sequence[Description],
    settings: WorkerSettings,
    remember: Callable[[Client], GraphStores],
) -> None:
    queue_store, log_store, wake_store = clients
    queue, jobs = JobQueue(queue_store, settings), JobStore(log_store, settings)
    open_jobs = OpenJobs(log_store)
    stores = JournalStores(
        EventLog(log_store, settings),
        JournalStore(log_store, settings),
        jobs,
        BlobStore(log_store, settings),
    )
    unserved = Unserved(registry, queue_store, settings)
    checkpoints = Checkpoints(log_store, settings)
    execution = Execution(registry, checkpoints, settings, unserved, remember(log_store))
    runner = Runner(execution, stores, worker_id)
    wakeups = Wakeups(wake_store, worker_id)
    containment = Containment(asyncio.get_running_loop())
    keeper = LeaseKeeper(settings, worker_id, containment)
    worker = LeasedWorker(ArqClient(queue_store), queue, wakeups, keeper, runner.run, settings)
    containment.begin()
    worker.stop_on_signals()
    keeper.start()
    freeze_startup_objects()
    await _announce(queue_store, worker_id, served)
    _say_ready(registry)
    async with asyncio.TaskGroup() as tasks:
        beside = (
            _beat(queue_store, worker_id, served, lambda: worker.replied_at),
            Sweep(jobs, open_jobs, queue, worker_id).run(),
            _reap(log_store, Removal(jobs, open_jobs, queue, Expiry(log_store))),
        )
        running = [tasks.create_task(work) for work in beside]
        await worker.async_run()
        await cancel_and_wait(*running)
    keeper.stop()
    try:
        await catalogue.leave(queue_store, worker_id, [one.spec for one in served])
    except StoreUnavailable as error:
        logger.warning(
            "worker not taken out of the catalogue, its entry will expire",
            extra={"reason": str(error)},
        )
    logger.info("worker stopped")


def _say_ready(registry: Registry) -> None:
    fields = {"graphs": [source.name for source in registry]}
    if registry.broken:
        fields["broken"] = list(registry.broken)
    logger.info("worker ready", extra=fields)


async def _stores(stack: AsyncExitStack, settings: WorkerSettings) -> tuple[Client, Client, Client]:
    # A connection for each slot's writes, and ten for the rest.
    size = settings.slots + 10
    queue_store = connect(settings.redis_url, max_connections=size)
    log_store = connect(settings.log_store_url, max_connections=2 * size)
    wake_store = connect(settings.redis_url, max_connections=2, block_s=INBOX_S)
    for client in (queue_store, log_store, wake_store):
        stack.push_async_callback(client.aclose)
    for client in (queue_store, log_store):
        await until_stored(partial(ping, client))
    return queue_store, log_store, wake_store


async def _beat(
    redis: Client, worker_id: str, served: Sequence[Description], replied_at: Callable[[], float]
) -> None:
    """Announce this worker for as long as the queue replies to it."""
    while True:
        await asyncio.sleep(BEAT_S)
        if time.monotonic() - replied_at() > _ALIVE_S:
            continue
        try:
            await _announce(redis, worker_id, served)
        except StoreUnavailable as error:
            logger.warning("heartbeat not stored", extra={"reason": str(error)})


async def _announce(redis: Client, worker_id: str, served: Sequence[Description]) -> None:
    details = {one.spec.details: one.details for one in served if one.spec.details and one.details}
    await catalogue.announce(redis, worker_id, [one.spec for one in served], details)


async def _reap(redis: Client, removal: Removal) -> None:
    """Delete expired items and threads, also in shards that nobody uses."""
    while True:
        await asyncio.sleep(_REAP_EVERY_S)
        try:
            await reap(redis)
            await removal.reap()
        except StoreUnavailable as error:
            logger.warning("expired items or threads not deleted", extra={"reason": str(error)})
