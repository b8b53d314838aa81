"""The jobs' records: create, read, open and suspend attempts, resume, cancel.

The events behind a record are event_log's.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Final, Literal, NamedTuple

import orjson

from tailrace.shared import terms
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
from tailrace.shared.log_store.of_job import job_in, run_of_job
from tailrace.shared.log_store.results import with_result
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import ask_all, hgetall
from tailrace.shared.redis.connection import Client
from tailrace.shared.redis.scripts import Argument, fields
from tailrace.shared.settings import SharedSettings
from tailrace.shared.threads import MultitaskStrategy

GIVEN_UP: Final = JobError(
    "worker-lost", "The job's workers were lost as often as it may fail; it is not tried again."
)


@dataclass(frozen=True, slots=True)
class OnThread:
    """How a job comes to its thread."""

    strategy: MultitaskStrategy = "enqueue"
    must_exist: bool = False
    """Whether the thread has to be there already."""
    metadata: Mapping[str, Any] = field(default_factory=dict[str, Any])
    """Of the thread, if it is made."""
    joins: bool = True
    """False for a job that is to run later: it joins the line when it is due."""


class Created(NamedTuple):
    """A new job."""

    job: Job
    is_next: bool
    """Whether it has to be queued now. Else it is queued when it is next on its thread."""


class Changed(NamedTuple):
    """What a call for a job's end has brought about."""

    status: JobStatus
    following: JobId | None
    """The job that has to be queued now, since it is next on the thread."""


