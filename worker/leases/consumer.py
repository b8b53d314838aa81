"""arq's worker with leases: claims jobs, runs their attempts, tells the queue how they ended."""

import asyncio
import logging
import os
import signal
import time
from collections.abc import Awaitable, Callable
from contextvars import copy_context
from pathlib import Path
from typing import Any, Final

from arq.connections import ArqRedis
from arq.worker import Worker, func

from tailrace.shared.errors import StoreUnavailable
from tailrace.shared.jobs import JobId
from tailrace.shared.process.tasks import cancel_and_wait
from tailrace.shared.queue_store.queue.job_queue import (
    DESERIALIZE,
    FUNCTION,
    SERIALIZE,
    Claim,
    JobQueue,
    Wakeups,
)
from tailrace.shared.redis import keys
from tailrace.worker.attempt.attempt import Attempt, Stop
from tailrace.worker.attempt.outcomes import Again, Behind, Done, Lost, Verdict
from tailrace.worker.leases.containment import CURRENT
from tailrace.worker.leases.lease_keeper import LeaseKeeper
from tailrace.worker.runtime.retry import persistent
from tailrace.worker.settings import WorkerSettings

_PAUSE_S: Final = 0.2
_OBEY_S: Final = 3.0
"""How long stopped graphs may take to end, before the worker exits without them."""
_HEALTH_S: Final = 30

logger = logging.getLogger(__name__)

Run = Callable[[Attempt], Awaitable[Verdict]]


