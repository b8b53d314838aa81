"""The real app on a real uvicorn server in the test's own loop, and logs written without a worker.

What a worker does to a log, `Attempt` does directly through `shared`. Processes are `processes`'.
"""

import asyncio
import logging
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import uvicorn

from tailrace.api.app import create_app
from tailrace.api.http.connection import ConnectionProtocol
from tailrace.api.relay.frames import frame
from tailrace.api.settings import ApiSettings
from tailrace.shared.events import Event, LoggedEvent, encode
from tailrace.shared.jobs import FinalStatus, Holder, JobError, JobId, JobRequest, new_job_id
from tailrace.shared.log_store.events.event_log import EventLog
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.queue_store.catalogue import GraphSpec, announce
from tailrace.shared.redis.connection import Client, connect
from tests.support.wait import wait_until

ANY_GRAPH = GraphSpec("any", "Takes anything.", {}, "")
NUMBER_GRAPH = GraphSpec(
    "number",
    "Takes a number.",
    {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]},
    "",
)
GIVE_UP_S = 15.0
"""For requests whose connections are gone; far below what a caller may wait for."""


class Errors(logging.Handler):
    """Collects what the service logs as an error: a test that provokes none must see none."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.msg != "ASGI callable returned without completing response.":
            self.records.append(record)

    def take(self) -> list[logging.LogRecord]:
        """What was logged so far; the test has seen it, and it counts no more."""
        taken, self.records = self.records, []
        return taken


@dataclass(slots=True)
class Attempt:
    """One attempt at a job, which writes its log as a worker would."""

    log: EventLog
    holder: Holder
    seq: int

    @property
    def job_id(self) -> JobId:
        return self.holder.job_id

    @property
    def events_path(self) -> str:
        return f"/jobs/{self.job_id}/events"

    async def append(self, *values: object) -> None:
        """Append a `custom` event for each value, all in one batch."""
        batch = [Event("custom", encode({"ns": [], "data": value})) for value in values]
        self.seq = await self.log.append(self.holder, self.seq + 1, batch)

    async def close(
        self,
        status: FinalStatus = "succeeded",
        *,
        result: bytes | None = None,
        error: JobError | None = None,
    ) -> None:
        """Append `end`."""
        await self.log.close(self.holder, self.seq + 1, status, result=result, error=error)
        self.seq += 1

    async def events(self) -> list[LoggedEvent]:
        """The whole log as the store holds it."""
        return await self.log.read(self.job_id, 0, limit=1_000_000)

    async def frames(self, after: int = 0) -> bytes:
        """What a listener that has everything up to `after` should get of the log."""
        return b"".join(frame(e) for e in await self.events() if e.seq > after)


@dataclass(frozen=True, slots=True)
class Logs:
    """Jobs without a worker."""

    store: Client
    jobs: JobStore
    log: EventLog

    async def queued(self, tenant: str = "default") -> JobId:
        """A job that nobody has taken yet."""
        job_id = new_job_id()
        await self.jobs.create(job_id, tenant, JobRequest("any", {}))
        return job_id

    async def opened(self, tenant: str = "default") -> Attempt:
        """A job whose first attempt has begun: its log holds two `status` events."""
        return await self.taken(await self.queued(tenant))

    async def taken(self, job_id: JobId, attempt: int = 1) -> Attempt:
        """An attempt at this job that has begun."""
        holder = Holder(job_id, attempt, secrets.token_hex(16))
        job = await self.jobs.open_attempt(holder)
        return Attempt(self.log, holder, job.seq)

    async def ended(self, *values: object, tenant: str = "default") -> Attempt:
        """A job that is over, with a `custom` event for each value."""
        attempt = await self.opened(tenant)
        if values:
            await attempt.append(*values)
        await attempt.close(result=b'{"done":true}')
        return attempt

    async def has_waiting_reader(self) -> None:
        """Wait until somebody waits at the end of a log."""

        async def blocked() -> bool:
            return int((await self.store.info("clients"))["blocked_clients"]) > 0

        await wait_until(blocked, "a reader of logs to wait")

    async def announce(self, *graphs: GraphSpec) -> None:
        """Say that a worker lives that serves these graphs."""
        await announce(self.store, "worker-of-a-test", graphs or (ANY_GRAPH, NUMBER_GRAPH))


@dataclass(frozen=True, slots=True)
class Api:
    """A running API."""

    settings: ApiSettings
    port: int
    errors: Errors = field(default_factory=Errors)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@asynccontextmanager
async def writing(store_url: str) -> AsyncGenerator[Logs]:
    """A writer of logs on a store."""
    settings = ApiSettings(redis_url=store_url)
    store = connect(store_url)
    try:
        yield Logs(store, JobStore(store, settings), EventLog(store, settings))
    finally:
        await store.aclose()


@asynccontextmanager
async def serving(settings: ApiSettings) -> AsyncGenerator[Api]:
    """The app on a free port of loopback; fails if it logs an error that the test did not take."""
    config = uvicorn.Config(
        create_app(settings),
        http=ConnectionProtocol,
        log_config=None,
        access_log=False,
        server_header=False,
    )
    config.load()
    config.port = 0
    server = uvicorn.Server(config)
    server.lifespan = config.lifespan_class(config)
    errors = Errors()
    logging.getLogger().addHandler(errors)
    try:
        await server.startup()
        await server.on_tick(0)
        yield Api(settings, _port(server), errors)
    finally:
        await _stop(server)
        logging.getLogger().removeHandler(errors)
    messages = [f"{r.getMessage()}: {r.exc_info and r.exc_info[1]!r}" for r in errors.records]
    assert not messages, f"the service logged errors: {messages}"


def _port(server: uvicorn.Server) -> int:
    return int(server.servers[0].sockets[0].getsockname()[1])


async def _stop(server: uvicorn.Server) -> None:
    """End at once what `Server.shutdown` would wait for in steps of a tenth of a second."""
    for listener in server.servers:
        listener.close()
    for connection in list(server.server_state.connections):
        connection.transport.abort()
    if tasks := list(server.server_state.tasks):
        _, pending = await asyncio.wait(tasks, timeout=GIVE_UP_S)
        assert not pending, f"requests outlive their connections: {pending}"
    await server.lifespan.shutdown()