class JobStore:
    """Records of jobs, each a projection of its log, changed in the same call as the log."""

    def __init__(self, redis: Client, settings: SharedSettings) -> None:
        self._redis = redis
        self._open_ttl_ms = round(settings.open_ttl_s * 1000)
        self._thread_ttl_ms = round(settings.thread_ttl_s * 1000)
        self._most_in_line = settings.thread_line
        self._lives = {
            "retention_ms": round(settings.retention_s * 1000),
            "events_ttl_ms": round(settings.events_ttl_s * 1000),
        }

    async def create(
        self,
        job_id: JobId,
        tenant: str,
        request: JobRequest,
        on_thread: OnThread = OnThread(),
    ) -> Created:
        """Store a new job and event 1 of its log, `status` queued, in one call.

        Repeatable with the same id.

        Raises:
            ThreadNotFound: there is no such thread, and it is not to be made.
            ThreadBusy: it has other jobs, and the strategy is to reject.
            LineFull: too many jobs wait for its turn.
            StoreUnavailable: the job may or may not have been stored.
            Unserializable: the request does not fit JSON.
        """
        now = timestamp()
        job = Job(job_id, tenant, request, "queued", attempt=0, seq=1, created_at=now)
        [place] = await run_of_job(
            self._redis,
            "log_store/jobs/create",
            job_id,
            job.thread,
            id=job_id,
            open_ttl_ms=self._open_ttl_ms,
            tenant=tenant,
            request=written(request),
            created_at=now,
            event=status_event("queued", 0, now, shown=_shown(request)).data,
            max_attempts=request.max_attempts,
            thread_name=str(job.thread or ""),
            thread_ttl_ms=self._thread_ttl_ms,
            thread_metadata=encode(on_thread.metadata),
            thread_terms=terms.of_metadata(on_thread.metadata),
            strategy=on_thread.strategy,
            must_exist="1" if on_thread.must_exist else "",
            most_in_line=self._most_in_line,
            joins="1" if on_thread.joins else "",
        )
        return Created(job, place == b"turn")

    async def get(self, job_id: JobId) -> Job:
        """Read a record.

        Raises:
            JobNotFound: there is none, or no longer.
            StoreUnavailable: the store is unavailable.
        """
        record = await hgetall(self._redis, keys.job(job_id))
        if not record:
            raise JobNotFound(job_id)
        return job_of(job_id, await with_result(self._redis, record))

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
            NotItsTurn: another job of its thread comes first; it waits in the line.
            JobNotFound: there is no record.
            StoreUnavailable: the attempt may or may not be open.
        """
        job_id = holder.job_id
        reply = await run_of_job(
            self._redis,
            "log_store/jobs/open",
            job_id,
            holder.thread,
            attempt=holder.attempt,
            token=holder.token,
            open_ttl_ms=self._open_ttl_ms,
            at=timestamp(),
            id=job_id,
            floor=floor,
            given_up=encode(GIVEN_UP.fields()),
            given_up_end=end_event("failed", error=GIVEN_UP).data,
            cancelled_end=end_event("cancelled").data,
            superseded_end=end_event("cancelled", reason="superseded").data,
            **self._lives,
        )
        return job_of(job_id, fields(reply))

    async def requeue(
        self,
        holder: Holder,
        reason: Literal["retry", "shutdown"],
        *,
        failures: int,
        sent: int = 0,
        yields: bool = False,
    ) -> JobId | None:
        """End the attempt and put the job back to `queued`, in one call. Repeatable.

        The job that has to be queued as well, if this one gives up its thread's turn.

        Args:
            holder: the attempt, which writes no more after this.
            reason: what its next `status` events say.
            failures: 1 for a failure, 0 for a hand-back.
            sent: the highest number that this writer ever sent, 0 if it can't tell.
            yields: whether it gives up its thread's turn, since nobody can run it now.

        Raises:
            CancelRequested: close the job instead.
            SequenceHole: the store has forgotten some of what was sent.
            WriteRefused, JobNotFound, StoreUnavailable: as every write.
        """
        event = status_event("queued", holder.attempt, timestamp(), reason=reason)
        return await self._suspend(
            holder,
            status="queued",
            event=event.data,
            reason=reason,
            failures=failures,
            sent=sent,
            interrupts="",
            pause="",
            yields="1" if yields else "",
        )

    async def pause(self, holder: Holder, pause: Pause, *, sent: int = 0) -> JobId | None:
        """End the attempt and put the job to `waiting`, in one call. Repeatable.

        The job that has to be queued now, since it is the next on the thread.

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
        return await self._suspend(
            holder,
            status="waiting",
            event=event.data,
            reason="",
            failures=0,
            sent=sent,
            interrupts=encode_value(pause.interrupts),
            pause=notes(pause),
            yields="",
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
        await run_of_job(
            self._redis,
            "log_store/jobs/resume",
            job.id,
            job.thread,
            digest=digest,
            values=text,
            event=event.data,
            open_ttl_ms=self._open_ttl_ms,
            after=after,
        )

    async def cancel(self, job_id: JobId, *, rollback: bool = False) -> Changed:
        """Ask for the job's end. Repeatable.

        A queued or waiting job is closed in this call. A running one is flagged: whoever holds it
        closes it.

        Args:
            job_id: the job.
            rollback: whether its thread's state goes back to where the job began.

        Raises:
            JobNotFound: there is no record.
            StoreUnavailable: the job may or may not have been cancelled.
        """
        reply = await run_of_job(
            self._redis,
            "log_store/jobs/cancel",
            job_id,
            None,
            id=job_id,
            at=timestamp(),
            data=end_event("cancelled").data,
            rollback="1" if rollback else "",
            **self._lives,
        )
        return _changed(reply)

    async def ahead_of(self, job: Job) -> list[JobId]:
        """The unfinished jobs that came to the job's thread before it.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        if job.thread is None:
            return []
        thread = keys.of_thread(job.thread)
        running, line = await ask_all(
            self._redis,
            [("HGET", thread["record"], "running"), ("ZRANGE", thread["line"], 0, -1)],
        )
        ids = [JobId(found.decode()) for found in [running, *line] if found]
        return [*takewhile(lambda found: found != job.id, ids)]

    async def close_over(
        self, job_id: JobId, status: FinalStatus, *, error: JobError | None = None
    ) -> Changed:
        """Close the job over its holder's head, under a raised fence.

        Repeatable; a closed job stays as it is.

        Raises:
            JobNotFound: there is no record.
            StoreUnavailable: the job may or may not have been closed.
        """
        return await self._close_over(job_id, status, error)

    async def evict(self, holder: Holder, error: JobError) -> Changed:
        """Fail the job over its holder's head, if that attempt still runs.

        Repeatable; a closed job stays as it is.

        Raises:
            Fenced: the attempt has ended, or another one runs.
            JobNotFound, StoreUnavailable: as `close_over`.
        """
        return await self._close_over(holder.job_id, "failed", error, token=holder.token)

    async def expire(self, job_id: JobId, within_ms: int, error: JobError) -> Changed:
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
    ) -> Changed:
        reply = await run_of_job(
            self._redis,
            "log_store/jobs/close_over",
            job_id,
            None,
            id=job_id,
            status=status,
            at=timestamp(),
            data=end_event(status, error=error).data,
            failure=encode(error.fields()) if error else "",
            of_token=token,
            within_ms=within_ms,
            **self._lives,
        )
        return _changed(reply)

    async def _suspend(self, holder: Holder, **how: Argument) -> JobId | None:
        _, following = await run_of_job(
            self._redis,
            "log_store/jobs/suspend",
            holder.job_id,
            holder.thread,
            attempt=holder.attempt,
            token=holder.token,
            open_ttl_ms=self._open_ttl_ms,
            **how,
        )
        return job_in(following)


def _changed(reply: list[bytes]) -> Changed:
    status, following = reply
    return Changed(status_of(status), job_in(following))


def _shown(request: JobRequest) -> dict[str, Any] | None:
    """What the first event says of a job that an adapter of the API has made."""
    if request.view is None and request.update is None:
        return None
    update = {"update": True} if request.update is not None else {}
    return {"graph": request.graph, **(request.view or {}), **update}
