"""From the body of a run to its job."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from starlette.requests import Request

from tailrace.api.adapters.langgraph.run_fields import RunCreate, check
from tailrace.api.adapters.langgraph.views.assistants import assistant_metadata, find_graph
from tailrace.api.adapters.langgraph.views.view import VERSION, logged_modes
from tailrace.api.dependencies import Services
from tailrace.api.errors import UnknownGraph
from tailrace.api.http.body import read_json
from tailrace.api.jobs.acceptance import accept
from tailrace.api.jobs.submission import Plain, Submission, idempotency_key
from tailrace.api.schemas import CreateJob, belongs_to_service, parse, parse_list
from tailrace.api.settings import ApiSettings
from tailrace.shared.errors import ThreadNotFound
from tailrace.shared.jobs import Durability, Job, JobRequest, new_job_id
from tailrace.shared.log_store.jobs.job_store import OnThread
from tailrace.shared.threads import ThreadId, ThreadName

_MOST_RUNS: Final = 100
"""Runs of one request."""


class CreateRun(CreateJob):
    """A run as a job, with the form in which its client reads it."""

    durability: Durability | None
    view: dict[str, Any]

    def request(self, settings: ApiSettings) -> JobRequest:
        """The same for the service."""
        asked = super().request(settings)
        return replace(asked, durability=self.durability, view=self.view)

    @property
    def on_thread(self) -> OnThread:
        """How it comes to its thread; a thread that it makes is known by the run's graph."""
        metadata = {**assistant_metadata(self.graph), **self.metadata}
        return replace(super().on_thread, metadata=metadata)


async def read_run(request: Request, services: Services) -> RunCreate:
    """The body.

    Raises:
        UnsupportedMediaType, BodyTooLarge, BodyTooSlow, InvalidJson, InvalidBody: it is refused.
    """
    return parse(RunCreate, await read_json(request, services.settings))


class ProtocolRun(RunCreate):
    """A run of the thread protocol: its log also names the checkpoints."""


def protocol_run(said: Mapping[str, Any]) -> ProtocolRun:
    """The body of a run that a command asks for.

    Raises:
        InvalidBody: a field is wrong.
    """
    return parse(ProtocolRun, said)


async def read_runs(request: Request, services: Services) -> list[RunCreate]:
    """The body of a request for several runs, none of which has a thread.

    Raises:
        UnsupportedMediaType, BodyTooLarge, BodyTooSlow, InvalidJson, InvalidBody: it is refused.
    """
    bodies = parse_list(RunCreate, await read_json(request, services.settings), _MOST_RUNS)
    for body in bodies:
        check(body, thread=False)
    return bodies


async def create_run(
    services: Services,
    tenant: str,
    request: Request,
    body: RunCreate,
    thread: ThreadName | None = None,
    part: int | None = None,
) -> Job:
    """The job of a run; the existing one if its `Idempotency-Key` is known.

    Args:
        services: of this process.
        tenant: whose run it is.
        request: has the key.
        body: of the request.
        thread: on which the run is; None: on none.
        part: which one of the request's runs it is; None: its only one.

    Raises:
        UnknownGraph: there is no such assistant.
        InvalidBody: a field can't be honoured.
        ThreadNotFound, ThreadBusy: the thread does not take the run.
        GraphBroken, InvalidInput, IdempotencyConflict, StoreUnavailable: as for every job.
    """
    check(body, thread=thread is not None)
    spec = find_graph(await services.graphs.catalogue(), body.assistant_id)
    if spec is None:
        raise UnknownGraph(
            f'No assistant found for "{body.assistant_id}". Make sure the assistant ID is for a'
            " valid assistant or a valid graph ID."
        )
    if thread is not None:
        await _name_assistant(services, thread, body, spec.name)
    key, thread_id = idempotency_key(request), thread and thread.id
    if key is not None and part is not None:
        key = f"{key}\n{part}"  # No client can send such a key.
    submission = Submission(job_body(body, spec.name, thread_id), key, Plain())
    return (await accept(services, tenant, submission, new_job_id(thread_id))).job


async def _name_assistant(
    services: Services, thread: ThreadName, body: RunCreate, graph: str
) -> None:
    """Write into a thread's metadata which graph runs on it: clients list threads by that."""
    told = assistant_metadata(graph)
    try:
        known = await services.threads.get(thread)
    except ThreadNotFound:
        if body.if_not_exists == "create":
            return  # It is made with these.
        raise
    if known.status != "busy" and not told.items() <= known.metadata.items():
        await services.threads.patch(thread, told)


def job_body(body: RunCreate, graph: str, thread: ThreadId | None = None) -> CreateRun:
    """What the run asks for, as the body of a job.

    Raises:
        InvalidBody: its config has what belongs to the service, or is over a limit.
    """
    named = {"checkpoints": "named"} if isinstance(body, ProtocolRun) else {}
    said: dict[str, Any] = {
        "graph": graph,
        "input": body.input,
        "config": _config(body),
        "stream": [*logged_modes(body.modes), *named],
        "metadata": {
            **((body.config and body.config.metadata) or {}),
            **(body.metadata or {}),
        },
        "interrupt_before": body.interrupt_before or [],
        "interrupt_after": body.interrupt_after or [],
        "context": body.context,
        "durability": body.stored,
        "view": {
            "api": "langgraph",
            "version": VERSION,
            "modes": body.modes,
            "subgraphs": bool(body.stream_subgraphs),
            "multitask_strategy": body.multitask_strategy or "reject",
            "on_disconnect": body.on_disconnect or "continue",
            **named,
        },
    }
    if thread is not None:
        said |= {
            "thread": thread,
            "input": None if body.command else body.input,
            "multitask_strategy": body.multitask_strategy or "reject",
            "if_not_exists": body.if_not_exists or "reject",
            "checkpoint_id": body.begins_at,
        }
        if body.command is not None:
            said["command"] = body.command.said
    return parse(CreateRun, said)


def _config(body: RunCreate) -> dict[str, Any]:
    """The run's config, but for its metadata and for what belongs to the service."""
    if body.config is None:
        return {}
    config = body.config.model_dump(exclude={"metadata"}, exclude_none=True)
    config["configurable"] = {
        name: value
        for name, value in config.get("configurable", {}).items()
        # The run's own win, as on LangGraph's server; RemoteGraph sends its caller's.
        if not belongs_to_service(name)
    }
    return config