class LeasedWorker(Worker):
    """Claims under a lease instead of polling; arq's own job loop is not used.

    Args:
        pool: arq's connections.
        queue: where jobs come from.
        wakeups: tells when to look.
        keeper: renews the leases, under the id of this worker.
        run: runs one attempt.
        settings: slots, and the grace period of a shutdown.
    """

    def __init__(
        self,
        pool: ArqRedis,
        queue: JobQueue,
        wakeups: Wakeups,
        keeper: LeaseKeeper,
        run: Run,
        settings: WorkerSettings,
    ) -> None:
        super().__init__(
            [func(_not_called, name=FUNCTION)],
            redis_pool=pool,
            queue_name=keys.QUEUE,
            handle_signals=False,
            max_jobs=settings.slots,
            health_check_interval=_HEALTH_S,
            keep_result=0,
            job_serializer=SERIALIZE,
            job_deserializer=DESERIALIZE,
        )
        self._queue = queue
        self._wakeups = wakeups
        self._run = run
        self._keeper = keeper
        self._worker_id = keeper.worker_id
        self._grace_s = settings.grace_s
        self._alive_file: Path | None = settings.alive_file
        self._attempts: dict[str, Attempt] = {}
        """By token: a job that was lost and claimed again is in here twice for a moment."""
        self._freed = asyncio.Event()
        self._awaits_hint = False
        self._stopping = asyncio.Event()
        self.replied_at = time.monotonic()
        """When the queue last replied: the worker counts as alive by this."""

    def stop_on_signals(self) -> None:
        """From here on, SIGTERM and SIGINT let `main` end in order."""
        for number in (signal.SIGTERM, signal.SIGINT):
            self.loop.add_signal_handler(number, self._stopping.set)

    async def main(self) -> None:
        """Take jobs until a signal; let them finish in the grace period, and hand back the rest."""
        async with asyncio.TaskGroup() as group:
            inbox = group.create_task(self._read_inbox())
            taking = group.create_task(self._take(group))
            try:
                await self._stopping.wait()
                if self._awaits_hint:
                    # Only then: a claim under way would be lost until its leases expire.
                    taking.cancel()
                await self._drain()
            finally:
                self._stopping.set()
            await cancel_and_wait(inbox)

    def stop(self, job_id: JobId, reason: Stop) -> None:
        """Stop a job's graph, if this worker runs it."""
        for attempt in self._attempts.values():
            if attempt.claim.job_id == job_id:
                attempt.interrupt(reason)

    async def _take(self, group: asyncio.TaskGroup) -> None:
        """Claim as many jobs as there are free slots; wait for a hint when there are no more."""
        while not self._stopping.is_set():
            while (free := self.max_jobs - len(self._attempts)) <= 0:
                self._freed.clear()
                await self._freed.wait()
            if self._stopping.is_set():
                return
            try:
                claims = await self._queue.claim(self._worker_id, free)
                for claim in claims:
                    self._start(group, claim)
                if len(claims) < free and not self._stopping.is_set():
                    await self._hint()
                await self._note_life()
            except StoreUnavailable as error:
                logger.warning("claim failed", extra={"reason": str(error)})
                await asyncio.sleep(_PAUSE_S)

    async def _hint(self) -> None:
        self._awaits_hint = True
        try:
            await self._wakeups.job_ready()
        finally:
            self._awaits_hint = False

    async def _read_inbox(self) -> None:
        """Stop cancelled jobs at once; the next renewal would tell of them too, within a second."""
        while True:
            try:
                if (job_id := await self._wakeups.job_to_stop()) is not None:
                    self.stop(job_id, Stop.CANCELLED)
                await self._note_life()
            except StoreUnavailable as error:
                logger.warning("inbox read failed", extra={"reason": str(error)})
                await asyncio.sleep(_PAUSE_S)

    def _start(self, group: asyncio.TaskGroup, claim: Claim) -> None:
        attempt = Attempt(claim)
        self._attempts[attempt.token] = attempt
        self._keeper.hold(attempt)
        if self._stopping.is_set():
            attempt.interrupt(Stop.SHUTDOWN)
        context = copy_context()
        context.run(CURRENT.set, claim.job_id)
        self.tasks[attempt.token] = group.create_task(self._see_through(attempt), context=context)

    async def _see_through(self, attempt: Attempt) -> None:
        """Run an attempt, and tell the queue how it ended."""
        job_id = attempt.claim.job_id
        try:
            verdict = await self._run(attempt)
        except StoreUnavailable as error:
            # The lease expires, and whoever claims the job next finds the log as it is.
            logger.warning("attempt abandoned", extra={"job_id": job_id, "reason": str(error)})
            verdict = Lost()
        except Exception:
            # A bug of ours must not end other jobs; for this one, the worker counts as lost.
            logger.exception("attempt crashed", extra={"job_id": job_id})
            verdict = Lost()
        finally:
            # Before the queue is told: a renewal must not take back what is given up.
            self._keeper.drop(attempt)
            del self._attempts[attempt.token]
            self._freed.set()
        await self._tell_queue(attempt, verdict)
        del self.tasks[attempt.token]

    async def _tell_queue(self, attempt: Attempt, verdict: Verdict) -> None:
        queue, claim, worker_id = persistent(self._queue), attempt.claim, self._worker_id
        try:
            match verdict:
                case Done(following):
                    self.jobs_complete += 1
                    await queue.finish(worker_id, claim)
                    await queue.enqueue_following(following)
                case Again(delay_s=delay_s, following=following):
                    self.jobs_retried += 1
                    await queue.release(worker_id, claim, delay_s)
                    await queue.enqueue_following(following)
                case Behind(attempt=seen):
                    await queue.release(worker_id, claim, above=seen)
                case Lost():
                    self.jobs_failed += 1
        except StoreUnavailable as error:
            fields = {"job_id": claim.job_id, "reason": str(error)}
            logger.warning("queue not told of the outcome, lease will expire", extra=fields)

    async def _drain(self) -> None:
        """After the signal: wait for the grace period, then stop and hand back what still runs."""
        logger.info("worker stopping", extra={"running": len(self._attempts)})
        await self._until_idle(self._grace_s)
        for attempt in list(self._attempts.values()):
            attempt.interrupt(Stop.SHUTDOWN)
        await self._until_idle(_OBEY_S)
        if self.tasks:
            jobs = [attempt.claim.job_id for attempt in self._attempts.values()]
            logger.warning("exiting although some graphs did not stop", extra={"jobs": jobs})
            for attempt in list(self._attempts.values()):
                await self._keeper.give_back(attempt)
            logging.shutdown()
            os._exit(0)

    async def _until_idle(self, within_s: float) -> None:
        if self.tasks and within_s > 0:
            await asyncio.wait(list(self.tasks.values()), timeout=within_s)

    async def _note_life(self) -> None:
        self.replied_at = time.monotonic()
        if self._alive_file is not None:
            self._alive_file.touch()
        await self.record_health()


async def _not_called(ctx: dict[Any, Any]) -> None:
    """Stands for the job in arq's table of functions, which is never called."""
    raise NotImplementedError
