"""Services for tests of faults: short leases, graphs that misbehave, and stores of their own.

The queue and the log may live in two stores, so that a test can freeze one between two calls.
"""

import os
import signal
from collections.abc import AsyncGenerator, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson

from tailrace.deploy.local.store import EmbeddedStore
from tailrace.shared.events import LoggedEvent
from tailrace.shared.jobs import FINAL, JobId
from tailrace.shared.log_store.events.event_log import EventLog
from tailrace.shared.redis.connection import Client, connect
from tailrace.shared.settings import SharedSettings
from tests.support.leased import GRAPHS
from tests.support.processes import Service, running_service
from tests.support.store import embedded_store
from tests.support.wait import wait_until

LEASE_S = 2.0
DONE_S = 20.0
ENV = {
    "TAILRACE_GRAPHS": str(GRAPHS),
    "TAILRACE_LEASE_S": str(LEASE_S),
    "TAILRACE_RENEWAL_S": "0.2",
    "TAILRACE_BACKOFF_S": "0.05",
    "TAILRACE_GRACE_S": "0",
    "TAILRACE_HEARTBEAT_S": "1",
}


@dataclass(frozen=True)
class Faulty:
    """A running service, its client, and its log as the store has it."""

    service: Service
    log_store: EmbeddedStore
    client: httpx.AsyncClient
    redis: Client

    async def post(self, graph: str, value: Any = None, **more: Any) -> JobId:
        """An acknowledged job."""
        answer = await self.try_post(graph, value, **more)
        assert answer.status_code == 202, answer.text
        return JobId(answer.json()["id"])

    async def try_post(self, graph: str, value: Any = None, **more: Any) -> httpx.Response:
        """Whatever a POST answers."""
        return await self.client.post("/jobs", json={"graph": graph, "input": value or {}, **more})

    async def job(self, job_id: JobId) -> dict[str, Any]:
        """The job as the API tells it."""
        return (await self.client.get(f"/jobs/{job_id}")).json()

    async def events(self, job_id: JobId) -> list[LoggedEvent]:
        """The log as the store has it."""
        return await EventLog(self.redis, SharedSettings()).read(job_id, 0, limit=1_000_000)

    async def has_said(self, job_id: JobId, words: str, timeout_s: float = DONE_S) -> None:
        """Wait until the log holds these words."""

        async def said() -> bool:
            return any(words.encode() in event.data for event in await self.events(job_id))

        await wait_until(said, f"{words!r} in the log of {job_id}", timeout_s)

    async def ended(self, job_id: JobId, timeout_s: float = DONE_S) -> dict[str, Any]:
        """The data of the one `end` of a log without a hole."""

        async def is_closed() -> list[LoggedEvent] | None:
            events = await self.events(job_id)
            return events if events and events[-1].name == "end" else None

        events = await wait_until(is_closed, f"the end of {job_id}", timeout_s)
        assert events is not None
        assert [event.seq for event in events] == list(range(1, len(events) + 1))
        assert [event.name for event in events].count("end") == 1
        return orjson.loads(events[-1].data)

    async def reasons(self, job_id: JobId) -> list[str]:
        """Why the job was run again, each time."""
        told = [orjson.loads(e.data) for e in await self.events(job_id) if e.name == "status"]
        return [data["reason"] for data in told if data["status"] == "running" and "reason" in data]

    async def is_final(self, job_id: JobId) -> bool:
        """Whether the API says that the job has ended."""
        return (await self.job(job_id))["status"] in FINAL


@asynccontextmanager
async def faulty(
    folder: Path, workers: int = 1, *, two_stores: bool = False, **env: str
) -> AsyncGenerator[Faulty]:
    """A service with short leases; with `two_stores`, `service.store` is the queue's alone."""
    with _log_store(folder, two_stores) as log_store:
        urls = {"TAILRACE_LOG_REDIS_URL": log_store.url} if log_store else {}
        async with running_service(folder, {**ENV, **urls, **env}, workers) as service:
            store = log_store or service.store
            redis = connect(store.url)
            try:
                async with httpx.AsyncClient(base_url=service.url, timeout=DONE_S) as client:
                    with service.output_printed():
                        yield Faulty(service, store, client, redis)
            finally:
                await redis.aclose()
                for each in (store, service.store):
                    _thaw(each)


@contextmanager
def _log_store(folder: Path, wanted: bool) -> Generator[EmbeddedStore | None]:
    if not wanted:
        yield None
        return
    with embedded_store(folder / "log") as store:
        yield store


@contextmanager
def frozen(store: EmbeddedStore) -> Generator[None]:
    """The store answers nobody inside the block, and knows nothing of that afterwards."""
    os.kill(store.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        _thaw(store)


def _thaw(store: EmbeddedStore) -> None:
    os.kill(store.pid, signal.SIGCONT)
