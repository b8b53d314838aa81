"""The jobs' records: create, read, open and suspend attempts, resume, cancel.

The events behind a record are event_log's.
"""

import hashlib
from collections.abc import Mapping
from typing import Any, Final, Literal

import orjson

from tailrace.shared.errors import JobNotFound
from tailrace.shared.events import encode, encode_value, end_event, status_event
from tailrace.shared.jobs import (
    FinalStatus,
    Holder,
    Job,
    JobError,
    JobId,
    JobRequest,
    JobStatus,
    Pause,
    timestamp,
)
from tailrace.shared.log_store.jobs.job_record import job_of, notes, status_of, written
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import hgetall
from tailrace.shared.redis.connection import Client
from tailrace.shared.redis.scripts import Argument, fields, run_script
from tailrace.shared.settings import SharedSettings

GIVEN_UP: Final = JobError(
    "worker-lost", "The job's workers were lost as often as it may fail; it is not tried again."
)


class JobStore:
    """Records of jobs, each a projection of its log, changed in the same call as the log."""

    def __init__(self, redis: Client, settings: SharedSettings) -> None:
        self._redis = redis
        self._open_ttl_ms = round(settings.open_ttl_s * 1000)
        self._lives = {
            "retention_ms": round(settings.retention_s * 1000),
            "events_ttl_ms": round(settings.events_ttl_s * 1000),
        }

    async def create(self, job_id: JobId, tenant: str, request: JobRequest) -> Job:
        """Store a new job and event 1 of its log, `status` queued, in one call.

        Repeatable with the same id.

        Raises:
            StoreUnavailable: the job may or may not have been stored.
            Unserializable: the request does not fit JSON.
        """
        now = timestamp()
        await run_script(
            self._redis,
            "log_store/jobs/create",
            keys.of_job(job_id),
            id=job_id,
            open_ttl_ms=self._open_ttl_ms,
            tenant=tenant,
            request=written(request),
            created_at=now,
            event=status_event("queued", 0, now).data,
            max_attempts=request.max_attempts,
        )
        return Job(job_id, tenant, request, "queued", attempt=0, seq=1, created_at=now)

    async def get(self, job_id: JobId) -> Job:
        """Read a record.

        Raises:
            JobNotFound: there is none, or no longer.
            StoreUnavailable: the store is unavailable.
        """
        record = await hgetall(self._redis, keys.job(job_id))
        if not record:
            raise JobNotFound(job_id)
        return job_of(job_id, record)

    async def open_attempt(self, holder: Holder, floor: int = 0) -> Job:
        """Raise the fence to the holder's attempt and append `status` running, in one call.

        Repeatable with the same token. After it, no older attempt can write. A job whose workers
        were lost as often as it may fail, or whose end was asked for, is closed instead.

        Args:
            holder: the attempt.
            floor: the highest number that this holder ever sent, when the store has forgotten
                some of them; the log continues above it.

        Raises:
            LogClosed: no attempt is wanted; only the queue has to be told.
            Fenced: the record is at this attempt or above it already.
            JobNotFound: there is no record.
            StoreUnavailable: the attempt may or may not be open.
        """
        job_id = holder.job_id
        reply = await run_script(
            self._redis,
            "log_store/jobs/open",
            keys.of_job(job_id),
            attempt=holder.attempt,
            token=holder.token,
            open_ttl_ms=self._open_ttl_ms,
            at=timestamp(),
            id=job_id,
            floor=floor,
            given_up=encode(GIVEN_UP.fields()),
            given_up_end=end_event("failed", error=GIVEN_UP).data,
            cancelled_end=end_event("cancelled").data,
            **self._lives,
        )
        return job_of(job_id, fields(reply))

    async def requeue(
        self, holder: Holder, reason: Literal["retry", "shutdown"], *, failures: int, sent: int = 0
    ) -> None:
        """End the attempt and put the job back to `queued`, in one call. Repeatable.

        Args:
            holder: the attempt, which writes no more after this.
            reason: what its next `status` events say.
            failures: 1 for a failure, 0 for a hand-back.
            sent: the highest number that this writer ever sent, 0 if it can't tell.

        Raises:
            CancelRequested: close the job instead.
            SequenceHole: the store has forgotten some of what was sent.
            WriteRefused, JobNotFound, StoreUnavailable: as every write.
        """
        event = status_event("queued", holder.attempt, timestamp(), reason=reason)
        await self._suspend(
            holder,
            status="queued",
            event=event.data,
            reason=reason,
            failures=failures,
            sent=sent,
            interrupts="",
            pause="",
        )

    async def pause(self, holder: Holder, pause: Pause, *, sent: int = 0) -> None:
        """End the attempt and put the job to `waiting`, in one call. Repeatable.

        Args:
            holder: the attempt, which writes no more after this.
            pause: where the run stopped, and what it asks.
            sent: the highest number that this writer ever sent, 0 if it can't tell.

        Raises:
            CancelRequested: close the job instead.
            SequenceHole: the store has forgotten some of what was sent.
            WriteRefused, JobNotFound, StoreUnavailable: as every write.
        """
        event = status_event("waiting", holder.attempt, timestamp(), pause=pause)
        await self._suspend(
            holder,
            status="waiting",
            event=event.data,
            reason="",
            failures=0,
            sent=sent,
            interrupts=encode_value(pause.interrupts),
            pause=notes(pause),
        )

    async def resume(
        self, job: Job, values: Mapping[str, Any], *, after: int | None = None
    ) -> None:
        """Resume the job where it stopped and put it to `queued`, in one call; the first wins.

        The same values for the same stop again are success, even if the job has stopped again.

        Args:
            job: as it was read when the values were checked.
            values: by interrupt id; empty at a breakpoint.
            after: the stop, by the number of its `waiting` event; by default where the job waits,
                or where it was last resumed.

        Raises:
            NotWaiting: that stop has other values, or is not the job's last one.
            JobNotFound: there is no record.
            StoreUnavailable: the values may or may not have been stored.
        """
        text = orjson.dumps(values, option=orjson.OPT_SORT_KEYS)
        digest = hashlib.sha256(text).hexdigest()
        event = status_event("queued", job.attempt, timestamp(), reason="resume")
        if after is None:
            after = job.seq if job.status == "waiting" else job.resumed_after
        await run_script(
            self._redis,
            "log_store/jobs/resume",
            keys.of_job(job.id),
            digest=digest,
            values=text,
            event=event.data,
            open_ttl_ms=self._open_ttl_ms,
            after=after,
        )

    async def cancel(self, job_id: JobId) -> JobStatus:
        """Ask for the job's end; the status that it has now. Repeatable.

        A queued or waiting job is closed in this call. A running one is flagged: whoever holds it
        closes it.

        Raises:
            JobNotFound: there is no record.
            StoreUnavailable: the job may or may not have been cancelled.
        """
        [status] = await run_script(
            self._redis,
            "log_store/jobs/cancel",
            keys.of_job(job_id),
            id=job_id,
            at=timestamp(),
            data=end_event("cancelled").data,
            **self._lives,
        )
        return status_of(status)

    async def close_over(
        self, job_id: JobId, status: FinalStatus, *, error: JobError | None = None
    ) -> JobStatus:
        """Close the job over its holder's head, under a raised fence; the status it has now.

        Repeatable; a closed job stays as it is.

        Raises:
            JobNotFound: there is no record.
            StoreUnavailable: the job may or may not have been closed.
        """
        return await self._close_over(job_id, status, error)

    async def evict(self, holder: Holder, error: JobError) -> JobStatus:
        """Fail the job over its holder's head, if that attempt still runs.

        Repeatable; a closed job stays as it is.

        Raises:
            Fenced: the attempt has ended, or another one runs.
            JobNotFound, StoreUnavailable: as `close_over`.
        """
        return await self._close_over(holder.job_id, "failed", error, token=holder.token)

    async def expire(self, job_id: JobId, within_ms: int, error: JobError) -> JobStatus:
        """Fail a job whose record would be forgotten by then. Repeatable.

        Raises:
            Fenced: it would not: somebody has written to it.
            JobNotFound, StoreUnavailable: as `close_over`.
        """
        return await self._close_over(job_id, "failed", error, within_ms=within_ms)

    async def _close_over(
        self,
        job_id: JobId,
        status: FinalStatus,
        error: JobError | None,
        *,
        token: str = "",
        within_ms: int | str = "",
    ) -> JobStatus:
        [now] = await run_script(
            self._redis,
            "log_store/jobs/close_over",
            keys.of_job(job_id),
            id=job_id,
            status=status,
            at=timestamp(),
            data=end_event(status, error=error).data,
            failure=encode(error.fields()) if error else "",
            of_token=token,
            within_ms=within_ms,
            **self._lives,
        )
        return status_of(now)

    async def _suspend(self, holder: Holder, **how: Argument) -> None:
        await run_script(
            self._redis,
            "log_store/jobs/suspend",
            keys.of_job(holder.job_id),
            attempt=holder.attempt,
            token=holder.token,
            open_ttl_ms=self._open_ttl_ms,
            **how,
        )
