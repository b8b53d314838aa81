"""The jobs without `end`, as the sweep looks through them."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from tailrace.shared.jobs import JobId, JobStatus
from tailrace.shared.log_store.jobs.job_record import status_of
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import Command, ask_all, members, zrem
from tailrace.shared.redis.connection import Client
from tailrace.shared.threads import ThreadName

_FIELDS: Final = ("status", "attempt", "cancel", "thread", "order")
_THREAD: Final = 3
_AT_ONCE: Final = 100


class _Place(NamedTuple):
    """Where a job is on its thread."""

    in_line: bool
    cut: int
    """Jobs of a lower order have been told to end."""


_NO_PLACE: Final = _Place(in_line=False, cut=0)


@dataclass(frozen=True, slots=True)
class OpenJob:
    """What the sweep has to know of a job."""

    id: JobId
    status: JobStatus | None
    """None where the record is gone."""
    attempt: int
    cancel_requested: bool
    ttl_ms: int
    in_line: bool = False
    """Whether another job of its thread comes first: then it belongs in no queue."""


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
            wanted.append(("HMGET", keys.job(job_id), *_FIELDS))
            wanted.append(("PTTL", keys.job(job_id)))
        replies = await ask_all(self._redis, wanted)
        found = list(zip(job_ids, replies[::2], replies[1::2], strict=True))
        threads = {job_id: fields[_THREAD] for job_id, fields, _ in found if fields[_THREAD]}
        places = await self._places(threads)
        return [_open_job(*told, places.get(told[0], _NO_PLACE)) for told in found]

    async def _places(self, threads: Mapping[JobId, bytes]) -> dict[JobId, _Place]:
        """Where jobs are on their threads."""
        wanted: list[Command] = []
        for job_id, name in threads.items():
            thread = keys.of_thread(ThreadName.of(name.decode()))
            wanted.append(("HMGET", thread["record"], "running", "cut"))
            wanted.append(("ZRANK", thread["line"], job_id))
        replies = await ask_all(self._redis, wanted) if wanted else []
        told = zip(threads, replies[::2], replies[1::2], strict=True)
        return {
            job_id: _Place(rank is not None and (running is not None or rank > 0), int(cut or 0))
            for job_id, (running, cut), rank in told
        }

    async def owed(self, for_ms: int) -> list[JobId]:
        """The jobs that have been next on their threads for so long, and have not begun.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        until = time.time_ns() // 1_000_000 - for_ms
        wanted: list[Command] = [
            ("ZRANGEBYSCORE", keys.heads_of_shard(shard), "-inf", until, "LIMIT", 0, _AT_ONCE)
            for shard in keys.SHARDS
        ]
        return [
            JobId(job_id.decode())
            for found in await ask_all(self._redis, wanted)
            for job_id in found
        ]

    async def forget(self, job_id: JobId) -> None:
        """Take a job whose record is gone off its set.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        await zrem(self._redis, keys.open_jobs(job_id), job_id)


def _open_job(job_id: JobId, fields: list[bytes | None], ttl_ms: int, place: _Place) -> OpenJob:
    status, attempt, cancel, _, order = fields
    known = status_of(status) if status else None
    cancelled = cancel is not None or int(order or 0) < place.cut
    return OpenJob(job_id, known, int(attempt or 0), cancelled, ttl_ms, place.in_line)
