"""What the catalogue says of a graph: input schema and drawing, as far as the graph can tell."""

import asyncio
import logging
import sys
from typing import Any, Final, cast, get_type_hints

from langchain_core.messages import AnyMessage
from pydantic import TypeAdapter
from pydantic.errors import PydanticUserError
from typing_extensions import TypedDict, is_typeddict

from tailrace.shared.catalogue import BrokenSpec, GraphSpec
from tailrace.worker.factories import Call, Graph, GraphSource
from tailrace.worker.registry import BrokenGraph

Schema = dict[str, Any]

logger = logging.getLogger(__name__)

_DESCRIBED_S: Final = 10.0
"""For a factory that connects somewhere; its jobs have their own time."""
_UNTOLD: Final[Schema] = {
    "description": "Any input is taken: the graph is made for each job, and tells nothing before."
}
_CANT_TELL: Final = (PydanticUserError, NameError, TypeError, ValueError, AttributeError)
_MESSAGES: Final = frozenset(
    name
    for name in (*TypeAdapter(AnyMessage).json_schema()["$defs"], "BaseMessage")
    if name.removesuffix("Chunk").endswith("Message")
)
_MESSAGE: Final[Schema] = {
    "title": "Message",
    "description": "A chat message: an object with role or type and content, a text, or a pair.",
    "anyOf": [
        {"type": "object", "properties": {"content": {}}, "required": ["content"]},
        {"type": "string"},
        {"type": "array", "minItems": 2, "maxItems": 2},
    ],
}


async def describe(source: GraphSource) -> GraphSpec:
    """The graph as the API and its users see it.

    A factory that fails without a run's config, or takes too long, costs only what is told of its
    graph: it then takes any input, and says so.
    """
    call = Call({"configurable": {}}, reading=True)
    try:
        async with asyncio.timeout(_DESCRIBED_S), source.open(call) as graph:
            schema, drawing = _input_schema(graph), _drawing(graph)
    except (Exception, SystemExit):  # other people's factories may raise anything
        logger.warning("graph can't be described", exc_info=True, extra={"graph": source.name})
        schema, drawing = _UNTOLD, ""
    return GraphSpec(source.name, source.description, schema, drawing)


def describe_broken(graph: BrokenGraph) -> GraphSpec:
    """A graph that can't be run, as the API and its users see it: without its error."""
    return _broken(graph, f"The graph can't be loaded. Reference: {graph.reference}")


def describe_broken_to_developer(graph: BrokenGraph) -> GraphSpec:
    """The same with the error, for a development run alone."""
    return _broken(graph, f"{graph.reason} (reference {graph.reference})")


def _broken(graph: BrokenGraph, detail: str) -> GraphSpec:
    broken = BrokenSpec(graph.reference, detail)
    return GraphSpec(graph.name, graph.description, {}, "", broken=broken)


def _input_schema(graph: Graph) -> Schema:
    """What the graph takes; anything at all where it can't tell.

    LangGraph takes more than the plain schema says, and so do we: a part of a TypedDict, and a
    message in any of the forms that `add_messages` understands.
    """
    kind = getattr(getattr(graph, "builder", None), "input_schema", None)
    try:
        partial = kind is not None and is_typeddict(kind)
        schema = _of_typed_dict(kind) if partial else graph.get_input_jsonschema()
    except _CANT_TELL:
        return {}
    return cast("Schema", _with_loose_messages(schema))


def _of_typed_dict(kind: Any) -> Schema:
    # Pydantic reads only typing_extensions' TypedDict before Python 3.12.
    hints = get_type_hints(kind, vars(sys.modules[kind.__module__]), include_extras=True)
    copy = TypedDict(kind.__name__, hints, total=False)  # pyright: ignore[reportArgumentType] - a copy made at run time
    schema = TypeAdapter(cast("Any", copy)).json_schema()
    schema.pop("required", None)
    return schema


def _with_loose_messages(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_with_loose_messages(item) for item in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    node = cast("Schema", schema)
    if _is_message(node):
        return _MESSAGE
    if node.get("type") == "array" and _is_message(node.get("items")):
        title = {"title": node["title"]} if "title" in node else {}
        return title | {"anyOf": [{"type": "array", "items": _MESSAGE}, _MESSAGE]}
    kept = {k: _with_loose_messages(v) for k, v in node.items() if k not in ("$defs", "const")}
    kept |= {"const": node["const"]} if "const" in node else {}
    defs = {k: v for k, v in node.get("$defs", {}).items() if k not in _MESSAGES}
    return kept | ({"$defs": _with_loose_messages(defs)} if defs else {})


def _is_message(node: Any) -> bool:
    if not isinstance(node, dict):
        return False
    schema = cast("Schema", node)
    choices: list[Any] = schema.get("oneOf") or schema.get("anyOf") or []
    if choices:
        return all(_is_message(choice) for choice in choices)
    return str(schema.get("$ref", "")).removeprefix("#/$defs/") in _MESSAGES


def _drawing(graph: Graph) -> str:
    try:
        return graph.get_graph(xray=True).draw_mermaid()
    except _CANT_TELL:
        return ""
