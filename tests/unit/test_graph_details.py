"""What a worker tells of a graph beside its word in the catalogue: drawings and schemas."""

import zlib
from typing import Any, cast

import pytest
from langgraph.func import entrypoint
from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict

from tailrace.shared.events import decode
from tailrace.shared.queue_store.details import (
    MOST_BYTES,
    GraphDetails,
    GraphSchemas,
    name_of,
    pack,
)
from tailrace.worker.catalogue.details import details_of

Graph = Any


class State(TypedDict):
    topic: str
    notes: str


class Answer(TypedDict):
    notes: str


class Wishes(TypedDict):
    tone: str


def note(state: State) -> Answer:
    return {"notes": state["topic"]}


def around(node: Any, name: str) -> Graph:
    """A graph of one node, which may be a graph."""
    graph: Graph = StateGraph(State, output_schema=Answer, context_schema=Wishes)
    return graph.add_node(name, node).add_edge(START, name).compile()


def deep(levels: int) -> Graph:
    graph = around(note, "level-0")
    for level in range(1, levels):
        graph = around(graph, f"level-{level}")
    return graph


def nodes(drawing: dict[str, Any]) -> set[str]:
    return {node["id"] for node in drawing["nodes"]} - {"__start__", "__end__"}


def test_a_graph_is_drawn_to_each_depth():
    drawings = details_of(deep(3)).drawings

    assert list(map(nodes, drawings)) == [
        {"level-2"},
        {"level-2:level-1"},
        {"level-2:level-1:level-0"},
    ]
    assert drawings[0]["edges"] == [
        {"source": "__start__", "target": "level-2"},
        {"source": "level-2", "target": "__end__"},
    ]


def test_a_graph_with_none_inside_has_one_drawing():
    assert list(map(nodes, details_of(deep(1)).drawings)) == [{"level-0"}]


def test_the_last_drawing_has_all_also_of_a_very_deep_graph():
    drawings = details_of(deep(12)).drawings

    assert nodes(drawings[-1]) == {":".join(f"level-{n}" for n in range(11, -1, -1))}
    assert len(drawings) < 12


def test_a_graph_s_schemas_are_langgraph_s_own():
    schemas = details_of(deep(1)).schemas

    assert schemas.output is not None
    assert schemas.state is not None
    assert schemas.context is not None
    assert set(schemas.output["properties"]) == {"notes"}
    assert set(schemas.state["properties"]) == {"topic", "notes"}
    assert set(schemas.context["properties"]) == {"tone"}
    assert schemas.config is not None
    assert "configurable" in schemas.config["properties"]


def test_the_graphs_inside_are_told_by_their_namespaces():
    inside = details_of(deep(3)).subgraphs

    assert set(inside) == {"level-2", "level-2|level-1"}
    assert inside["level-2"].state is not None
    assert set(inside["level-2"].state["properties"]) == {"topic", "notes"}


def test_a_function_as_a_graph_is_told_as_well():
    @entrypoint()
    def own(topic: str) -> str:
        return topic

    told = details_of(cast("Any", own))
    assert list(map(nodes, told.drawings)) == [{"own"}]
    assert told.schemas.output is not None
    assert told.schemas.state == told.schemas.output


class Thing:
    """A class of which nobody knows a schema."""


class Odd(TypedDict):
    thing: Thing


def test_a_schema_that_can_t_be_told_is_left_out():
    graph: Graph = StateGraph(Odd).add_node("look", lambda state: state).add_edge(START, "look")
    told = details_of(graph.compile())

    assert told.schemas.state is None
    assert told.schemas.output is None
    assert list(map(nodes, told.drawings)) == [{"look"}]


LARGE = {"description": "x" * MOST_BYTES}


@pytest.mark.parametrize(
    ("details", "left_out"),
    [
        (GraphDetails(), []),
        (GraphDetails(subgraphs={"a": GraphSchemas(input=LARGE)}), ["subgraphs"]),
        (GraphDetails(schemas=GraphSchemas(input=LARGE)), ["subgraphs", "schemas"]),
        (GraphDetails(drawings=[LARGE]), ["subgraphs", "schemas", "drawings"]),
    ],
)
def test_details_are_bounded(details: GraphDetails, left_out: list[str]):
    packed, told = pack(details)

    assert told == left_out
    kept = decode(zlib.decompress(packed))
    assert len(zlib.decompress(packed)) <= MOST_BYTES
    assert set(kept) == {"drawings", "schemas", "subgraphs"}


def test_the_same_details_have_the_same_name():
    one, other = pack(details_of(deep(2)))[0], pack(details_of(deep(2)))[0]

    assert name_of(one) == name_of(other)
    assert name_of(one) != name_of(pack(details_of(deep(1)))[0])
