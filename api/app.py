"""The API as an ASGI app: what it consists of, and what it holds while it runs."""

import asyncio
import logging
import os
import secrets
import signal
import socket
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypedDict

from fastapi import FastAPI
from starlette.middleware import Middleware
from starlette.types import ASGIApp

from tailrace.api.adapters.langgraph.app import langgraph_app
from tailrace.api.auth.keys import Keyring, TicketOffice
from tailrace.api.catalogue.graphs import Graphs
from tailrace.api.dependencies import Services
from tailrace.api.http.middleware import (
    DeferredStreams,
    ErrorBoundary,
    SafeHeaders,
    cross_origin,
)
from tailrace.api.http.problems import HANDLERS
from tailrace.api.relay.relay import Relay
from tailrace.api.relay.response import EventStreamResponse
from tailrace.api.routes import blobs, console, events, graphs, health, jobs, threads
from tailrace.api.settings import ApiSettings
from tailrace.shared.log_store.blobs.blob_store import BlobStore
from tailrace.shared.log_store.checkpoints.snapshots import SnapshotReader
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.log_store.jobs.open_jobs import OpenJobs
from tailrace.shared.log_store.jobs.presence import Presence
from tailrace.shared.log_store.threads.expiry import Expiry
from tailrace.shared.log_store.threads.thread_search import ThreadSearch
from tailrace.shared.log_store.threads.thread_store import ThreadStore
from tailrace.shared.process.tasks import cancel_and_wait
from tailrace.shared.queue_store.idempotency import IdempotencyKeys
from tailrace.shared.queue_store.queue.job_queue import JobQueue
from tailrace.shared.redis.connection import connect
from tailrace.shared.removal import Removal
from tailrace.shared.sweep import Sweep

logger = logging.getLogger(__name__)


class State(TypedDict):
    """What the lifespan hands to every request."""

    services: Services


def create_app(settings: ApiSettings) -> ASGIApp:
    """Build the app; it connects when its lifespan starts."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[State]:
        async with AsyncExitStack() as stack:
            yield {"services": await _open_services(stack, settings)}

    app = FastAPI(
        title="Tailrace",
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        exception_handlers=HANDLERS,
        middleware=[
            *cross_origin(settings.cors_origins),
            Middleware(SafeHeaders),
            Middleware(ErrorBoundary),
        ],
        redirect_slashes=False,
    )
    app.router.routes += [events.ROUTE, threads.EVENTS]
    for module in (jobs, threads, blobs, graphs, health, console):
        app.include_router(module.router)
    app.mount("/langgraph", langgraph_app())
    return DeferredStreams(app)


async def _open_services(stack: AsyncExitStack, settings: ApiSettings) -> Services:
    queue_store = connect(settings.redis_url)
    log_store = connect(settings.log_store_url)
    for client in (queue_store, log_store):
        stack.push_async_callback(client.aclose)
    records, relay = JobStore(log_store, settings), Relay(log_store, settings)
    tasks = await stack.enter_async_context(asyncio.TaskGroup())
    queue = JobQueue(queue_store, settings)
    process_id = f"{socket.gethostname()}-{os.getpid()}-{secrets.token_hex(4)}"
    open_jobs = OpenJobs(log_store)
    sweep = Sweep(records, open_jobs, queue, process_id)
    presence = Presence(log_store, settings.heartbeat_s, 2 * settings.connection_age_s)
    for work in (
        relay.run(),
        sweep.run(),
        presence.run(),
        _drain_at_shutdown(relay, settings.drain_s),
    ):
        task = tasks.create_task(work)
        task.add_done_callback(_exit_if_crashed)
        stack.push_async_callback(cancel_and_wait, task)
    secret = settings.secret
    return Services(
        settings=settings,
        stores=(queue_store, log_store),
        jobs=records,
        presence=presence,
        blobs=BlobStore(log_store, settings),
        threads=ThreadStore(log_store, settings),
        snapshots=SnapshotReader(log_store),
        search=ThreadSearch(log_store),
        removal=Removal(records, open_jobs, queue, Expiry(log_store)),
        queue=queue,
        idempotency=IdempotencyKeys(queue_store, settings, settings.idempotency_ttl_s),
        graphs=Graphs(queue_store),
        relay=relay,
        keyring=Keyring(settings.api_keys),
        tickets=TicketOffice(
            secret.get_secret_value().encode() if secret else None, settings.ticket_ttl_s
        ),
    )


async def _drain_at_shutdown(relay: Relay, drain_s: float) -> None:
    await EventStreamResponse.shutdown()
    await relay.hub.drain(drain_s)


def _exit_if_crashed(task: "asyncio.Task[None]") -> None:
    """End a process whose relay or sweep has crashed: its supervisor starts another one."""
    if not task.cancelled() and (error := task.exception()) is not None:
        logger.critical("a part of the service crashed", exc_info=error)
        signal.raise_signal(signal.SIGTERM)
