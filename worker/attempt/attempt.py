"""One attempt at a job, as the parts of this worker see it: what it holds, why it shall stop."""

import asyncio
import secrets
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from tailrace.shared.jobs import Holder
from tailrace.shared.queue_store.queue.job_queue import Claim


class Stop(Enum):
    """Why an attempt shall stop before its graph has ended."""

    CANCELLED = "its owner wants its end"
    TIMEOUT = "it took longer than it may"
    SHUTDOWN = "this worker goes"
    LOST = "another worker has it"


@dataclass(slots=True)
class Attempt:
    """A held job. Changed only from the worker's own loop; its lease is renewed from a thread."""

    claim: Final[Claim]
    """Never another: what the queue answers about it is about this attempt."""
    token: str = field(default_factory=lambda: secrets.token_hex(16))
    stop: Stop | None = None
    deadline: float | None = None
    """On the clock of `time.monotonic`, from the moment its log is open."""
    _running: asyncio.Task[None] | None = None

    @property
    def holder(self) -> Holder:
        """The right to write the log."""
        return Holder(self.claim.job_id, self.claim.attempt, self.token)

    def arm(self) -> None:
        """From here on `interrupt` cancels the current task, until `disarm`."""
        self._running = asyncio.current_task()

    def disarm(self) -> None:
        """From here on nothing is cancelled: the log gets its last event."""
        self._running = None

    def interrupt(self, reason: Stop) -> None:
        """Stop the graph; the first reason counts, but a lost job is lost whatever came before."""
        if self.stop is None or reason is Stop.LOST:
            self.stop = reason
        if self._running is not None:
            self._running.cancel()
