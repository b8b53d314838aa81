"""Which job an `Idempotency-Key` stands for. Knows nothing of what a request looks like.

The service reserves a key before it creates the job, and creates the job under the reserved id. So
every request with the key gets the same job, even if the first one broke off in between.
"""

from dataclasses import dataclass

from tailrace.shared.jobs import JobId
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import get
from tailrace.shared.redis.connection import Client
from tailrace.shared.redis.scripts import run_script
from tailrace.shared.settings import SharedSettings


@dataclass(frozen=True, slots=True)
class Reservation:
    """The job that a key stands for, and what was asked for when it was first used."""

    job_id: JobId
    digest: str
    """Of the request, so that another one under the same key is told from a repeat."""


class IdempotencyKeys:
    """The keys of all tenants, on the queue store.

    A key never outlives the record of its job: a reserved id without a record is then one that was
    not made yet, and may be made. Both methods raise `StoreUnavailable` when the store did not
    reply; they may be repeated.
    """

    def __init__(self, redis: Client, settings: SharedSettings, ttl_s: float) -> None:
        self._redis = redis
        self._ttl_ms = round(min(ttl_s, settings.retention_s, settings.open_ttl_s) * 1000)

    async def find(self, tenant: str, key: str) -> Reservation | None:
        """What the key stands for; None for a key that is new, or is forgotten again."""
        found = await get(self._redis, keys.idempotency(tenant, key))
        return _reservation(found) if found else None

    async def reserve(self, tenant: str, key: str, mine: Reservation) -> Reservation:
        """Reserve the key, in one call: `mine`, or that of whoever came first."""
        [first] = await run_script(
            self._redis,
            "queue_store/reserve",
            {"KEY": keys.idempotency(tenant, key)},
            job_id=mine.job_id,
            digest=mine.digest,
            ttl_ms=self._ttl_ms,
        )
        return _reservation(first)


def _reservation(stored: bytes) -> Reservation:
    job_id, _, digest = stored.decode().partition(" ")
    return Reservation(JobId(job_id), digest)
