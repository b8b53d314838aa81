"""Calls of the scripts that change a job, with the keys of the thread that it may have."""

from typing import Final

from tailrace.shared.errors import StoreUnavailable
from tailrace.shared.jobs import JobId
from tailrace.shared.redis import keys
from tailrace.shared.redis.connection import Client
from tailrace.shared.redis.scripts import Argument, OtherKeys, run_script
from tailrace.shared.threads import ThreadName

_TRIES: Final = 5
"""How often a thread's jobs may change while a call is on its way."""


async def run_of_job(
    client: Client,
    name: str,
    job_id: JobId,
    thread: ThreadName | None,
    /,
    *rest: Argument,
    **args: Argument,
) -> list[bytes]:
    """Run one of the scripts of a job; the reply without its leading 'ok'.

    Args:
        client: of the log store.
        name: folder and name below `shared`.
        job_id: the job.
        thread: its thread, if it is known; the job's record tells it otherwise.
        rest: as `run_script` takes them.
        args: likewise.

    Raises:
        StoreUnavailable, JobNotFound, NotWaiting, WriteRefused, ...: as `run_script`.
    """
    superseded: JobId | None = None
    for _ in range(_TRIES):
        try:
            return await run_script(
                client, name, keys.of_job(job_id, thread, superseded), *rest, **args
            )
        except OtherKeys as wanted:
            thread, superseded = wanted.thread, wanted.superseded
    raise StoreUnavailable("the jobs of the thread change too fast")


def job_in(reply: bytes) -> JobId | None:
    """The job that a reply names; None where it is empty."""
    return JobId(reply.decode()) if reply else None
