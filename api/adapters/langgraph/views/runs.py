"""A job as a run. Pure."""

from collections.abc import Mapping
from typing import Any, Final, Literal

from tailrace.api.adapters.langgraph.views.assistants import assistant_id, assistant_metadata
from tailrace.shared.jobs import Job, JobRequest, JobStatus

RunStatus = Literal["pending", "running", "error", "success", "timeout", "interrupted"]

_STATUSES: Final[Mapping[JobStatus, RunStatus]] = {
    "queued": "pending",
    "running": "running",
    "waiting": "interrupted",
    "succeeded": "success",
    "failed": "error",
    "cancelled": "interrupted",
}
_STRATEGY: Final = "reject"


def run_status(job: Job) -> RunStatus:
    """A job's status in LangGraph's words."""
    if job.error is not None and job.error.type == "timeout":
        return "timeout"
    if job.status == "queued" and job.attempt:
        return "running"  # Its next attempt: a run goes back to pending in no client's eyes.
    return _STATUSES[job.status]


def is_over(job: Job) -> bool:
    """Whether the run is over: where a graph asks something, the next run resumes it."""
    return job.ended or job.status == "waiting"


def is_listed(job: Job) -> bool:
    """Whether the job is a run to clients: a change of the state is none, nor what was undone."""
    return job.request.update is None and not job.rolled_back


def thread_id(job: Job) -> str:
    """The thread that a job runs on; a job without one is its own."""
    return job.request.thread or job.id


def run(job: Job) -> dict[str, Any]:
    """A job as LangGraph's clients see it."""
    view = job.request.view or {}
    return {
        "run_id": job.id,
        "thread_id": thread_id(job),
        "assistant_id": assistant_id(job.request.graph),
        "metadata": _metadata(job),
        "status": run_status(job),
        "kwargs": _kwargs(job.request, view),
        "multitask_strategy": view.get("multitask_strategy", _STRATEGY),
        "created_at": job.created_at,
        "updated_at": job.ended_at or job.started_at or job.created_at,
    }


def _metadata(job: Job) -> dict[str, Any]:
    """The assistant's, what the thread has of it, and the run's own."""
    own = assistant_metadata(job.request.graph) if job.request.thread else {}
    return {"created_by": "system", **own, **job.request.metadata}


def _kwargs(request: JobRequest, view: Mapping[str, Any]) -> dict[str, Any]:
    """What the run was asked to do, as far as the caller said it."""
    said = {
        "input": request.input,
        "config": request.config,
        "command": request.command,
        "context": request.context,
        "stream_mode": view.get("modes", request.stream),
        "subgraphs": view.get("subgraphs", False),
        "interrupt_before": _nodes(request.interrupt_before),
        "interrupt_after": _nodes(request.interrupt_after),
    }
    return {name: value for name, value in said.items() if value is not None}


def _nodes(names: str | tuple[str, ...]) -> str | list[str] | None:
    return names if isinstance(names, str) else list(names) or None
