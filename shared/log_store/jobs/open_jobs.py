"""The jobs without `end`, as the sweep looks through them."""

from collections.abc import Sequence
from dataclasses import dataclass

from tailrace.shared.jobs import JobId, JobStatus
from tailrace.shared.log_store.jobs.job_record import status_of
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import Command, ask_all, members, zrem
from tailrace.shared.redis.connection import Client


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
            StoreUnavailable: the store did not reply.
        """
        return [
            JobId(job_id.decode())
            for job_id in await members(self._redis, keys.open_jobs_of_shard(shard))
        ]

    async def look(self, job_ids: Sequence[JobId]) -> list[OpenJob]:
        """Those jobs as they are now.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        wanted: list[Command] = []
        for job_id in job_ids:
            wanted.append(("HMGET", keys.job(job_id), "status", "attempt", "cancel"))
            wanted.append(("PTTL", keys.job(job_id)))
        replies = await ask_all(self._redis, wanted)
        pairs = zip(job_ids, replies[::2], replies[1::2], strict=True)
        return [_open_job(job_id, fields, ttl_ms) for job_id, fields, ttl_ms in pairs]

    async def forget(self, job_id: JobId) -> None:
        """Take a job whose record is gone off its set.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        await zrem(self._redis, keys.open_jobs(job_id), job_id)


def _open_job(job_id: JobId, fields: list[bytes | None], ttl_ms: int) -> OpenJob:
    status, attempt, cancel = fields
    known = status_of(status) if status else None
    return OpenJob(job_id, known, int(attempt or 0), cancel is not None, ttl_ms)
