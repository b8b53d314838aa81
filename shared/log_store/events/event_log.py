"""A job's log: append under a fence, close, read. One stream, numbered 1, 2, 3 without a gap."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import attrgetter
from typing import Final

from tailrace.shared.events import Event, LoggedEvent, encode, end_event
from tailrace.shared.jobs import FinalStatus, Holder, JobError, JobId, timestamp
from tailrace.shared.log_store.of_job import job_in, run_of_job
from tailrace.shared.log_store.results import FIELD as RESULT_AT
from tailrace.shared.log_store.results import ResultAt, with_results
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import Entries, entries_after, latest_entries
from tailrace.shared.redis.connection import Client
from tailrace.shared.redis.scripts import Argument
from tailrace.shared.settings import SharedSettings

PAGE: Final = 500
"""Events that one read brings at most."""

_NAME: Final = attrgetter("name")
_DATA: Final = attrgetter("data")


class EventLog:
    """The logs of all jobs on one store."""

    def __init__(self, redis: Client, settings: SharedSettings) -> None:
        self._redis = redis
        self._open_ttl_ms = round(settings.open_ttl_s * 1000)
        self._retention_ms = round(settings.retention_s * 1000)
        self._events_ttl_ms = round(settings.events_ttl_s * 1000)

    async def append(self, holder: Holder, first_seq: int, events: Sequence[Event]) -> int:
        """Append a batch under the numbers from `first_seq` on; the last number.

        Atomic, and repeatable with the same holder and events.

        Raises:
            Fenced: a newer attempt has opened the log.
            LogClosed: the log has its `end`.
            SequenceHole: the store lacks what it once acknowledged.
            SequenceTaken: the numbers belong to another writer.
            JobNotFound: the record has expired.
            StoreUnavailable: the batch may or may not have been stored.
        """
        last_seq = first_seq + len(events) - 1
        [last] = await run_of_job(
            self._redis,
            "log_store/events/append",
            holder.job_id,
            holder.thread,
            *runs(events),
            attempt=holder.attempt,
            token=holder.token,
            first_seq=first_seq,
            last_seq=last_seq,
            open_ttl_ms=self._open_ttl_ms,
        )
        return int(last)

    async def close(
        self,
        holder: Holder,
        seq: int,
        status: FinalStatus,
        *,
        result: bytes | None = None,
        error: JobError | None = None,
        at: ResultAt | None = None,
    ) -> JobId | None:
        """Append `end` as number `seq` and write status, result and error to the record.

        One call, repeatable: there is no moment in which the log is closed and the job still runs.
        Returns the job that has to be queued now, since it is the next on the thread.

        Args:
            holder: the attempt.
            seq: the number of `end`.
            status: the job's.
            result: JSON of what it has led to.
            error: why it failed.
            at: where the result is in the job's thread; then only this is written of it.

        Raises:
            WriteRefused, JobNotFound, StoreUnavailable: as `append`.
        """
        fields: list[Argument] = []
        if at is not None:
            fields += [RESULT_AT, at.written()]
        elif result is not None:
            fields += ["result", result]
        if error is not None:
            fields += ["error", encode(error.fields())]
        _, following = await run_of_job(
            self._redis,
            "log_store/events/close",
            holder.job_id,
            holder.thread,
            *fields,
            attempt=holder.attempt,
            token=holder.token,
            seq=seq,
            id=holder.job_id,
            status=status,
            at=timestamp(),
            data=end_event(status, result=result, error=error).data if at is None else at.end(),
            retention_ms=self._retention_ms,
            events_ttl_ms=self._events_ttl_ms,
        )
        return job_in(following)

    async def read(self, job_id: JobId, after: int, limit: int = PAGE) -> list[LoggedEvent]:
        """The events numbered above `after`, in order, `limit` at most; does not wait.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        entries = await entries_after(self._redis, keys.log(job_id), f"{after}-0", limit)
        return await with_results(self._redis, job_id, events_of(entries))

    async def latest(self, job_id: JobId, limit: int = 50) -> list[LoggedEvent]:
        """The last events, the newest first.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        entries = await latest_entries(self._redis, keys.log(job_id), limit)
        return await with_results(self._redis, job_id, events_of(entries))


def runs(events: Sequence[Event]) -> Iterator[Argument]:
    """Names, each with the lines of its run of events: an argument an event would cost far more."""
    for name, run_of in groupby(events, _NAME):
        data = [*map(_DATA, run_of)]
        lines = b"\n".join([*data, b""])
        if lines.count(b"\n") != len(data):
            raise ValueError("an event's data holds a line break")
        yield name
        yield lines


def events_of(entries: Entries) -> list[LoggedEvent]:
    """The events of raw entries: `[b"<seq>-0", [b"e", name, b"d", data]]`."""
    return [LoggedEvent(int(id_[:-2]), fields[1].decode(), fields[3]) for id_, fields in entries]
