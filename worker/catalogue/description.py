"""What the catalogue says of a graph: schemas, nodes and drawing, as far as the graph can tell."""

import asyncio
import logging
from typing import Any, Final

from langgraph.constants import START

from tailrace.shared.queue_store.catalogue import BrokenSpec, GraphSpec
from tailrace.worker.catalogue.factories import Call, Graph, GraphSource
from tailrace.worker.catalogue.registry import BrokenGraph
from tailrace.worker.catalogue.schemas import CANT_TELL, context_schema, input_schema

logger = logging.getLogger(__name__)

_DESCRIBED_S: Final = 10.0
"""For a factory that connects somewhere; its jobs have their own time."""
_UNTOLD: Final[dict[str, Any]] = {
    "description": "Any input is taken: the graph is made for each job, and tells nothing before."
}


async def describe(source: GraphSource) -> GraphSpec:
    """The graph as the API and its users see it.

    A factory that fails without a run's config, or takes too long, costs only what is told of its
    graph: it then takes any input, and says so.
    """
    call = Call({"configurable": {}}, reading=True)
    try:
        async with asyncio.timeout(_DESCRIBED_S), source.open(call) as graph:
            return _described(source, graph)
    except (Exception, SystemExit):  # other people's factories may raise anything
        logger.warning("graph can't be described", exc_info=True, extra={"graph": source.name})
        return GraphSpec(source.name, source.description, _UNTOLD, "")


def describe_broken(graph: BrokenGraph) -> GraphSpec:
    """A graph that can't be run, as the API and its users see it: without its error."""
    return _broken(graph, f"The graph can't be loaded. Reference: {graph.reference}")


def describe_broken_to_developer(graph: BrokenGraph) -> GraphSpec:
    """The same with the error, for a development run alone."""
    return _broken(graph, f"{graph.reason} (reference {graph.reference})")


def _broken(graph: BrokenGraph, detail: str) -> GraphSpec:
    broken = BrokenSpec(graph.reference, detail)
    return GraphSpec(graph.name, graph.description, {}, "", broken=broken)


def _described(source: GraphSource, graph: Graph) -> GraphSpec:
    return GraphSpec(
        source.name,
        source.description,
        input_schema(graph),
        _drawing(graph),
        context_schema=context_schema(graph),
        nodes=_nodes(source, graph),
    )


def _nodes(source: GraphSource, graph: Graph) -> list[str]:
    if source.roles is not None:
        return []  # a graph that is made for each run may have others each time
    return [name for name in graph.nodes if name != START]


def _drawing(graph: Graph) -> str:
    try:
        return graph.get_graph(xray=True).draw_mermaid()
    except CANT_TELL:
        return ""
