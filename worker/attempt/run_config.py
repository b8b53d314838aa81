"""The `RunnableConfig` of a run: the caller's, the graph's and ours.

LangGraph itself merges the caller's into the graph's own (`with_config`): it joins tags and
callbacks, and merges metadata and `configurable` by name. This module leaves out what the caller
left out, and sets ours after both. The names are those of LangGraph's server.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any, Final, cast
from uuid import UUID

from langchain_core.runnables import RunnableConfig
from langgraph.constants import START
from langgraph.types import Command, Send

from tailrace.shared.errors import TailraceError
from tailrace.shared.jobs import Job, JobRequest, NodeNames
from tailrace.worker.catalogue.factories import Graph

_OURS: Final = frozenset(
    ("run_id", "graph_id", "run_attempt", "tenant", "langgraph_auth_user", "langgraph_auth_user_id")
)
MARKED: Final = frozenset(("tasks", "checkpoints", "debug"))
"""The stream modes whose parts show a run's configuration."""
RECURSION_LIMIT: Final = 100
"""Steps of a run if neither its caller nor its graph sets a limit."""


@dataclass(frozen=True, slots=True)
class Caller:
    """The job's owner, as `runtime.server_info.user`: a `BaseUser` of `langgraph_sdk` in form."""

    identity: str
    display_name: str
    is_authenticated: bool = True
    permissions: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Any:
        """A property by its name."""
        if name not in self:
            raise KeyError(name)
        return getattr(self, name)

    def __contains__(self, name: object) -> bool:
        """Whether there is such a property."""
        return name in tuple(self)

    def __iter__(self) -> Iterator[str]:
        """The names of the properties."""
        return (field.name for field in fields(self))


def run_config(job: Job) -> RunnableConfig:
    """What a factory is called with and, after `for_graph`, what the graph runs with."""
    asked = job.request.config
    ours = {
        "thread_id": job.request.thread or job.id,
        "run_id": job.id,
        "graph_id": job.request.graph,
    }
    config: RunnableConfig = {
        "configurable": {**asked.get("configurable", {}), **ours, **_whose(job.tenant)},
        "tags": list(asked.get("tags", ())),
        "metadata": {**job.request.metadata, **ours, "run_attempt": job.attempt},
    }
    if job.attempt == 1:
        # A tracer would take a second run under the same id for part of the first.
        config["run_id"] = UUID(job.id)
    if limit := asked.get("recursion_limit"):
        config["recursion_limit"] = limit
    return config


def for_graph(config: RunnableConfig, graph: Graph) -> RunnableConfig:
    """The same with a limit of steps: the caller's, the graph's or ours, whichever comes first."""
    own = graph.config or {}
    limit = config.get("recursion_limit") or own.get("recursion_limit") or RECURSION_LIMIT
    return {**config, "recursion_limit": limit}


def beginning(request: JobRequest) -> Any:
    """What LangGraph is given when the job begins."""
    if request.command is None:
        return request.input
    said = dict(request.command)
    goto: Any = said.pop("goto", None) or []
    nodes = cast("list[Any]", goto if isinstance(goto, list) else [goto])
    if isinstance(said.get("update"), list):
        said["update"] = [tuple(pair) for pair in said["update"]]
    # A JSON object is a node with an input of its own.
    return Command(goto=[node if isinstance(node, str) else Send(**node) for node in nodes], **said)


def forked(config: RunnableConfig, request: JobRequest) -> RunnableConfig:
    """The config of a run that begins where the request says."""
    if request.checkpoint_id is None:
        return config
    at = {"checkpoint_id": request.checkpoint_id}
    return {**config, "configurable": {**config.get("configurable", {}), **at}}


class NoSuchNode(TailraceError):
    """A run is asked to stop at a node that its graph does not have, and would never stop."""


def asked_for(graph: Graph, request: JobRequest) -> dict[str, Any]:
    """What else a request gives to the run: its context, and where to stop.

    Raises:
        NoSuchNode: it names a node that the graph does not have.
    """
    return {
        "context": None if request.context is None else dict(request.context),
        "interrupt_before": _nodes(graph, request.interrupt_before),
        "interrupt_after": _nodes(graph, request.interrupt_after),
    }


def without_ours(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """A part of the stream as it would be if the graph ran outside the service."""
    match part["type"]:
        case "tasks" | "checkpoints":
            return {**part, "data": _plain(part["data"])}
        case "debug":
            data = part["data"]
            return {**part, "data": {**data, "payload": _plain(data["payload"])}}
        case _:
            return part


def _plain(told: Mapping[str, Any]) -> dict[str, Any]:
    plain = dict(told)
    for name in ("config", "parent_config"):
        if config := told.get(name):
            plain[name] = {**config, "configurable": _unmarked(config.get("configurable", {}))}
    # A task has metadata if there is any; a checkpoint, once it is stored with ours.
    if "metadata" in told:
        plain["metadata"] = _unmarked(told["metadata"])
    if "triggers" in told and not plain.get("metadata"):
        plain.pop("metadata", None)
    return plain


def _unmarked(names: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in names.items() if name not in _OURS}


def _nodes(graph: Graph, names: NodeNames) -> str | list[str] | None:
    if isinstance(names, str):
        return names
    known = [name for name in graph.nodes if name != START]
    for name in names:
        if name not in known:
            raise NoSuchNode(f"There is no node {name!r} to stop at; there are {', '.join(known)}.")
    return list(names) or None  # None keeps the graph's own


def _whose(tenant: str) -> dict[str, Any]:
    user = Caller(tenant, tenant)
    return {"tenant": tenant, "langgraph_auth_user_id": tenant, "langgraph_auth_user": user}
