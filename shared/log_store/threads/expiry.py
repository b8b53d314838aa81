"""Threads that are to go, and what is left of those that are gone."""

import time
from collections.abc import AsyncGenerator, Sequence
from itertools import islice
from typing import Final

from tailrace.shared.jobs import JobId
from tailrace.shared.log_store.threads.thread_store import unlist
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import Command, ask, ask_all, members
from tailrace.shared.redis.connection import Client
from tailrace.shared.redis.scripts import run_script
from tailrace.shared.threads import ThreadName

JOBS_AT_ONCE: Final = 200
"""Jobs that one step deletes."""
LATE_MS: Final = 86_400_000
"""How much longer than its TTL a thread stays in the store, as in `record.lua`."""

_THREADS_AT_ONCE: Final = 200
_GONE: Final = -2
_NAMES_A_SCAN: Final = 1000


class Expiry:
    """Deletes threads on one log store, and finds those that are to be deleted.

    Raises:
        StoreUnavailable: of every call: it may or may not have been done; it may be made again.
    """

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    async def jobs(self, name: ThreadName) -> list[JobId]:
        """A thread's jobs, oldest first."""
        found = await members(self._redis, keys.of_thread(name)["jobs"])
        return [JobId(job_id.decode()) for job_id in found]

    async def delete(
        self, name: ThreadName, jobs: Sequence[JobId], *, if_expired: bool
    ) -> list[JobId] | None:
        """Delete a thread, and in the same step those of its jobs, `JOBS_AT_ONCE` at most.

        Those that are left; None if there was no such thread.

        Args:
            name: its tenant and id.
            jobs: its jobs.
            if_expired: whether it is only deleted if its time is up.
        """
        there, *left = await run_script(
            self._redis,
            "log_store/threads/delete",
            keys.of_thread_alone(name, jobs[-JOBS_AT_ONCE:]),
            if_expired=int(if_expired),
        )
        return [JobId(job_id.decode()) for job_id in left] if there == b"1" else None

    async def delete_job(self, name: ThreadName, job_id: JobId) -> None:
        """Delete a job that is over from its thread, with the checkpoints that it made.

        Raises:
            ThreadBusy: the job, or another one of the thread, is not over.
            JobNotFound: there is no such job.
        """
        place = keys.of_job(job_id, name)
        await run_script(self._redis, "log_store/threads/delete_job", place, id=job_id)

    async def bury(self, shard: str, jobs: Sequence[JobId]) -> None:
        """Delete jobs that were left of deleted threads."""
        rest = iter(jobs)
        while some := list(islice(rest, JOBS_AT_ONCE)):
            await run_script(self._redis, "log_store/threads/bury", keys.of_remains(shard, some))

    async def remains(self, shard: str) -> list[JobId]:
        """The jobs that are left of a shard's deleted threads."""
        found = await members(self._redis, keys.remains_of_shard(shard))
        return [JobId(job_id.decode()) for job_id in found]

    async def expired(self, shard: str) -> list[ThreadName]:
        """Those whose time is up. What the store has forgotten already leaves the index."""
        due, now = keys.due_of_shard(shard), time.time_ns() // 1_000_000
        told: list[bytes] = await ask(
            self._redis, "ZRANGEBYSCORE", due, "-inf", now, "LIMIT", 0, _THREADS_AT_ONCE
        )
        names = [ThreadName.of(name.decode()) for name in told]
        wanted: list[Command] = [("PTTL", keys.of_thread(name)["record"]) for name in names]
        lives: list[int] = await ask_all(self._redis, wanted) if wanted else []
        later: list[Command] = [
            ("ZADD", due, "XX", now + ttl_ms - LATE_MS, str(name))
            for name, ttl_ms in zip(names, lives, strict=True)
            if ttl_ms > LATE_MS
        ]
        if later:
            await ask_all(self._redis, later)
        pairs = list(zip(names, lives, strict=True))
        await self._forget(shard, [name for name, ttl_ms in pairs if ttl_ms == _GONE])
        return [name for name, ttl_ms in pairs if 0 <= ttl_ms <= LATE_MS]

    async def _forget(self, shard: str, gone: Sequence[ThreadName]) -> None:
        """Take threads out of the index whose records are gone: nothing tells their names there."""
        by_tenant: dict[str, dict[bytes, ThreadName]] = {}
        for name in gone:
            of_tenant = by_tenant.setdefault(name.tenant, {})
            of_tenant[bytes.fromhex(name.id.replace("-", ""))] = name
        for tenant, wanted in by_tenant.items():
            async for some in self._scan(keys.threads_of_shard(shard, tenant)):
                await unlist(
                    self._redis, [(wanted[n[-16:]], [n]) for n in some if n[-16:] in wanted]
                )
        if gone:
            await ask(self._redis, "ZREM", keys.due_of_shard(shard), *map(str, gone))

    async def _scan(self, key: str) -> AsyncGenerator[list[bytes]]:
        """All members of a sorted set, some at a time."""
        cursor = 0
        while True:
            cursor, found = await ask(self._redis, "ZSCAN", key, cursor, "COUNT", _NAMES_A_SCAN)
            yield [name for name, _ in found]
            if not int(cursor):
                return
