"""What a request names: a thread and a run in its path, and how the run is followed."""

import re
from typing import Annotated, Final

from fastapi import Depends, Query
from starlette.exceptions import HTTPException

from tailrace.api.adapters.langgraph.credentials import Tenant
from tailrace.api.adapters.langgraph.views.runs import is_listed
from tailrace.api.dependencies import Services, find_job
from tailrace.shared.errors import JobNotFound
from tailrace.shared.jobs import Job
from tailrace.shared.threads import ThreadId, ThreadName

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


async def thread_name(tenant: Tenant, thread_id: str) -> ThreadName:
    """The tenant's thread of this id.

    Raises:
        HTTPException: the id is not a UUID.
    """
    id_ = thread_id.lower()
    if not _UUID.fullmatch(id_):
        raise HTTPException(422, "Invalid thread ID: must be a UUID")
    return ThreadName(tenant, ThreadId(id_))


Name = Annotated[ThreadName, Depends(thread_name)]
"""The thread in a request's path."""


Leaves = Annotated[bool, Query(description="cancel the run when nobody listens")]
Modes = Annotated[list[str] | None, Query(description="those that the client wants of the run's")]


async def find_run(services: Services, name: ThreadName, run_id: str) -> Job:
    """A run of the thread.

    Raises:
        ThreadNotFound, JobNotFound: there is no such thread, or no such run on it.
    """
    try:
        job = await find_job(services, run_id, name.tenant)
    except JobNotFound:
        await services.threads.get(name)  # It may be the thread that is unknown.
        raise
    if job.thread != name or not is_listed(job):
        raise JobNotFound(job.id)
    return job
