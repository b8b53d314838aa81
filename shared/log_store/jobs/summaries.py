"""What a listener has to know of a job: asked for many at once. Whole records are job_store's."""

from collections.abc import Sequence
from typing import NamedTuple

from tailrace.shared.jobs import FINAL, JobId, JobStatus
from tailrace.shared.log_store.jobs.job_record import status_of
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import Command, ask_all
from tailrace.shared.redis.connection import Client


class JobSummary(NamedTuple):
    """As much of a record as a listener has to know."""

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


async def read_summaries(redis: Client, job_ids: Sequence[JobId]) -> list[JobSummary | None]:
    """The summary of each job, in one round; None where there is no record.

    Raises:
        StoreUnavailable: the store did not reply.
    """
    wanted: list[Command] = []
    for job_id in job_ids:
        wanted.append(("HMGET", keys.job(job_id), "tenant", "status", "seq"))
        wanted.append(("EXISTS", keys.log(job_id)))
    replies = await ask_all(redis, wanted)
    return [_summary(*told) for told in zip(replies[::2], replies[1::2], strict=True)]


def _summary(record: list[bytes | None], has_log: int) -> JobSummary | None:
    tenant, status, seq = record
    if tenant is None or status is None or seq is None:
        return None
    return JobSummary(tenant.decode(), status_of(status), int(seq), bool(has_log))
