"""From the body of a run to its job."""

from dataclasses import replace
from typing import Any

from starlette.requests import Request

from tailrace.api.adapters.langgraph.run_fields import RunCreate, check
from tailrace.api.adapters.langgraph.views.assistants import find_graph
from tailrace.api.adapters.langgraph.views.view import logged_modes
from tailrace.api.dependencies import Services
from tailrace.api.errors import UnknownGraph
from tailrace.api.http.body import read_json
from tailrace.api.jobs.acceptance import accept
from tailrace.api.jobs.submission import Plain, Submission, idempotency_key
from tailrace.api.schemas import CreateJob, parse
from tailrace.api.settings import ApiSettings
from tailrace.shared.jobs import Job, JobRequest, new_job_id

VERSION = 1
"""Of the mapping from events to LangGraph's, kept with each run: a later one never changes what a
client has already begun to read."""


class CreateRun(CreateJob):
    """A run as a job, with the form in which its client reads it."""

    view: dict[str, Any]

    def request(self, settings: ApiSettings) -> JobRequest:
        """The same for the service."""
        return replace(super().request(settings), view=self.view)


async def read_run(request: Request, services: Services) -> RunCreate:
    """The body.

    Raises:
        UnsupportedMediaType, BodyTooLarge, BodyTooSlow, InvalidJson, InvalidBody: it is refused.
    """
    return parse(RunCreate, await read_json(request, services.settings))


async def create_run(services: Services, tenant: str, request: Request, body: RunCreate) -> Job:
    """The job of a run without a thread; the existing one if its `Idempotency-Key` is known.

    Raises:
        UnknownGraph: there is no such assistant.
        InvalidBody: a field can't be honoured.
        GraphBroken, InvalidInput, IdempotencyConflict, StoreUnavailable: as for every job.
    """
    check(body, thread=False)
    spec = find_graph(await services.graphs.catalogue(), body.assistant_id)
    if spec is None:
        raise UnknownGraph(
            f'No assistant found for "{body.assistant_id}". Make sure the assistant ID is for a'
            " valid assistant or a valid graph ID."
        )
    key = idempotency_key(request)
    submission = Submission(job_body(body, spec.name), key, Plain())
    return (await accept(services, tenant, submission, new_job_id())).job


def job_body(body: RunCreate, graph: str) -> CreateRun:
    """What the run asks for, as the body of a job.

    Raises:
        InvalidBody: its config has what belongs to the service, or is over a limit.
    """
    config = body.config
    own: dict[str, Any] = {}
    if config is not None:
        own = config.model_dump(exclude={"metadata"}, exclude_none=True)
    view = {
        "api": "langgraph",
        "version": VERSION,
        "modes": body.modes,
        "subgraphs": bool(body.stream_subgraphs),
        "multitask_strategy": body.multitask_strategy or "reject",
        "on_disconnect": body.on_disconnect or "continue",
    }
    said = {
        "graph": graph,
        "input": body.input,
        "config": own,
        "stream": logged_modes(body.modes),
        "metadata": {**((config and config.metadata) or {}), **(body.metadata or {})},
        "interrupt_before": body.interrupt_before or [],
        "interrupt_after": body.interrupt_after or [],
        "context": body.context,
        "view": view,
    }
    return parse(CreateRun, said)
