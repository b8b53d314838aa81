"""Graphs of the catalogue as assistants. Pure."""

from typing import Any, Final
from uuid import UUID, uuid5

from tailrace.shared.jobs import timestamp
from tailrace.shared.queue_store.catalogue import Catalogue, GraphSpec

_NAMESPACE: Final = UUID("6ba7b821-9dad-11d1-80b4-00c04fd430c8")
"""Of LangGraph's server: a graph's assistant has the same id there."""
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


def schemas(spec: GraphSpec) -> dict[str, Any]:
    """A graph's schemas; null stands for one that is not known, as on LangGraph's server."""
    return {
        "graph_id": spec.name,
        "input_schema": spec.input_schema or None,
        "output_schema": None,
        "state_schema": None,
        "config_schema": None,
        "context_schema": spec.context_schema,
    }


def find_graph(catalogue: Catalogue, name: str) -> GraphSpec | None:
    """The graph of an assistant, which is named by the graph's name or by its id."""
    if name in catalogue.graphs:
        return catalogue.graphs[name]
    wanted = name.lower()
    return next((s for s in catalogue.graphs.values() if assistant_id(s.name) == wanted), None)
