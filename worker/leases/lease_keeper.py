"""Renews the leases of what this worker holds, from a thread that a busy graph can't hold up.

The thread has an event loop and connections of its own. The watchdog runs there too.
"""

import asyncio
import logging
import os
import threading
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from typing import Final

from tailrace.shared.errors import StoreUnavailable
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.queue_store.queue.job_queue import JobQueue
from tailrace.shared.redis.connection import connect
from tailrace.worker.attempt.attempt import Attempt, Stop
from tailrace.worker.leases.containment import Containment
from tailrace.worker.leases.eviction import Eviction
from tailrace.worker.leases.held_attempts import HeldAttempts
from tailrace.worker.leases.watchdog import EXIT_BLOCKED, Watchdog
from tailrace.worker.settings import WorkerSettings

_STANDSTILL_S: Final = 1.0
"""If a pause takes that much longer than intended, no graph is to blame."""

logger = logging.getLogger(__name__)


class LeaseKeeper:
    """The lease thread, seen from the thread that runs the graphs.

    Args:
        settings: lease, renewal, and how long the event loop may be blocked.
        worker_id: the owner of the leases.
        containment: tells which job blocks the event loop.
    """

    def __init__(self, settings: WorkerSettings, worker_id: str, containment: Containment) -> None:
        self.worker_id = worker_id
        self._settings = settings
        self._containment = containment
        self._event_loop = asyncio.get_running_loop()
        self._held = HeldAttempts(self._event_loop)
        self._own: tuple[asyncio.AbstractEventLoop, Eviction] | None = None
        """The thread's event loop, and what it hands jobs back with."""
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Renew no longer; what is still held expires."""
        self._stopping.set()

    def hold(self, attempt: Attempt) -> None:
        """Renew this attempt's lease from now on."""
        self._held.add(attempt)

    def drop(self, attempt: Attempt) -> None:
        """Renew it no longer: called before the queue is told, or a renewal takes it back."""
        self._held.drop(attempt)

    async def give_back(self, attempt: Attempt) -> None:
        """Give a job back although its graph still runs, without a failure: this worker exits."""
        if self._own is None:
            return
        event_loop, eviction = self._own
        handing = asyncio.run_coroutine_threadsafe(eviction.hand_back(attempt), event_loop)
        await asyncio.wrap_future(handing)

    def _run(self) -> None:
        try:
            asyncio.run(self._keep())
        except Exception:
            logger.critical("lease thread crashed, worker exits", exc_info=True)
            logging.shutdown()
            os._exit(EXIT_BLOCKED)

    async def _keep(self) -> None:
        settings, held = self._settings, self._held
        async with AsyncExitStack() as stack:
            queue_store = connect(settings.redis_url, max_connections=3)
            log_store = connect(settings.log_store_url, max_connections=2)
            for client in (queue_store, log_store):
                stack.push_async_callback(client.aclose)
            queue, jobs = JobQueue(queue_store, settings), JobStore(log_store, settings)
            eviction = Eviction(self.worker_id, held, queue, jobs)
            self._own = (asyncio.get_running_loop(), eviction)
            watchdog = Watchdog(settings, self._event_loop, held, self._containment, eviction)
            async with asyncio.TaskGroup() as tasks:
                # Side by side: ending jobs must not hold up the renewals.
                tasks.create_task(self._each_turn(lambda: self._renew(queue), watchdog))
                tasks.create_task(self._each_turn(watchdog.look, watchdog))

    async def _each_turn(self, act: Callable[[], Awaitable[None]], watchdog: Watchdog) -> None:
        while not self._stopping.is_set():
            asleep_at = time.monotonic()
            await asyncio.sleep(self._settings.renewal_s)
            if time.monotonic() - asleep_at > self._settings.renewal_s + _STANDSTILL_S:
                # The whole process stood still (SIGSTOP, a paused machine): no graph's fault.
                watchdog.beat()
            if not self._stopping.is_set():
                await act()

    async def _renew(self, queue: JobQueue) -> None:
        """Renew all leases in one call."""
        asked = self._held.all()
        if not asked:
            return
        try:
            states = await queue.renew(self.worker_id, [attempt.claim for attempt in asked])
        except StoreUnavailable as error:
            logger.warning("lease renewal failed", extra={"reason": str(error)})
            return
        for attempt, state in zip(asked, states, strict=True):
            # What was dropped meanwhile is lost because this worker gave it away.
            if state == "lost" and attempt in self._held:
                self._held.interrupt(attempt, Stop.LOST)
            elif state == "stop":
                self._held.interrupt(attempt, Stop.CANCELLED)
