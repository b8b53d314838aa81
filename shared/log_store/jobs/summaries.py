"""What a listener has to know of a job: asked for many at once. Whole records are job_store's."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from tailrace.shared.jobs import FINAL, JobId, JobStatus
from tailrace.shared.log_store.jobs.job_record import status_of
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import Command, ask_all
from tailrace.shared.redis.connection import Client
from tailrace.shared.threads import ThreadName

LogId: TypeAlias = JobId | ThreadName
"""Whose log it is: a job's or a thread's."""


class JobSummary(NamedTuple):
    """As much of a record as a listener has to know. A thread counts as a job that never ends."""

    tenant: str
    status: JobStatus
    seq: int
    """The log's last number."""
    has_log: bool
    """Whether events can still be read."""

    @property
    def ended(self) -> bool:
        """Whether the log has its `end`."""
        return self.status in FINAL


async def read_summaries(redis: Client, log_ids: Sequence[LogId]) -> list[JobSummary | None]:
    """The summary of each job or thread, in one round; None where there is no record.

    Raises:
        StoreUnavailable: the store did not reply.
    """
    wanted: list[Command] = []
    for log_id in log_ids:
        of_thread = isinstance(log_id, ThreadName)
        record = keys.of_thread(log_id)["record"] if of_thread else keys.job(log_id)
        wanted.append(("HMGET", record, "tenant", "status", "seq"))
        wanted.append(("EXISTS", keys.log_of_thread(log_id) if of_thread else keys.log(log_id)))
    replies = await ask_all(redis, wanted)
    told = zip(log_ids, replies[::2], replies[1::2], strict=True)
    return [_summary(log_id, record, has_log) for log_id, record, has_log in told]


def _summary(log_id: LogId, record: list[bytes | None], has_log: int) -> JobSummary | None:
    tenant, status, seq = record
    if isinstance(log_id, ThreadName):
        return JobSummary(log_id.tenant, "running", int(seq), has_log=True) if seq else None
    if tenant is None or status is None or seq is None:
        return None
    return JobSummary(tenant.decode(), status_of(status), int(seq), bool(has_log))
