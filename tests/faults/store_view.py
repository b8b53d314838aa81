"""What the store itself says: who holds what, who has announced himself, and the final state.

Read past every link, so that no fault of the run stands between; a restart is waited out.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, TypeVar, cast

from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from tailrace.shared.jobs import JobId
from tailrace.shared.redis import keys
from tailrace.shared.threads import ThreadName

QUEUE_KEYS: Final = ("arq:job:", "arq:in-progress:")
"""What the queue keeps of a job for as long as it waits or runs."""
AWAY_S: Final = 30.0
"""A restart of the store takes a second or two."""
PAUSE_S: Final = 0.05


T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Held:
    """A job in the hands of a worker."""

    job_id: JobId
    attempt: int


@dataclass(frozen=True, slots=True)
class Logged:
    """One event of a log."""

    seq: int
    name: str
    data: bytes


@dataclass(frozen=True, slots=True)
class Kept:
    """What is asked of a record."""

    status: str
    """Empty where there is no record."""
    cancel_took_s: float | None
    """From the wish to the end; None where nobody wished it."""


@dataclass(frozen=True, slots=True)
class Indexed:
    """One write to the log of a thread's job."""

    number: int
    """Of its last event, in the thread's log."""
    job_id: JobId
    first: int
    last: int


class StoreView:
    """The store, seen from beside."""

    def __init__(self, url: str) -> None:
        self._redis: Any = Redis.from_url(url, socket_timeout=5)

    async def aclose(self) -> None:
        await self._redis.aclose()

    async def held(self) -> dict[int, list[Held]]:
        """All leases by the process id of their owner."""
        return await _insist(self._held)

    async def _held(self) -> dict[int, list[Held]]:
        async with self._redis.pipeline(transaction=True) as pipe:
            pipe.hgetall(keys.OWNERS).hgetall(keys.ATTEMPTS)
            owners, attempts = await pipe.execute()
        found: dict[int, list[Held]] = {}
        for arq_id, owner in owners.items():
            held = Held(keys.job_of_arq_id(arq_id), int(attempts[arq_id]))
            found.setdefault(_pid(owner), []).append(held)
        return found

    async def announced(self) -> set[int]:
        """Process ids of the workers that have announced themselves."""
        workers = await _insist(lambda: self._redis.zrange(keys.WORKERS, 0, -1))
        return {_pid(worker) for worker in workers}

    async def log(self, job_id: JobId) -> list[Logged]:
        """The whole log of a job."""
        entries = await self._redis.xrange(keys.log(job_id))
        return [
            Logged(int(seq.split(b"-")[0]), fields[b"e"].decode(), fields[b"d"])
            for seq, fields in entries
        ]

    async def kept(self, job_id: JobId) -> Kept:
        """What the job's record says."""
        names = ("status", "cancel", "ended_at")
        status, cancel_ms, ended_at = await self._redis.hmget(keys.job(job_id), names)
        delay_s = seconds(ended_at.decode()) - int(cancel_ms) / 1000 if cancel_ms else None
        return Kept((status or b"").decode(), delay_s)

    async def thread(self, name: ThreadName) -> tuple[list[JobId], list[Indexed]]:
        """The jobs of a thread in the order in which they came, and the index of its log."""
        thread = keys.of_thread(name)
        jobs = await self._redis.zrange(thread["jobs"], 0, -1)
        entries = await self._redis.xrange(thread["log"])
        return [JobId(job.decode()) for job in jobs], [
            Indexed(
                int(number.split(b"-")[0]),
                JobId(fields[b"j"].decode()),
                int(fields[b"f"]),
                int(fields[b"l"]),
            )
            for number, fields in entries
        ]

    async def leftovers(self) -> list[str]:
        """What the queue and the sets of open jobs still hold."""
        found = [key.decode() async for key in self._redis.scan_iter(count=1000)]
        left = [key for key in found if key.startswith(QUEUE_KEYS)]
        for key in (keys.QUEUE, keys.CANCELLED, *map(keys.open_jobs_of_shard, keys.SHARDS)):
            members = cast("list[bytes]", await self._redis.zrange(key, 0, -1))
            left += [f"{key} {member.decode()}" for member in members]
        for key in (keys.OWNERS, keys.ATTEMPTS):
            left += [f"{key} {field.decode()}" for field in await self._redis.hkeys(key)]
        return left


def seconds(at: str) -> float:
    """Seconds since 1970 of a time as the service writes it."""
    return datetime.fromisoformat(at).timestamp()


async def _insist(ask: Callable[[], Awaitable[T]]) -> T:
    """Ask until the store answers."""
    async with asyncio.timeout(AWAY_S):
        while True:
            try:
                return await ask()
            except (RedisConnectionError, RedisTimeoutError):
                await asyncio.sleep(PAUSE_S)


def _pid(worker_id: bytes) -> int:
    """A worker's id is host, process id and a random word."""
    return int(worker_id.rsplit(b"-", 2)[1])
