"""The jobs without `end`, as the sweep looks through them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

from tailrace.shared.jobs import JobId, JobStatus
from tailrace.shared.redis import keys
from tailrace.shared.redis.connection import Client, store_errors


@dataclass(frozen=True, slots=True)
class OpenJob:
    """What the sweep has to know of a job."""

    id: JobId
    status: JobStatus | None
    """None where the record is gone."""
    attempt: int
    cancel_requested: bool
    ttl_ms: int


class OpenJobs:
    """The sets of open jobs on one log store."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    async def ids(self, shard: str) -> list[JobId]:
        """The open jobs of a shard, oldest first.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        with store_errors():
            ids = await cast("Any", self._redis).zrange(keys.open_jobs_of_shard(shard), 0, -1)
        return [JobId(i.decode()) for i in ids]

    async def look(self, job_ids: Sequence[JobId]) -> list[OpenJob]:
        """Those jobs as they are now.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        with store_errors():
            async with self._redis.pipeline(transaction=False) as pipe:
                for job_id in job_ids:
                    cast("Any", pipe).hmget(keys.job(job_id), "status", "attempt", "cancel")
                    cast("Any", pipe).pttl(keys.job(job_id))
                replies = await pipe.execute()
        pairs = zip(job_ids, replies[::2], replies[1::2], strict=True)
        return [_open_job(job_id, fields, ttl_ms) for job_id, fields, ttl_ms in pairs]

    async def forget(self, job_id: JobId) -> None:
        """Take a job whose record is gone off its set.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        with store_errors():
            await cast("Any", self._redis).zrem(keys.open_jobs(job_id), job_id)


def _open_job(job_id: JobId, fields: list[bytes | None], ttl_ms: int) -> OpenJob:
    status, attempt, cancel = fields
    known = cast("JobStatus", status.decode()) if status else None
    return OpenJob(job_id, known, int(attempt or 0), cancel is not None, ttl_ms)
