"""Who listens to a job, at whichever replica: for jobs that are cancelled when their caller leaves.

A listener whose replica is killed counts until the key expires.
"""

from typing import Final

from tailrace.shared.jobs import JobId
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import ask_all, hgetall
from tailrace.shared.redis.connection import Client

_COME: Final = "come"
"""How many listeners have ever come."""


class Presence:
    """The listeners of jobs.

    Args:
        redis: the client of the log store.
        longest_s: how long one listener may stay.
    """

    def __init__(self, redis: Client, longest_s: float) -> None:
        self._redis = redis
        self._ttl_ms = round(longest_s * 1000)

    async def enter(self, job_id: JobId, listener: str) -> None:
        """Count a listener.

        Raises:
            StoreUnavailable: it may or may not be counted.
        """
        key = keys.listening(job_id)
        await ask_all(
            self._redis,
            [
                ("HSET", key, listener, 1),
                ("HINCRBY", key, _COME, 1),
                ("PEXPIRE", key, self._ttl_ms),
            ],
        )

    async def leave(self, job_id: JobId, listener: str) -> int:
        """Count it no more; how many have ever come.

        Raises:
            StoreUnavailable: it may still be counted.
        """
        key = keys.listening(job_id)
        [_, come] = await ask_all(self._redis, [("HDEL", key, listener), ("HGET", key, _COME)])
        return int(come or 0)

    async def is_alone(self, job_id: JobId, come: int) -> bool:
        """Whether nobody listens, and nobody has come since so many had.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        known = await hgetall(self._redis, keys.listening(job_id))
        return int(known.pop(_COME, 0)) == come and not known
