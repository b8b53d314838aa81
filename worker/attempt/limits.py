"""How much a job may write to its log."""

from typing import Final

from tailrace.shared.events import Event
from tailrace.shared.jobs import JobError
from tailrace.worker.settings import WorkerSettings

RESULT_TOO_LARGE: Final = JobError("result-too-large", "The graph's result is over the limit.")


class LimitExceeded(Exception):
    """The graph writes more than a job may; `error` is what its user is told."""

    def __init__(self, error: JobError) -> None:
        super().__init__(error.type)
        self.error = error


class Limits:
    """Counts what one attempt writes.

    Args:
        settings: the limits.
        seq: number of the log's last event, so that all attempts share one limit of events.
    """

    def __init__(self, settings: WorkerSettings, seq: int) -> None:
        self.seq = seq
        self._bytes = 0
        self._max_event_bytes = settings.max_event_bytes
        self._max_events = settings.max_events
        self._max_log_bytes = settings.max_log_bytes

    def count(self, event: Event) -> None:
        """Count an event.

        Raises:
            LimitExceeded: it is too large, or one too many.
        """
        size = len(event.data)
        self.seq += 1
        self._bytes += size
        if (
            size > self._max_event_bytes
            or self.seq > self._max_events
            or self._bytes > self._max_log_bytes
        ):
            raise LimitExceeded(self._exceeded(size))

    def _exceeded(self, size: int) -> JobError:
        if size > self._max_event_bytes:
            return JobError(
                "event-too-large",
                f"An event of {size} bytes is over the limit of {self._max_event_bytes}.",
            )
        if self.seq > self._max_events:
            return JobError("too-many-events", f"A job may have {self._max_events} events at most.")
        return JobError("log-too-large", f"A log may have {self._max_log_bytes} bytes at most.")
