"""What the catalogue says about a graph: schemas, nodes and drawing, as far as they are known."""

import asyncio
import logging
from typing import Any, Final, NamedTuple

from langgraph.constants import START

from tailrace.shared.queue_store.catalogue import BrokenSpec, GraphSpec
from tailrace.shared.queue_store.details import name_of, pack
from tailrace.worker.catalogue.details import details_of
from tailrace.worker.catalogue.factories import Call, Graph, GraphSource
from tailrace.worker.catalogue.registry import BrokenGraph
from tailrace.worker.catalogue.schemas import CANT_TELL, context_schema, input_schema

logger = logging.getLogger(__name__)

_DESCRIBED_S: Final = 10.0
"""For a factory that connects somewhere; its jobs are not limited by this."""
_UNTOLD: Final[dict[str, Any]] = {
    "description": "Any input is taken: the graph is made for each job, and tells nothing before."
}


class Description(NamedTuple):
    """What is announced about a graph."""

    spec: GraphSpec
    details: bytes | None = None
    """Packed, under the name that the spec has for them; None: nothing more is known."""


async def describe(source: GraphSource) -> Description:
    """Describe a graph for the API and its users.

    If a factory fails without a run's config or takes too long, the graph is described as taking
    any input.
    """
    call = Call({"configurable": {}}, reading=True)
    try:
        async with asyncio.timeout(_DESCRIBED_S), source.open(call) as graph:
            return _described(source, graph)
    except (Exception, SystemExit):  # other people's factories may raise anything
        logger.warning("graph can't be described", exc_info=True, extra={"graph": source.name})
        return Description(GraphSpec(source.name, source.description, _UNTOLD, ""))


def describe_broken(graph: BrokenGraph) -> GraphSpec:
    """Describe a graph that can't be run, without its error."""
    return _broken(graph, f"The graph can't be loaded. Reference: {graph.reference}")


def describe_broken_to_developer(graph: BrokenGraph) -> GraphSpec:
    """The same with the error; only for a development run."""
    return _broken(graph, f"{graph.reason} (reference {graph.reference})")


def _broken(graph: BrokenGraph, detail: str) -> GraphSpec:
    broken = BrokenSpec(graph.reference, detail)
    return GraphSpec(graph.name, graph.description, {}, "", broken=broken)


def _described(source: GraphSource, graph: Graph) -> Description:
    details, left_out = pack(details_of(graph))
    if left_out:
        fields = {"graph": source.name, "fields": left_out}
        logger.warning("too large for the catalogue, left out of it", extra=fields)
    spec = GraphSpec(
        source.name,
        source.description,
        input_schema(graph),
        _drawing(graph),
        context_schema=context_schema(graph),
        nodes=_nodes(source, graph),
        details=name_of(details),
    )
    return Description(spec, details)


def _nodes(source: GraphSource, graph: Graph) -> list[str]:
    if source.roles is not None:
        return []  # a factory may make a graph with other nodes for each run
    return [name for name in graph.nodes if name != START]


def _drawing(graph: Graph) -> str:
    try:
        return graph.get_graph(xray=True).draw_mermaid()
    except CANT_TELL:
        return ""
