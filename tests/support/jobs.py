"""Jobs for tests: a request as the API makes it, a queued job, an attempt that has opened its log.

Owns how a test looks at everything that the store holds of a job.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis

from tailrace.shared.events import Event, LoggedEvent, encode
from tailrace.shared.jobs import DEFAULT_STREAM, Holder, JobId, JobRequest, StreamMode, new_job_id
from tailrace.shared.log_store.blobs.blob_store import BlobStore
from tailrace.shared.log_store.events.event_log import EventLog
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.log_store.journal.journal import JournalStore, JournalStores
from tailrace.shared.redis import keys
from tailrace.shared.settings import SharedSettings

DEFAULTS: Final = SharedSettings()
CONFIG: dict[str, Any] = {"configurable": {}, "tags": [], "recursion_limit": 100}


def request(
    graph: str = "counter",
    value: Any = None,
    stream: Sequence[StreamMode] = DEFAULT_STREAM,
    config: dict[str, Any] | None = None,
) -> JobRequest:
    """A request with every field that the API fills in."""
    return JobRequest(graph, value, CONFIG | (config or {}), tuple(stream))


def custom(value: Any) -> Event:
    """An event as a node writes it."""
    return Event("custom", encode({"ns": [], "data": value}))


@dataclass(frozen=True, slots=True)
class Stores:
    """Both halves of what is kept of jobs, on one client."""

    redis: Redis
    jobs: JobStore
    log: EventLog
    settings: SharedSettings = DEFAULTS

    @property
    def journals(self) -> JournalStores:
        """Where an attempt writes."""
        journal, blobs = (
            JournalStore(self.redis, self.settings),
            BlobStore(self.redis, self.settings),
        )
        return JournalStores(self.log, journal, self.jobs, blobs)

    async def queued(self) -> JobId:
        """A new job."""
        job_id = new_job_id()
        await self.jobs.create(job_id, "tenant", request())
        return job_id

    async def running(self) -> Holder:
        """A new job whose first attempt has opened the log: events 1 and 2 are there."""
        holder = Holder(await self.queued(), 1, "first")
        await self.jobs.open_attempt(holder)
        return holder

    async def kept(self, job_id: JobId) -> tuple[object, object]:
        """The record and the log: equal only if nothing was written in between."""
        redis: Any = self.redis
        return await redis.hgetall(keys.job(job_id)), await redis.xrange(keys.log(job_id))

    async def ttls_ms(self, job_id: JobId) -> tuple[int, int]:
        """How long record and log will live."""
        redis: Any = self.redis
        return await redis.pttl(keys.job(job_id)), await redis.pttl(keys.log(job_id))

    async def is_listed_open(self, job_id: JobId) -> bool:
        """Whether the job counts as one without `end`."""
        redis: Any = self.redis
        return await redis.zscore(keys.open_jobs(job_id), job_id) is not None

    async def fields(self, job_id: JobId) -> dict[str, str]:
        """The record as it is stored."""
        redis: Any = self.redis
        return {k.decode(): v.decode() for k, v in (await redis.hgetall(keys.job(job_id))).items()}

    async def events(self, job_id: JobId) -> list[LoggedEvent]:
        """The whole log, page by page."""
        found: list[LoggedEvent] = []
        while page := await self.log.read(job_id, after=found[-1].seq if found else 0):
            found += page
        return found


def stores(redis: Redis, **settings: float) -> Stores:
    """Job store and log on a client, with settings other than the defaults where given."""
    chosen = SharedSettings.model_validate(settings)
    return Stores(redis, JobStore(redis, chosen), EventLog(redis, chosen), chosen)
