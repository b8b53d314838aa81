"""Threads' records: make, read, change, copy. What runs on a thread is job_store's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, Final, cast

from tailrace.shared import terms
from tailrace.shared.errors import StoreUnavailable, ThreadNotFound
from tailrace.shared.events import decode, encode
from tailrace.shared.jobs import Job, JobId
from tailrace.shared.log_store.jobs.job_record import job_of
from tailrace.shared.log_store.results import with_result
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import Command, ask, ask_all, copy, hgetall
from tailrace.shared.redis.connection import Client, slots_of
from tailrace.shared.redis.scripts import Call, fields, run_script, run_scripts
from tailrace.shared.settings import SharedSettings
from tailrace.shared.threads import Thread, ThreadId, ThreadName, ThreadStatus

_FIELDS: Final = ("status", "created_at", "updated_at", "metadata")
_TRIES: Final = 20
"""How often a thread's metadata may change while a call is on its way."""


@dataclass(frozen=True, slots=True)
class Made:
    """A thread, and whether this call has made it."""

    thread: Thread
    new: bool


@dataclass(frozen=True, slots=True)
class JobsPage:
    """Some of a thread's jobs, the newest first."""

    jobs: Sequence[Job]
    before: int | None
    """Where the next page begins; None: that is all."""


class ThreadStore:
    """Records of threads.

    Raises:
        StoreUnavailable: of every call: it may or may not have been done; it may be made again.
    """

    def __init__(self, redis: Client, settings: SharedSettings) -> None:
        self._redis = redis
        self._ttl_s = settings.thread_ttl_s

    async def create(
        self, name: ThreadName, metadata: Mapping[str, Any], ttl_s: float | None = None
    ) -> Made:
        """Make a thread, or read the one that is there.

        Args:
            name: its tenant and id.
            metadata: of a new thread.
            ttl_s: how long a new thread is kept after its last use; None: as the settings say.
        """
        new, *record = await run_script(
            self._redis,
            "log_store/threads/create",
            keys.of_thread_alone(name),
            metadata=encode(metadata),
            terms=terms.of_metadata(metadata),
            ttl_ms=_ms(self._ttl_s if ttl_s is None else ttl_s),
        )
        return Made(thread_of(name, fields(record)), new == b"1")

    async def get(self, name: ThreadName) -> Thread:
        """Read a record.

        Raises:
            ThreadNotFound: there is none, or no longer.
        """
        record = await hgetall(self._redis, keys.thread_record(name))
        if not record:
            raise ThreadNotFound
        return thread_of(name, record)

    async def patch(
        self, name: ThreadName, metadata: Mapping[str, Any], ttl_s: float | None = None
    ) -> Thread:
        """Add to a thread's metadata; a value that is there already is replaced.

        Args:
            name: its tenant and id.
            metadata: what is new.
            ttl_s: how long it is kept after its last use from now on; None: as before.

        Raises:
            ThreadNotFound: there is no such thread.
        """
        record = keys.thread_record(name)
        for _ in range(_TRIES):
            was: bytes | None = await ask(self._redis, "HGET", record, "metadata")
            if was is None:
                raise ThreadNotFound
            merged = {**decode(was), **metadata}
            [done] = await run_script(
                self._redis,
                "log_store/threads/patch",
                keys.of_thread_alone(name),
                was=was,
                metadata=encode(merged),
                terms=terms.of_metadata(merged),
                ttl_ms="" if ttl_s is None else _ms(ttl_s),
            )
            if done == b"1":
                return await self.get(name)
        raise StoreUnavailable("the thread's metadata changes too fast")

    async def prune(self, name: ThreadName) -> bool:
        """Keep a thread's newest state, and no earlier one.

        Returns:
            Whether it was done. A job that has the thread's turn may go back to an earlier state,
            so nothing is removed meanwhile.

        Raises:
            ThreadNotFound: there is no such thread.
        """
        place = keys.of_thread_alone(name)
        [done] = await run_script(self._redis, "log_store/threads/prune", place)
        return done == b"1"

    async def copy(self, source: ThreadName, target: ThreadName) -> Thread:
        """Make a thread with the metadata and the state of another one, and no jobs. Repeatable.

        Raises:
            ThreadNotFound: there is no such thread to be copied.
        """
        thread = await self.get(source)
        # The state first: a thread that is there has all of it.
        from_, to = keys.checkpoints(str(source)), keys.checkpoints(str(target))
        await copy(self._redis, from_, to, _ms(self._ttl_s))
        return (await self.create(target, thread.metadata)).thread

    async def jobs(self, name: ThreadName, limit: int, before: int | None = None) -> JobsPage:
        """A thread's jobs, the newest first.

        Args:
            name: its tenant and id.
            limit: how many.
            before: what the page before this one has said.
        """
        last = "+inf" if before is None else f"({before}"
        found: list[tuple[bytes, float]] = await ask(
            self._redis,
            *("ZREVRANGEBYSCORE", keys.of_thread(name)["jobs"], last, "-inf"),
            *("WITHSCORES", "LIMIT", 0, limit),
            withscores=True,
        )
        ids = [JobId(job_id.decode()) for job_id, _ in found]
        wanted: list[Command] = [("HGETALL", keys.job(job_id)) for job_id in ids]
        records = await ask_all(self._redis, wanted) if wanted else []
        jobs: list[Job] = []
        for job_id, record in zip(ids, records, strict=True):
            if record:  # A job's record may be gone before its thread is.
                told = {field.decode(): value for field, value in record.items()}
                jobs.append(job_of(job_id, await with_result(self._redis, told)))
        return JobsPage(jobs, int(found[-1][1]) if len(found) == limit else None)


