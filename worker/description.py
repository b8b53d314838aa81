"""What the catalogue says of a graph: schemas, nodes and drawing, as far as the graph can tell."""

from langgraph.constants import START
from langgraph.graph import StateGraph
from langgraph.pregel import Pregel

from tailrace.shared.catalogue import GraphSpec
from tailrace.shared.errors import ConfigurationError
from tailrace.worker.registry import Graph, GraphSource
from tailrace.worker.schemas import CANT_TELL, context_schema, input_schema


async def describe(source: GraphSource) -> GraphSpec:
    """The graph as the API and its users see it.

    Raises:
        ConfigurationError: its factory fails, or makes no graph.
    """
    try:
        async with source.open({"configurable": {}}) as graph:
            spec = _spec(source, graph)
    except ConfigurationError:
        raise
    except Exception as error:  # other people's factories may raise anything
        reason = f"{type(error).__name__}: {error}"
        raise ConfigurationError(f"graph {source.name!r} can't be made: {reason}") from error
    return spec


def _spec(source: GraphSource, graph: Graph) -> GraphSpec:
    return GraphSpec(
        source.name,
        source.description,
        input_schema(graph),
        _drawing(graph),
        context_schema=context_schema(graph),
        nodes=_nodes(source, graph),
    )


def _nodes(source: GraphSource, graph: Graph) -> list[str]:
    if not isinstance(source.made, (Pregel, StateGraph)):
        return []  # a graph that is made for each run may have others each time
    return [name for name in graph.nodes if name != START]


def _drawing(graph: Graph) -> str:
    try:
        return graph.get_graph(xray=True).draw_mermaid()
    except CANT_TELL:
        return ""
