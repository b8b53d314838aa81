"""Keeps the leases of what this worker holds, from a thread that a busy graph can't hold up.

The thread has a loop and connections of its own. It also watches the worker's main loop: it
reports a graph that blocks it, and past the limit ends that job, hands the others back and ends the
process.
"""

import asyncio
import logging
import os
import threading
import time
from contextlib import AsyncExitStack
from typing import Final

from tailrace.shared.errors import JobNotFound, StoreUnavailable, WriteRefused
from tailrace.shared.jobs import JobError, JobId
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.queue_store.queue.job_queue import JobQueue
from tailrace.shared.redis.connection import connect
from tailrace.worker.attempt.attempt import Attempt, Stop
from tailrace.worker.leases.containment import Containment
from tailrace.worker.settings import WorkerSettings

REPORT_BLOCK_S: Final = 1.0
OVERTIME_S: Final = 5.0
"""How long a graph that was told to stop, because its time is over, may take to obey."""

EXIT_BLOCKED: Final = 70

logger = logging.getLogger(__name__)


class LeaseKeeper:
    """The renewing thread.

    Args:
        settings: lease, renewal, and how long the loop may be blocked.
        worker_id: the owner of the leases.
        containment: tells who blocks the loop.
    """

    def __init__(
        self,
        settings: WorkerSettings,
        worker_id: str,
        containment: Containment,
    ) -> None:
        self._settings = settings
        self.worker_id = worker_id
        self._containment = containment
        self._loop = asyncio.get_running_loop()
        self._held: dict[str, Attempt] = {}
        self._beat_at = time.monotonic()
        self._reported = False
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def start(self) -> None:
        """Begin to renew."""
        self._thread.start()

    def stop(self) -> None:
        """Renew no more; what is still held runs out."""
        self._stopping.set()

    def hold(self, attempt: Attempt) -> None:
        """Renew this attempt's lease from now on."""
        self._held[attempt.token] = attempt

    def drop(self, attempt: Attempt) -> None:
        """Renew it no more: called before the queue is told, or a renewal takes it back."""
        self._held.pop(attempt.token, None)

    async def give_back(self, attempt: Attempt) -> None:
        """Give a job back over its graph's head, without a failure: this worker goes."""
        thread_loop, queue, jobs = self._own
        handing = self._hand_back(attempt, queue, jobs)
        await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(handing, thread_loop))

    def _run(self) -> None:
        try:
            asyncio.run(self._keep())
        except Exception:
            logger.critical("leases can't be renewed: this worker ends", exc_info=True)
            logging.shutdown()
            os._exit(EXIT_BLOCKED)

    async def _keep(self) -> None:
        async with AsyncExitStack() as stack:
            queue_store = connect(self._settings.redis_url, max_connections=3)
            log_store = connect(self._settings.log_store_url, max_connections=2)
            for client in (queue_store, log_store):
                stack.push_async_callback(client.aclose)
            queue = JobQueue(queue_store, self._settings)
            jobs = JobStore(log_store, self._settings)
            self._own = (asyncio.get_running_loop(), queue, jobs)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._renew(queue))
                tasks.create_task(self._watch(queue, jobs))

    async def _renew(self, queue: JobQueue) -> None:
        """Renew all leases, again and again: ending jobs must not hold that up."""
        while await self._goes_on():
            try:
                await self._renew_once(queue)
            except StoreUnavailable as error:
                logger.warning("leases not renewed", extra={"reason": str(error)})

    async def _renew_once(self, queue: JobQueue) -> None:
        asked = list(self._held.values())
        if not asked:
            return
        states = await queue.renew(self.worker_id, [attempt.claim for attempt in asked])
        for attempt, state in zip(asked, states, strict=True):
            # What was dropped meanwhile is lost because this worker gave it away.
            if state == "lost" and attempt.token in self._held:
                self._tell(attempt, Stop.LOST)
            elif state == "stop":
                self._tell(attempt, Stop.CANCELLED)

    async def _watch(self, queue: JobQueue, jobs: JobStore) -> None:
        while await self._goes_on():
            await self._watch_loop(queue, jobs)
            try:
                await self._end_overtime(queue, jobs)
            except StoreUnavailable as error:
                logger.warning("could not end", extra={"reason": str(error)})

    async def _goes_on(self) -> bool:
        """Wait for the next turn; whether there is one."""
        asleep_at = time.monotonic()
        await asyncio.sleep(self._settings.renewal_s)
        if time.monotonic() - asleep_at > self._settings.renewal_s + REPORT_BLOCK_S:
            # The whole process stood still (SIGSTOP, a paused machine): no graph's fault.
            self._beat_at = time.monotonic()
        return not self._stopping.is_set()

    async def _end_overtime(self, queue: JobQueue, jobs: JobStore) -> None:
        """End the jobs whose graphs were told that their time is over and did not listen."""
        late = time.monotonic() - OVERTIME_S
        for attempt in list(self._held.values()):
            if attempt.deadline is not None and attempt.deadline < late:
                await self._end(attempt, _timeout(), queue, jobs)

    async def _watch_loop(self, queue: JobQueue, jobs: JobStore) -> None:
        if self._loop.is_closed():
            return
        self._loop.call_soon_threadsafe(self._beat)
        blocked_s = time.monotonic() - self._beat_at
        culprit = self._containment.culprit()
        if blocked_s < REPORT_BLOCK_S + self._settings.renewal_s:
            self._reported = False
            return
        if not self._reported:
            self._reported = True
            fields = {"job_id": culprit, "blocked_s": round(blocked_s, 1)}
            logger.warning("the loop is blocked", extra=fields)
        if blocked_s > self._settings.blocked_limit_s or self._is_overdue(culprit):
            await self._evict(culprit, queue, jobs)

    def _is_overdue(self, job_id: JobId | None) -> bool:
        return any(
            attempt.claim.job_id == job_id
            and attempt.deadline is not None
            and attempt.deadline < time.monotonic()
            for attempt in list(self._held.values())
        )

    async def _evict(self, culprit: JobId | None, queue: JobQueue, jobs: JobStore) -> None:
        """End the culprit, hand the others back without a failure, and end the process."""
        # The loop may have come free: what is claimed meanwhile goes the same way.
        while held := list(self._held.values()):
            for attempt in held:
                if attempt.claim.job_id == culprit:
                    await self._end_culprit(attempt, queue, jobs)
                else:
                    await self._hand_back(attempt, queue, jobs)
                self.drop(attempt)
        logger.error("the loop is blocked for good: this worker ends", extra={"job_id": culprit})
        logging.shutdown()
        os._exit(EXIT_BLOCKED)

    async def _end_culprit(self, attempt: Attempt, queue: JobQueue, jobs: JobStore) -> None:
        error = JobError("blocked", "The graph blocked its worker for longer than it may.")
        try:
            await self._end(attempt, error, queue, jobs)
        except StoreUnavailable as refusal:
            # Its lease runs out, and another worker finds it as it is.
            fields = {"job_id": attempt.claim.job_id, "reason": repr(refusal)}
            logger.warning("could not end", extra=fields)

    async def _hand_back(self, attempt: Attempt, queue: JobQueue, jobs: JobStore) -> None:
        try:
            await jobs.requeue(attempt.holder, "shutdown", failures=0)
            self.drop(attempt)
            await queue.release(self.worker_id, attempt.claim)
        except (StoreUnavailable, WriteRefused, JobNotFound) as refusal:
            # Its lease runs out, and another worker finds it as it is.
            fields = {"job_id": attempt.claim.job_id, "reason": repr(refusal)}
            logger.warning("could not hand back", extra=fields)

    async def _end(
        self, attempt: Attempt, error: JobError, queue: JobQueue, jobs: JobStore
    ) -> None:
        job_id, is_closed = attempt.claim.job_id, True
        try:
            await jobs.evict(attempt.holder, error)
            fields = {"job_id": job_id, "why": error.type}
            logger.error("job ended over its graph's head", extra=fields)
        except (WriteRefused, JobNotFound) as refusal:
            # It has just ended by itself, or is another worker's: the queue may go on with it.
            is_closed = False
            logger.info("already gone", extra={"job_id": job_id, "reason": repr(refusal)})
        self.drop(attempt)
        self._tell(attempt, Stop.LOST)
        if is_closed:
            await queue.remove(job_id)

    def _beat(self) -> None:
        self._beat_at = time.monotonic()

    def _tell(self, attempt: Attempt, reason: Stop) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(attempt.interrupt, reason)


def _timeout() -> JobError:
    return JobError("timeout", "The job took longer than it may.")
