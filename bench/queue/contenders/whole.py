"""Everything: a record, the queue, `python -m tailrace.worker`, LangGraph, the log, `end`.

The job is `counter` with one event; its node stamps when it starts.
"""

import os
import runpy
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing, asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import Any, Final

from bench.queue.contenders import Enqueue
from bench.server import on_store
from tailrace.shared.jobs import JobRequest, new_job_id
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.queue_store.queue.job_queue import JobQueue
from tailrace.shared.redis.connection import connect
from tailrace.shared.settings import SharedSettings

GRAPHS: Final = Path(__file__).with_name("langgraph.json")
import_module("tailrace.worker.app")  # before the start signal: it takes seconds
_CONFIG: Final[Mapping[str, Any]] = {"configurable": {}, "tags": [], "recursion_limit": 100}


@asynccontextmanager
async def producer(url: str) -> AsyncGenerator[Enqueue]:
    """Creates and enqueues as `POST /jobs` does, without HTTP."""
    settings = SharedSettings(redis_url=url)
    request = JobRequest("counter", {"count": 1}, config=_CONFIG)
    async with aclosing(connect(url)) as store:
        jobs, queue = JobStore(store, settings), JobQueue(store, settings)

        async def enqueue() -> None:
            job, _ = await jobs.create(new_job_id(), "bench", request)
            await queue.enqueue(job.id)

        yield enqueue


def consume(url: str) -> None:
    """`python -m tailrace.worker`, in this process; never returns: a worker ends its process."""
    os.environ |= {**on_store(url), "TAILRACE_GRAPHS": str(GRAPHS)}
    runpy.run_module("tailrace.worker", run_name="__main__", alter_sys=True)
