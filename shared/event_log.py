"""A job's log: append under a fence, close, read. One stream, numbered 1, 2, 3 without a gap."""

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Final, cast

from shared import keys
from shared.events import Event, LoggedEvent, encode, end_event
from shared.jobs import FinalStatus, Holder, JobError, JobId, timestamp
from shared.redis import Argument, Client, run, store_errors
from shared.settings import SharedSettings

Entries = list[tuple[bytes, dict[bytes, bytes]]]
Reply = list[tuple[bytes, Entries]]

PAGE: Final = 500
"""Events that one read brings at most."""


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
        batch = chain.from_iterable((event.name, event.data) for event in events)
        args: list[Argument] = [holder.attempt, holder.token, first_seq, self._open_ttl_ms, *batch]
        [last] = await run(self._redis, "append", keys.of_job(holder.job_id), args)
        return int(last)

    async def close(
        self,
        holder: Holder,
        seq: int,
        status: FinalStatus,
        *,
        result: bytes | None = None,
        error: JobError | None = None,
    ) -> None:
        """Append `end` as number `seq` and write status, result and error to the record.

        One call, repeatable: there is no moment in which the log is closed and the job still runs.

        Raises:
            WriteRefused, JobNotFound, StoreUnavailable: as `append`.
        """
        job_id = holder.job_id
        args: list[Argument] = [holder.attempt, holder.token, seq, job_id, status, timestamp()]
        args += [end_event(status, result=result, error=error).data]
        args += [self._retention_ms, self._events_ttl_ms]
        if result is not None:
            args += ["result", result]
        if error is not None:
            args += ["error", encode(error)]
        await run(self._redis, "close", keys.of_job(job_id), args)

    async def read(self, job_id: JobId, after: int, limit: int = PAGE) -> list[LoggedEvent]:
        """The events numbered above `after`, in order, `limit` at most; does not wait.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        with store_errors():
            entries = await self._redis.xrange(
                keys.log(job_id), min=f"{after + 1}-0", max="+", count=limit
            )
        return _events(cast("Entries", entries))

    async def wait(self, after: Mapping[JobId, int], block_ms: int) -> dict[JobId, int]:
        """Wait until one of the logs has an event above its number; the first number of each.

        Blocks its connection in the server for `block_ms` at most, so it wants a client of its own.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        streams: dict[Any, Any] = {keys.log(job_id): f"{n}-0" for job_id, n in after.items()}
        with store_errors():
            reply = await self._redis.xread(streams, count=1, block=block_ms)
        return {_job_id(log): _seq(page[0][0]) for log, page in cast("Reply", reply or [])}

    async def exists(self, job_id: JobId) -> bool:
        """Whether the log can still be read.

        Raises:
            StoreUnavailable: the store did not answer.
        """
        with store_errors():
            return bool(await cast("Any", self._redis).exists(keys.log(job_id)))


def _events(entries: Entries) -> list[LoggedEvent]:
    return [LoggedEvent(_seq(id_), e[b"e"].decode(), e[b"d"]) for id_, e in entries]


def _seq(entry_id: bytes) -> int:
    return int(entry_id.partition(b"-")[0])


def _job_id(log: bytes) -> JobId:
    return JobId(log.rpartition(b":")[2].decode())
