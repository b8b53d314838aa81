"""What LangGraph tells of a graph: its drawing to each depth, its schemas, the graphs inside it."""

import warnings
from collections.abc import Callable
from typing import Any, Final, cast

from langgraph.graph import state
from langgraph.pregel import Pregel

from tailrace.shared.queue_store.details import Drawing, GraphDetails, GraphSchemas, Schema
from tailrace.worker.catalogue.factories import Graph
from tailrace.worker.catalogue.schemas import CANT_TELL

_DEEPEST: Final = 8
"""How deep the graphs inside are drawn level by level; the last drawing has all of them."""


def details_of(graph: Graph) -> GraphDetails:
    """What the graph tells of itself; what it can't tell is left empty."""
    return GraphDetails(_drawings(graph), _schemas(graph), _subgraphs(graph))


def _drawings(graph: Graph) -> list[Drawing]:
    try:
        whole = graph.get_graph(xray=True).to_json()
        drawings: list[Drawing] = []
        for depth in range(_DEEPEST):
            drawing = graph.get_graph(xray=depth).to_json()
            if drawing == whole:
                break
            drawings.append(drawing)
    except CANT_TELL:
        return []
    return [*drawings, whole]


def _subgraphs(graph: Graph) -> dict[str, GraphSchemas]:
    try:
        inside = dict(cast("Any", graph).get_subgraphs(recurse=True))
    except CANT_TELL:
        return {}
    return {ns: _schemas(cast("Graph", g)) for ns, g in inside.items() if isinstance(g, Pregel)}


def _schemas(graph: Graph) -> GraphSchemas:
    with warnings.catch_warnings():
        # LangGraph would rather have the context's alone; clients ask for both.
        warnings.simplefilter("ignore", DeprecationWarning)
        return GraphSchemas(
            input=_told(graph.get_input_jsonschema),
            output=_told(graph.get_output_jsonschema),
            state=_told(lambda: _state(graph)),
            config=_told(cast("Any", graph).get_config_jsonschema),
            context=_told(graph.get_context_jsonschema),
        )


def _told(ask: Callable[[], Schema | None]) -> Schema | None:
    try:
        return ask()
    except CANT_TELL:
        return None


def _state(graph: Graph) -> Schema:
    """The schema of all that the graph keeps, made as LangGraph makes that of its output."""
    builder: Any = getattr(graph, "builder", None)
    if builder is None:
        return graph.get_output_jsonschema()
    schema_of: Callable[..., Schema] = cast("Any", state)._get_json_schema  # noqa: SLF001 - no other name
    return schema_of(
        builder.state_schema, builder.schemas, builder.channels, graph.get_name("State")
    )
