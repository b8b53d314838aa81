"""What a listener has to know of a job: asked for many at once. Whole records are job_store's."""

from collections.abc import Sequence
from typing import Any, NamedTuple, cast

from tailrace.shared.jobs import FINAL, JobId, JobStatus
from tailrace.shared.redis import keys
from tailrace.shared.redis.connection import Client, store_errors


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
    """The head of each record, in one call; None where there is none.

    Raises:
        StoreUnavailable: the store did not answer.
    """
    with store_errors():
        async with redis.pipeline(transaction=False) as pipe:
            for job_id in job_ids:
                cast("Any", pipe).hmget(keys.job(job_id), "tenant", "status", "seq")
                cast("Any", pipe).exists(keys.log(job_id))
            replies = await pipe.execute()
    return [
        _head(record, has_log) for record, has_log in zip(replies[::2], replies[1::2], strict=True)
    ]


def _head(record: list[bytes | None], has_log: int) -> JobSummary | None:
    tenant, status, seq = record
    if tenant is None or status is None or seq is None:
        return None
    return JobSummary(tenant.decode(), cast("JobStatus", status.decode()), int(seq), bool(has_log))
