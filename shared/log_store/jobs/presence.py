"""Who listens to a job, at whichever replica: for jobs that are cancelled when their caller leaves.

A listener counts for as long as its replica says so, again and again. So those of a replica that
was killed soon count no more, and neither do those that a store forgot to take out.
"""

import asyncio
from typing import Final

from tailrace.shared.errors import StoreUnavailable
from tailrace.shared.jobs import JobId
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import Command, ask_all, hgetall
from tailrace.shared.redis.connection import Client

_COME: Final = "come"
"""How many listeners have ever come."""
_BEATS: Final = 3
"""After as many beats that did not come a listener counts no more."""


class Presence:
    """The listeners of jobs.

    Args:
        redis: the client of the log store.
        beat_s: how often it is said of each listener here that it is still there.
        longest_s: how long it is remembered that listeners came.
    """

    def __init__(self, redis: Client, beat_s: float, longest_s: float) -> None:
        self.forgotten_s: Final = _BEATS * beat_s
        """How long a listener counts that nobody speaks of."""
        self._redis = redis
        self._beat_s = beat_s
        self._ttl_ms = round(longest_s * 1000)
        self._here: dict[str, JobId] = {}
        self._anyone_here = asyncio.Event()

    async def run(self) -> None:
        """Speak for the listeners here until cancelled; without any, nothing is sent."""
        while True:
            await self._anyone_here.wait()
            await asyncio.sleep(self._beat_s)
            here = [self._beat(job_id, listener) for listener, job_id in self._here.items()]
            try:
                await ask_all(self._redis, here)
            except StoreUnavailable:
                continue  # Their streams meet the same trouble, and are cut.

    async def enter(self, job_id: JobId, listener: str) -> None:
        """Count a listener, until it leaves.

        Raises:
            StoreUnavailable: it may or may not be counted, for a while.
        """
        key = keys.listening(job_id)
        await ask_all(
            self._redis,
            [
                self._beat(job_id, listener),
                ("HSET", key, listener, 1),
                ("HINCRBY", key, _COME, 1),
                ("PEXPIRE", key, self._ttl_ms),
            ],
        )
        self._here[listener] = job_id
        self._anyone_here.set()

    async def leave(self, job_id: JobId, listener: str) -> int:
        """Count it no more; how many have ever come.

        Raises:
            StoreUnavailable: it may still be counted, for a while.
        """
        self._here.pop(listener, None)
        if not self._here:
            self._anyone_here.clear()
        key, alive = keys.listening(job_id), keys.listener(job_id, listener)
        commands: list[Command] = [("UNLINK", alive), ("HDEL", key, listener), ("HGET", key, _COME)]
        [*_, come] = await ask_all(self._redis, commands)
        return int(come or 0)

    async def is_alone(self, job_id: JobId, come: int) -> bool:
        """Whether nobody listens, and nobody has come since so many had.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        known = await hgetall(self._redis, keys.listening(job_id))
        if int(known.pop(_COME, 0)) != come:
            return False
        alive = [("EXISTS", keys.listener(job_id, listener)) for listener in known]
        return not any(await ask_all(self._redis, alive))

    def _beat(self, job_id: JobId, listener: str) -> Command:
        return ("SET", keys.listener(job_id, listener), 1, "PX", round(self.forgotten_s * 1000))
