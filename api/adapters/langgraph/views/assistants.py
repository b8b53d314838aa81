"""Graphs of the catalogue as assistants. Pure."""

from typing import Any, Final
from uuid import UUID, uuid5

from tailrace.shared.jobs import timestamp
from tailrace.shared.queue_store.catalogue import Catalogue, GraphSpec
from tailrace.shared.queue_store.details import Drawing, GraphDetails, GraphSchemas

_NAMESPACE: Final = UUID("6ba7b821-9dad-11d1-80b4-00c04fd430c8")
"""Of LangGraph's server: a graph's assistant has the same id there."""
_BELOW: Final = "|"
"""In a namespace: before a graph further inside."""
_SINCE: Final = timestamp()
"""Assistants are made when the service starts."""


def assistant_id(graph: str) -> str:
    """The id of a graph's assistant."""
    return str(uuid5(_NAMESPACE, graph))


def assistant_metadata(graph: str) -> dict[str, str]:
    """What a thread's metadata say of the graph that runs on it."""
    return {"graph_id": graph, "assistant_id": assistant_id(graph)}


def assistant(spec: GraphSpec) -> dict[str, Any]:
    """A graph as LangGraph's clients see it."""
    return {
        "assistant_id": assistant_id(spec.name),
        "graph_id": spec.name,
        "version": 1,
        "config": {},
        "context": {},
        "created_at": _SINCE,
        "updated_at": _SINCE,
        "metadata": {"created_by": "system"},
        "name": spec.name,
        "description": spec.description or None,
    }


def schemas(spec: GraphSpec, details: GraphDetails) -> dict[str, Any]:
    """A graph's schemas; null stands for one that is not known, as on LangGraph's server.

    Input and context, which each worker tells, are also known without details.
    """
    told = _schemas(spec.name, details.schemas)
    told["input_schema"] = told["input_schema"] or spec.input_schema or None
    told["context_schema"] = told["context_schema"] or spec.context_schema
    return told


def drawing(details: GraphDetails, depth: int | None) -> Drawing | None:
    """The drawing of a graph; None if it is not known.

    Args:
        details: of the graph.
        depth: to which the graphs inside are drawn; None: all of them.
    """
    drawings = details.drawings
    at = len(drawings) - 1 if depth is None else min(depth, len(drawings) - 1)
    return drawings[at] if drawings else None


def subgraphs(
    spec: GraphSpec, details: GraphDetails, namespace: str | None, *, recurse: bool
) -> dict[str, Any]:
    """The schemas of the graphs inside, as LangGraph chooses them.

    Args:
        spec: the graph.
        details: of the graph.
        namespace: of the only one that is wanted.
        recurse: whether those deeper inside are wanted, too.
    """
    return {
        ns: _schemas(spec.name, told)
        for ns, told in details.subgraphs.items()
        if (namespace is None or ns == namespace) and (recurse or _BELOW not in ns)
    }


def _schemas(graph: str, told: GraphSchemas) -> dict[str, Any]:
    return {
        "graph_id": graph,
        "input_schema": told.input,
        "output_schema": told.output,
        "state_schema": told.state,
        "config_schema": told.config,
        "context_schema": told.context,
    }


def find_graph(catalogue: Catalogue, name: str) -> GraphSpec | None:
    """The graph of an assistant, which is named by the graph's name or by its id."""
    if name in catalogue.graphs:
        return catalogue.graphs[name]
    wanted = name.lower()
    return next((s for s in catalogue.graphs.values() if assistant_id(s.name) == wanted), None)
