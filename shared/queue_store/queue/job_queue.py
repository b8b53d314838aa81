"""The queue: ids of jobs that wait for a worker or are held by one. The record knows the rest.

In arq's own form, so that its tools see it: under the name `keys.QUEUE`, with `keys.arq_id` for a
job's id, they list jobs and tell their states; a job is in progress from the first renewal of its
lease. They can't abort one. Leases, attempts and wake-up tokens are beside it (see `leases.lua`).
Every call may be repeated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final, Literal

import orjson
from arq.connections import ArqRedis
from arq.jobs import Deserializer, Serializer, serialize_job
from arq.utils import timestamp_ms

from tailrace.shared.jobs import JobId
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import ask, first_of, scores
from tailrace.shared.redis.connection import Client
from tailrace.shared.redis.scripts import run_script
from tailrace.shared.settings import SharedSettings

FUNCTION: Final = "run_job"
"""The name under which workers register the function that runs a job."""

SERIALIZE: Final[Serializer] = orjson.dumps
DESERIALIZE: Final[Deserializer] = orjson.loads
"""JSON both ways: with arq's default, pickle, who can write to Redis could run code."""

WAKE_S: Final = 1.25
"""Without a hint the queue is looked at this often: deferred jobs, leases that ran out."""
INBOX_S: Final = 5.0
_INBOX_LIVES_S: Final = 60

LeaseState = Literal["held", "lost", "stop"]
_STATES: Final[dict[bytes, LeaseState]] = {b"held": "held", b"lost": "lost", b"stop": "stop"}


@dataclass(frozen=True, slots=True)
class Claim:
    """A job that a worker holds, under a number that no other claim of the job has or will have."""

    job_id: JobId
    attempt: int


