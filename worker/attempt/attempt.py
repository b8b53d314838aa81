"""One attempt at a job: what it holds, and why it has to stop."""

import asyncio
import secrets
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from tailrace.shared.jobs import Holder
from tailrace.shared.queue_store.queue.job_queue import Claim
from tailrace.shared.threads import ThreadName


class Stop(Enum):
    """Why an attempt has to stop before its graph has ended."""

    CANCELLED = "its owner cancelled the job"
    TIMEOUT = "it exceeded its timeout"
    SHUTDOWN = "this worker shuts down"
    LOST = "another worker has it"


@dataclass(slots=True)
class Attempt:
    """A held job. Only the event loop changes it; the lease thread renews its lease."""

    claim: Final[Claim]
    """Never replaced: whatever the queue replies about it is about this attempt."""
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    stop: Stop | None = None
    thread: ThreadName | None = None
    """The job's thread; known when the log is open."""
    deadline: float | None = None
    """By `time.monotonic`; set when the log is open."""
    _running: asyncio.Task[None] | None = None

    @property
    def holder(self) -> Holder:
        """The right to write the log."""
        return Holder(self.claim.job_id, self.claim.attempt, self.token, self.thread)

    def arm(self) -> None:
        """From here until `disarm`, `interrupt` cancels the current task."""
        self._running = asyncio.current_task()

    def disarm(self) -> None:
        """From here on nothing is cancelled: the log gets its last event."""
        self._running = None

    def interrupt(self, reason: Stop) -> None:
        """Stop the graph. The first reason counts, but `LOST` replaces any other."""
        if self.stop is None or reason is Stop.LOST:
            self.stop = reason
        if self._running is not None:
            self._running.cancel()
