"""The JSON Schemas of a graph's input and context, as far as they are known.

LangGraph accepts more than the types of a state say, and so do these schemas: part of a TypedDict,
a missing field for which its reducer has a first value, whatever type a reducer declares, and a
message in any form that `add_messages` understands. One thing that LangGraph accepts is rejected: a
name that the state does not have. LangGraph would drop it silently, and it is mostly a typo.
"""

import sys
from collections.abc import Mapping
from dataclasses import MISSING, fields, is_dataclass
from inspect import isclass, signature
from typing import Any, Final, cast, get_type_hints

from pydantic import BaseModel, TypeAdapter
from pydantic.errors import PydanticUserError
from typing_extensions import TypedDict, is_typeddict

from tailrace.worker.catalogue.factories import Graph
from tailrace.worker.catalogue.message_schemas import MESSAGES, with_loose_messages

Schema = dict[str, Any]

CANT_TELL: Final = (PydanticUserError, NameError, TypeError, ValueError, AttributeError, KeyError)
"""What inspecting a user's types may raise."""
_ROOT: Final = "__root__"
_MESSAGE_REDUCERS: Final = "langgraph.graph.message"


class _Untold:
    """Stands for an unknown type."""


def input_schema(graph: Graph) -> Schema:
    """The schema of the graph's input; allows anything if it is not known."""
    builder = getattr(graph, "builder", None)
    try:
        if builder is None or _ROOT in builder.schemas[builder.input_schema]:
            return with_loose_messages(graph.get_input_jsonschema())
        channels = builder.schemas[builder.input_schema]
        return with_loose_messages(_of_state(builder.input_schema, channels, builder.channels))
    except CANT_TELL:
        return {}


def context_schema(graph: Graph) -> Schema | None:
    """The schema of the graph's runtime context; None if it declares none."""
    kind: Any = graph.context_schema
    if kind is None:
        return None
    try:
        schema = _declared(kind, getattr(kind, "__required_keys__", ()))
        return schema if _takes_more(kind) else schema | {"additionalProperties": False}
    except CANT_TELL:
        return {}


def _of_state(kind: Any, names: Mapping[str, Any], channels: Mapping[str, Any]) -> Schema:
    """The schema of a state's class.

    Args:
        kind: the class.
        names: its fields, including those that LangGraph manages.
        channels: where fields are kept, by name.
    """
    schema = _declared(kind, required=())
    taken = {name: channels[name] for name in names if name in channels}
    declared, defs = schema.get("properties", {}), schema.get("$defs", {})
    properties = {n: _field(declared.get(n, {}), c, defs) for n, c in taken.items()}
    managed = {n: declared.get(n, {}) | {"readOnly": True} for n in names if n not in taken}
    required = [n for n in schema.get("required", ()) if n in taken and not _begins(taken[n])]
    schema |= {"properties": properties | managed, "required": required}
    schema |= {} if _takes_more(kind) else {"additionalProperties": False}
    return schema | ({"$defs": defs} if defs else {})


def _declared(kind: Any, required: Any) -> Schema:
    """The class's own schema; a field allows anything if its type has no schema."""
    if is_typeddict(kind):
        return _of_hints(kind, required)
    try:
        return _by_field_name(kind, _unfolded(TypeAdapter(kind).json_schema()))
    except CANT_TELL:
        return _of_hints(kind, _without_default(kind))


def _of_hints(kind: Any, required: Any) -> Schema:
    hints = get_type_hints(kind, vars(sys.modules[kind.__module__]), include_extras=True)
    try:
        # Pydantic reads only typing_extensions' TypedDict before Python 3.12.
        copy = TypedDict(kind.__name__, hints, total=False)  # pyright: ignore[reportArgumentType] - a copy made at run time
        schema = _unfolded(TypeAdapter(cast("Any", copy)).json_schema())
    except CANT_TELL:
        defs: Schema = {}
        properties = {name: _of_type(hint, defs) or {} for name, hint in hints.items()}
        schema = {"type": "object", "properties": properties, "$defs": defs}
    return schema | {"required": sorted(required)}


def _of_type(hint: Any, defs: Schema) -> Schema | None:
    """The schema of one type; its definitions are added to `defs`. None if it has no schema."""
    try:
        schema = TypeAdapter(hint).json_schema()
    except CANT_TELL:
        return None
    defs |= schema.pop("$defs", {})
    return schema


def _unfolded(schema: Schema) -> Schema:
    """Resolve the top reference: pydantic makes one for a class that refers to itself."""
    defs: Schema = schema.get("$defs", {})
    top = defs.get(str(schema.get("$ref", "")).removeprefix("#/$defs/"))
    return schema if top is None else {**top, "$defs": defs}


def _by_field_name(kind: Any, schema: Schema) -> Schema:
    """LangGraph fills a state by its field names; aliases count only further inside."""
    if not (isclass(kind) and issubclass(kind, BaseModel)):
        return schema
    named = {f.alias: name for name, f in kind.model_fields.items() if f.alias}
    properties = {named.get(n, n): p for n, p in schema.get("properties", {}).items()}
    required = [named.get(n, n) for n in schema.get("required", ())]
    return schema | {"properties": properties, "required": required}


def _without_default(kind: Any) -> list[str]:
    if is_dataclass(kind):
        bare = (f for f in fields(kind) if f.default is MISSING and f.default_factory is MISSING)
        return [field.name for field in bare]
    return []


def _takes_more(kind: Any) -> bool:
    """Whether the class accepts unknown names."""
    config = getattr(kind, "model_config", None) or getattr(kind, "__pydantic_config__", None)
    return bool(config) and "extra" in config and config["extra"] != "forbid"


def _begins(channel: Any) -> bool:
    """Whether the field has a value before it gets one, such as an empty list."""
    return bool(channel.is_available())


def _field(declared: Schema, channel: Any, defs: Schema) -> Schema:
    """The schema of a field: its own type, or what its reducer takes."""
    title = {"title": declared["title"]} if "title" in declared else {}
    reducer = getattr(channel, "operator", None) or getattr(channel, "reducer", None)
    if getattr(getattr(reducer, "func", reducer), "__module__", "") == _MESSAGE_REDUCERS:
        return title | MESSAGES
    taken = _of_type(_taken_by(channel), defs)
    if taken is None:
        return declared
    return title | {"anyOf": [{k: v for k, v in declared.items() if k != "title"}, taken]}


def _taken_by(channel: Any) -> Any:
    """The type that the field's reducer declares for its argument, or else `_Untold`."""
    try:
        reducer = channel.operator
        [_, second, *_] = signature(reducer).parameters
        told = get_type_hints(getattr(reducer, "func", reducer), include_extras=True)
        return told[second]
    except CANT_TELL:
        return _Untold
