"""A change of a thread's state. It needs the graph, so it is a short job that is waited for."""

from dataclasses import replace
from typing import Any

from starlette.exceptions import HTTPException

from tailrace.api.adapters.langgraph.thread_fields import StateUpdate
from tailrace.api.adapters.langgraph.views.runs import is_over
from tailrace.api.adapters.langgraph.waiting import soon_over
from tailrace.api.dependencies import Services
from tailrace.api.jobs.acceptance import accept
from tailrace.api.jobs.ending import end_job
from tailrace.api.jobs.submission import Plain, Submission
from tailrace.api.schemas import CreateJob, parse
from tailrace.api.settings import ApiSettings
from tailrace.shared.events import decode
from tailrace.shared.jobs import JobRequest, new_job_id
from tailrace.shared.threads import ThreadName


class CreateUpdate(CreateJob):
    """A change of a state as a job."""

    update: dict[str, Any]

    def request(self, settings: ApiSettings) -> JobRequest:
        """The same for the service."""
        return replace(super().request(settings), update=self.update)


async def updated_checkpoint(
    services: Services, thread: ThreadName, body: StateUpdate
) -> dict[str, Any]:
    """Change the state; the checkpoint that has it.

    Raises:
        HTTPException: the thread has no graph yet or is busy, LangGraph refuses the update, or no
            worker has made it in time.
        ThreadNotFound, StoreUnavailable: as for every job.
    """
    known = await services.threads.get(thread)
    graph = known.metadata.get("graph_id")
    if not isinstance(graph, str):
        raise HTTPException(400, f"Thread {thread.id} has no graph ID")
    if known.status == "busy":
        raise HTTPException(409, "Thread is busy")
    submission = Submission(_update(graph, thread, body), None, Plain())
    job = (await accept(services, thread.tenant, submission, new_job_id(thread.id))).job
    await soon_over(services, job)
    job = await services.jobs.get(job.id)
    if job.error is not None:
        raise HTTPException(422, job.error.detail)
    if not is_over(job) or job.result is None:
        await end_job(services, job.id)
        raise HTTPException(503, "No worker has changed the state in time.")
    named: dict[str, Any] = decode(job.result)["checkpoint"]
    return {**named, "thread_id": thread.id}


def _update(graph: str, thread: ThreadName, body: StateUpdate) -> CreateUpdate:
    at = body.checkpoint
    said = {
        "graph": graph,
        "input": None,
        "stream": ["custom"],
        "thread": thread.id,
        "if_not_exists": "reject",
        "multitask_strategy": "reject",
        "checkpoint_id": body.checkpoint_id or (at and at.checkpoint_id),
        "update": {
            "values": body.values,
            "as_node": body.as_node,
            "checkpoint_ns": (at and at.checkpoint_ns) or "",
        },
    }
    return parse(CreateUpdate, said)
