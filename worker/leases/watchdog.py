"""Watches the event loop that runs the graphs: who blocks it, and who ignores the end of its time.

Runs in the lease thread, which a blocked event loop does not hold up.
"""

import asyncio
import logging
import os
import time
from typing import Final

from tailrace.shared.errors import StoreUnavailable
from tailrace.shared.jobs import JobError, JobId
from tailrace.worker.attempt.attempt import Attempt
from tailrace.worker.attempt.outcomes import TIMEOUT
from tailrace.worker.leases.containment import Containment
from tailrace.worker.leases.eviction import Eviction
from tailrace.worker.leases.held_attempts import HeldAttempts
from tailrace.worker.settings import WorkerSettings

REPORT_BLOCK_S: Final = 1.0
OVERTIME_S: Final = 5.0
"""How long a graph may take to stop once it was told that its time is over."""

EXIT_BLOCKED: Final = 70

_BLOCKED: Final = JobError("blocked", "The graph blocked its worker for too long.")

logger = logging.getLogger(__name__)


class Watchdog:
    """The watchdog of one event loop.

    Args:
        settings: how often it looks, and how long the event loop may be blocked.
        event_loop: what is watched.
        held: the attempts that may block it.
        containment: tells which job the event loop is busy with.
        eviction: ends jobs, or hands them back.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        event_loop: asyncio.AbstractEventLoop,
        held: HeldAttempts,
        containment: Containment,
        eviction: Eviction,
    ) -> None:
        self._renewal_s = settings.renewal_s
        self._blocked_limit_s = settings.blocked_limit_s
        self._event_loop = event_loop
        self._held = held
        self._containment = containment
        self._eviction = eviction
        self._beat_at = time.monotonic()
        self._is_reported = False

    def beat(self) -> None:
        """The event loop runs, or is not to blame that it did not."""
        self._beat_at = time.monotonic()

    async def look(self) -> None:
        """Report a blocked event loop, and end the jobs that take too long."""
        await self._look_at_event_loop()
        try:
            await self._end_overtime()
        except StoreUnavailable as error:
            logger.warning("overdue jobs not ended", extra={"reason": str(error)})

    async def _look_at_event_loop(self) -> None:
        if self._event_loop.is_closed():
            return
        self._event_loop.call_soon_threadsafe(self.beat)
        blocked_s = time.monotonic() - self._beat_at
        culprit = self._containment.culprit()
        if blocked_s < REPORT_BLOCK_S + self._renewal_s:
            self._is_reported = False
            return
        if not self._is_reported:
            self._is_reported = True
            fields = {"job_id": culprit, "blocked_s": round(blocked_s, 1)}
            logger.warning("event loop blocked", extra=fields)
        if blocked_s > self._blocked_limit_s or self._is_overdue(culprit):
            await self._evict(culprit)

    def _is_overdue(self, job_id: JobId | None) -> bool:
        return any(
            attempt.claim.job_id == job_id
            and attempt.deadline is not None
            and attempt.deadline < time.monotonic()
            for attempt in self._held.all()
        )

    async def _evict(self, culprit: JobId | None) -> None:
        """End the culprit, hand the others back without a failure, and end the process."""
        # The event loop may have come free: what is claimed meanwhile goes the same way.
        while held := self._held.all():
            for attempt in held:
                if attempt.claim.job_id == culprit:
                    await self._end_culprit(attempt)
                else:
                    await self._eviction.hand_back(attempt)
                self._held.drop(attempt)
        logger.error("event loop blocked for too long, worker exits", extra={"job_id": culprit})
        logging.shutdown()
        os._exit(EXIT_BLOCKED)

    async def _end_culprit(self, attempt: Attempt) -> None:
        try:
            await self._eviction.end(attempt, _BLOCKED)
        except StoreUnavailable as refusal:
            fields = {"job_id": attempt.claim.job_id, "reason": repr(refusal)}
            logger.warning("job could not be ended", extra=fields)

    async def _end_overtime(self) -> None:
        """End the jobs whose graphs were told that their time is over and did not stop."""
        late = time.monotonic() - OVERTIME_S
        for attempt in self._held.all():
            if attempt.deadline is not None and attempt.deadline < late:
                await self._eviction.end(attempt, TIMEOUT)
