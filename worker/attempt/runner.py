"""One attempt at a job: open its log, run the graph, close or suspend the log."""

import asyncio
import logging
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, Final

from tailrace.shared.errors import (
    CancelRequested,
    Fenced,
    JobNotFound,
    LogClosed,
    NotItsTurn,
    WriteRefused,
)
from tailrace.shared.jobs import Job, JobError, JobId
from tailrace.shared.log_store.journal.journal import JournalStores
from tailrace.shared.process.tasks import cancel_and_wait
from tailrace.worker.attempt.attempt import Attempt, Stop
from tailrace.worker.attempt.execution import Execution
from tailrace.worker.attempt.outcomes import (
    TIMEOUT,
    Again,
    Behind,
    Done,
    Ended,
    Lost,
    Outcome,
    Verdict,
    Waiting,
    told_of,
)
from tailrace.worker.journal.journal import Journal
from tailrace.worker.runtime.retry import until_stored

logger = logging.getLogger(__name__)

_CANCELLED_ITSELF: Final = JobError("internal", "The graph cancelled itself.")


@dataclass(frozen=True, slots=True)
class Runner:
    """Takes jobs from claim to verdict."""

    execution: Execution
    stores: JournalStores
    worker_id: str

    async def run(self, attempt: Attempt) -> Verdict:
        """Run one attempt, and write to its log how it ended; what the queue is told."""
        job_id = attempt.claim.job_id
        try:
            job = await self._open(attempt)
            if isinstance(job, Behind):
                return job
            attempt.thread = job.thread
            logger.info("attempt opened", extra=self._about(attempt))
            verdict = await self._run_and_close(attempt, job)
        except NotItsTurn as refusal:
            fields = {"job_id": job_id, "before": refusal.before}
            logger.info("job waits for its thread's turn", extra=fields)
            # It may be that the job before it was never queued.
            return Done(JobId(refusal.before))
        except (LogClosed, JobNotFound) as refusal:
            logger.info("nothing to run", extra={"job_id": job_id, "reason": repr(refusal)})
            return Done()
        except WriteRefused as refusal:
            fields = self._about(attempt) | {"reason": repr(refusal)}
            logger.warning("attempt lost", extra=fields)
            return Lost()
        return verdict

    async def _open(self, attempt: Attempt) -> Job | Behind:
        async def opened() -> Job:
            if attempt.stop is Stop.LOST:
                # Opening it now would count a failure against the job.
                raise Fenced(attempt.claim.attempt)
            return await self.stores.jobs.open_attempt(attempt.holder)

        try:
            return await until_stored(opened)
        except Fenced as refusal:
            return Behind(refusal.at)

    async def _run_and_close(self, attempt: Attempt, job: Job) -> Verdict:
        journal, began = Journal(self.stores, attempt.holder, job.seq), time.monotonic()
        try:
            async with asyncio.TaskGroup() as tasks:
                writing = tasks.create_task(journal.run())
                try:
                    outcome = await self._run_graph(attempt, job, journal)
                    verdict = await self._close(attempt, journal, outcome)
                finally:
                    await cancel_and_wait(writing)
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from group
        fields = self._about(attempt) | {"tenant": job.tenant, "graph": job.request.graph}
        fields |= {"duration_s": round(time.monotonic() - began, 3), **told_of(outcome)}
        logger.info("attempt ended", extra=fields)
        return verdict

    async def _run_graph(self, attempt: Attempt, job: Job, journal: Journal) -> Outcome:
        """Run the graph until it ends or is stopped."""
        attempt.deadline = time.monotonic() + job.request.timeout_s
        timer = asyncio.get_running_loop().call_later(
            job.request.timeout_s, attempt.interrupt, Stop.TIMEOUT
        )
        attempt.arm()
        try:
            if attempt.stop is None:
                outcome = await self.execution.run(job, journal)
                # A graph that was stopped may fail because of that.
                if attempt.stop is None or _succeeded(outcome):
                    return outcome
        except asyncio.CancelledError:
            if attempt.stop is None and _is_cancelled():
                raise  # the log is lost: the error of the journal says why
        finally:
            attempt.disarm()
            timer.cancel()
            if attempt.stop is not None:
                await _absorb_cancellation()
        return _stopped(attempt)

    async def _close(self, attempt: Attempt, journal: Journal, outcome: Outcome) -> Verdict:
        """Write how the attempt ended, after everything that its graph wrote."""
        holder, jobs = attempt.holder, self.stores.jobs
        if not isinstance(outcome, Ended):
            journal.held.release_all()
        try:
            match outcome:
                case Ended(status, result, error, at):
                    return Done(await journal.close(status, result=result, error=error, at=at))
                case Waiting(pause):
                    return Done(
                        await journal.last_write(lambda sent: jobs.pause(holder, pause, sent=sent))
                    )
                case Again(reason, failures, yields=yields):
                    following = await journal.last_write(
                        lambda sent: jobs.requeue(
                            holder, reason, failures=failures, sent=sent, yields=yields
                        )
                    )
                    return replace(outcome, following=following)
        except CancelRequested:
            return Done(await journal.close("cancelled"))

    def _about(self, attempt: Attempt) -> dict[str, Any]:
        claim = attempt.claim
        return {"job_id": claim.job_id, "attempt": claim.attempt, "worker": self.worker_id}


def _stopped(attempt: Attempt) -> Outcome:
    """The outcome of an attempt whose graph was stopped.

    Raises:
        Fenced: another worker has the job.
    """
    match attempt.stop:
        case Stop.CANCELLED:
            return Ended("cancelled")
        case Stop.TIMEOUT:
            return Ended("failed", error=TIMEOUT)
        case Stop.SHUTDOWN:
            return Again("shutdown")
        case Stop.LOST:
            raise Fenced(attempt.claim.attempt)
        case None:
            return Ended("failed", error=_CANCELLED_ITSELF)


def _succeeded(outcome: Outcome) -> bool:
    return isinstance(outcome, Ended) and outcome.status == "succeeded"


def _is_cancelled() -> bool:
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


async def _absorb_cancellation() -> None:
    """Treat our own cancellation as done, delivered or not, so that what follows may await."""
    with suppress(asyncio.CancelledError):
        await asyncio.sleep(0)
    task = asyncio.current_task()
    while task is not None and task.cancelling() > 0:
        task.uncancel()
