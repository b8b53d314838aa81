"""What a job may bring into its log."""

from dataclasses import dataclass
from typing import Final

from shared.events import Event
from shared.jobs import JobError
from worker.settings import WorkerSettings

RESULT_TOO_LARGE: Final = JobError("result-too-large", "The graph's result is over the limit.")


class LimitExceeded(Exception):
    """The graph gives more than a job may; `error` is what its user is told."""

    def __init__(self, error: JobError) -> None:
        super().__init__(error.type)
        self.error = error


@dataclass(slots=True)
class Limits:
    """Counts what one attempt gives.

    Args:
        settings: the limits.
        seq: number of the log's last event, so that attempts share one limit of events.
    """

    settings: WorkerSettings
    seq: int
    _bytes: int = 0

    def count(self, event: Event) -> None:
        """Take an event into account.

        Raises:
            LimitExceeded: it is too large, or one too many.
        """
        size = len(event.data)
        self.seq += 1
        self._bytes += size
        limits = self.settings
        if size > limits.max_event_bytes:
            raise LimitExceeded(
                JobError(
                    "event-too-large",
                    f"An event of {size} bytes is over the limit of {limits.max_event_bytes}.",
                )
            )
        if self.seq > limits.max_events:
            raise LimitExceeded(
                JobError("too-many-events", f"A job may have {limits.max_events} events at most.")
            )
        if self._bytes > limits.max_log_bytes:
            raise LimitExceeded(
                JobError("log-too-large", f"A log may have {limits.max_log_bytes} bytes at most.")
            )
