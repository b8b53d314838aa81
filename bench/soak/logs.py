"""Live logs: some dozens at a time, each written for a while in bursts, then closed."""

import asyncio
import random
import secrets
from collections.abc import Callable
from typing import Final

from bench.soak.frames import event
from tailrace.shared.jobs import Holder, JobRequest, new_job_id
from tailrace.shared.log_store.events.event_log import EventLog
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.redis.connection import connect
from tailrace.shared.settings import SharedSettings

_LIFE_S: Final = (30.0, 150.0)
_KEPT_S: Final = 600.0
"""Whoever takes nothing for 45 s may do so again when it is back: nobody may find events gone."""
_PAUSE_S: Final = (0.5, 5.0)
_BURST: Final = (1, 6)


class Logs:
    """Writes as workers would, without running anything.

    Args:
        url: the store's.
        told: called with the ids of the open logs whenever these change.
    """

    def __init__(self, url: str, told: Callable[[list[str]], None]) -> None:
        settings = SharedSettings(redis_url=url, events_ttl_s=_KEPT_S)
        self._store = connect(url)
        self._jobs = JobStore(self._store, settings)
        self._log = EventLog(self._store, settings)
        self._open: list[str] = []
        self._told = told

    async def run(self) -> None:
        """Be one log after another, until cancelled."""
        while True:
            await self._live()

    async def aclose(self) -> None:
        """Hang up."""
        await self._store.aclose()

    async def _live(self) -> None:
        holder = Holder(new_job_id(), 1, secrets.token_hex(16))
        await self._jobs.create(holder.job_id, "default", JobRequest("soak", {}))
        seq = (await self._jobs.open_attempt(holder)).seq
        self._open.append(holder.job_id)
        self._told(self._open)
        until = asyncio.get_running_loop().time() + random.uniform(*_LIFE_S)  # noqa: S311 - no secret
        while asyncio.get_running_loop().time() < until:
            numbers = range(seq + 1, seq + 1 + random.randint(*_BURST))  # noqa: S311 - no secret
            seq = await self._log.append(
                holder, numbers.start, [event(holder.job_id, n) for n in numbers]
            )
            await asyncio.sleep(random.uniform(*_PAUSE_S))  # noqa: S311 - no secret
        await self._log.close(holder, seq + 1, "succeeded")
        self._open.remove(holder.job_id)
        if self._open:  # else the next one tells: a crowd always has a log to come to
            self._told(self._open)