async def read_threads(redis: Client, names: Sequence[ThreadName]) -> list[Thread | None]:
    """Several records in one round; None where there is none.

    Raises:
        StoreUnavailable: the store did not reply.
    """
    by_shard: dict[str, list[ThreadName]] = {}
    for name in names:
        by_shard.setdefault(name.id[-1], []).append(name)
    together = [
        [n for shard in some for n in by_shard[shard]] for some in slots_of(redis, by_shard)
    ]
    calls = [Call({"RECORDS": [*map(keys.thread_record, some)]}, {}) for some in together]
    replies = await run_scripts(redis, "log_store/threads/read", calls) if calls else []
    found: dict[ThreadName, Thread] = {}
    for some, reply in zip(together, replies, strict=True):
        records = zip(*[iter(reply)] * len(_FIELDS), strict=True)
        for name, told in zip(some, records, strict=True):
            if told[0]:
                found[name] = thread_of(name, dict(zip(_FIELDS, told, strict=True)))
    return [found.get(name) for name in names]


async def unlist(redis: Client, stale: Sequence[tuple[ThreadName, Sequence[bytes]]]) -> None:
    """Take names of threads out of the index, unless they are right.

    Raises:
        StoreUnavailable: it may or may not have been done.
    """
    calls = [Call(keys.of_thread_alone(name), {}, listed) for name, listed in stale]
    if calls:
        await run_scripts(redis, "log_store/threads/unlist", calls)


def thread_of(name: ThreadName, record: Mapping[str, bytes]) -> Thread:
    """The thread whose record has these fields."""
    return Thread(
        id=ThreadId(name.id),
        tenant=name.tenant,
        status=cast("ThreadStatus", record["status"].decode()),
        created_at=time_of(int(record["created_at"])),
        updated_at=time_of(int(record["updated_at"])),
        metadata=decode(record["metadata"]),
    )


@lru_cache(maxsize=4096)
def time_of(ms: int) -> str:
    """Milliseconds as RFC 3339 has them, in UTC."""
    at = datetime.fromtimestamp(ms / 1000, UTC)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _ms(seconds: float) -> int:
    return round(seconds * 1000)