class ArqClient(ArqRedis):
    """arq's own client, its commands sent by ours; it raises `StoreUnavailable` as ours do."""

    def __init__(self, redis: Client) -> None:
        pool: Any = redis.connection_pool
        super().__init__(
            pool,
            default_queue_name=keys.QUEUE,
            job_serializer=SERIALIZE,
            job_deserializer=DESERIALIZE,
        )
        self._redis = redis

    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run a command where our client runs it."""
        return await ask(self._redis, *args, **options)


class JobQueue:
    """Jobs that wait or run. On a Cluster, one node has them all.

    All methods raise `StoreUnavailable` when the call may or may not have been carried out.
    """

    def __init__(self, redis: Client, settings: SharedSettings) -> None:
        self._redis = redis
        self._ttl_ms = round(settings.open_ttl_s * 1000)
        self._lease_ms = round(settings.lease_s * 1000)

    async def enqueue(self, job_id: JobId, delay_s: float = 0, *, above: int = 0) -> None:
        """Hand the job to the workers; an id that is queued or held stays where it is.

        Args:
            job_id: the job.
            delay_s: not before this.
            above: the attempt that its log has seen; a claim is above it.
        """
        payload = serialize_job(FUNCTION, (), {}, None, timestamp_ms(), serializer=SERIALIZE)
        await run_script(
            self._redis,
            "queue_store/queue/enqueue",
            keys.of_queued(job_id),
            id=keys.arq_id(job_id),
            payload=payload,
            ttl_ms=self._ttl_ms,
            delay_ms=round(delay_s * 1000),
            above=above,
        )

    async def enqueue_following(self, following: JobId | None) -> None:
        """Queue the job that is next on a thread, if whoever ended another one was told of any."""
        if following is not None:
            await self.enqueue(following)

    async def claim(self, worker_id: str, most: int) -> list[Claim]:
        """Take what is ready, oldest first, `most` jobs at most."""
        reply = await run_script(
            self._redis,
            "queue_store/queue/claim",
            keys.OF_QUEUE,
            owner=worker_id,
            lease_ms=self._lease_ms,
            most=most,
        )
        return [
            Claim(keys.job_of_arq_id(i), int(n)) for i, n in zip(*[iter(reply)] * 2, strict=True)
        ]

    async def renew(self, worker_id: str, claims: Sequence[Claim]) -> list[LeaseState]:
        """Renew the leases that are still this worker's; what became of each.

        An expired one comes back while nobody else has claimed; a released one never does.
        """
        held = chain.from_iterable((keys.arq_id(claim.job_id), claim.attempt) for claim in claims)
        reply = await run_script(
            self._redis,
            "queue_store/queue/renew",
            {**keys.OF_QUEUE, "PROGRESS": [keys.progress(claim.job_id) for claim in claims]},
            *held,
            owner=worker_id,
            lease_ms=self._lease_ms,
        )
        return [_STATES[state] for state in reply]

    async def finish(self, worker_id: str, claim: Claim) -> None:
        """Take the job out of the queue, if it is still this worker's."""
        await run_script(
            self._redis,
            "queue_store/queue/finish",
            keys.of_queued(claim.job_id),
            id=keys.arq_id(claim.job_id),
            owner=worker_id,
            attempt=claim.attempt,
        )

    async def release(
        self, worker_id: str, claim: Claim, delay_s: float = 0, *, above: int = 0
    ) -> None:
        """Give the job back for another attempt, if it is still this worker's.

        Args:
            worker_id: the holder.
            claim: what it holds.
            delay_s: the next attempt comes no earlier.
            above: the attempt that the log has seen, if the queue's count is lower.
        """
        await run_script(
            self._redis,
            "queue_store/queue/release",
            keys.of_queued(claim.job_id),
            id=keys.arq_id(claim.job_id),
            owner=worker_id,
            attempt=claim.attempt,
            delay_ms=round(delay_s * 1000),
            above=above,
        )

    async def interrupt(self, job_id: JobId) -> bool:
        """Tell the worker that holds the cancelled job to stop it, or take it out; was it held?"""
        [owner] = await run_script(
            self._redis,
            "queue_store/queue/interrupt",
            keys.of_queued(job_id),
            id=keys.arq_id(job_id),
        )
        if not owner:
            return False
        # Told late or never, the holder finds out when it renews the lease.
        await run_script(
            self._redis,
            "queue_store/queue/tell",
            {"INBOX": keys.inbox(owner.decode())},
            job_id=job_id,
            lives_s=_INBOX_LIVES_S,
        )
        return True

    async def remove(self, job_id: JobId) -> None:
        """Take a job whose log is closed out of the queue, whoever holds it."""
        await run_script(
            self._redis,
            "queue_store/queue/remove",
            keys.of_queued(job_id),
            id=keys.arq_id(job_id),
        )

    async def lead(self, process_id: str, lease_s: float, overdue_s: float) -> list[JobId] | None:
        """Ask to be the one that sweeps: the cancelled jobs that are overdue, or None for no."""
        leads, *overdue = await run_script(
            self._redis,
            "queue_store/queue/lead",
            keys.OF_QUEUE,
            worker=process_id,
            lease_ms=round(lease_s * 1000),
            overdue_ms=round(overdue_s * 1000),
        )
        return [keys.job_of_arq_id(i) for i in overdue] if leads == b"yes" else None

    async def missing(self, job_ids: Sequence[JobId]) -> list[JobId]:
        """Those of the jobs that the queue does not know."""
        found = await scores(self._redis, keys.QUEUE, [*map(keys.arq_id, job_ids)])
        return [job_id for job_id, score in zip(job_ids, found, strict=True) if score is None]


class Wakeups:
    """Waits for hints in the queue: that a job may be ready, or that one has to stop.

    Args:
        redis: a client of its own with two connections, since both calls block.
        worker_id: whose inbox it reads.
    """

    def __init__(self, redis: Client, worker_id: str) -> None:
        self._redis = redis
        self._inbox = keys.inbox(worker_id)

    async def job_ready(self) -> None:
        """Wait for a hint that a job may be ready, for `WAKE_S` at most.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        await first_of(self._redis, keys.TOKENS, WAKE_S)

    async def job_to_stop(self) -> JobId | None:
        """Wait for a job that this worker has to stop, for `INBOX_S` at most.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        job_id = await first_of(self._redis, self._inbox, INBOX_S)
        return JobId(job_id.decode()) if job_id else None
