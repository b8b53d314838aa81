"""The JSON Schema of chat messages, in every form that LangGraph accepts."""

from typing import Any, Final, cast

from langchain_core.messages import AnyMessage
from pydantic import TypeAdapter

Schema = dict[str, Any]

_KINDS: Final = frozenset(
    name
    for name in (*TypeAdapter(AnyMessage).json_schema()["$defs"], "BaseMessage")
    if name.removesuffix("Chunk").endswith("Message")
)
MESSAGE: Final[Schema] = {
    "title": "Message",
    "description": "A chat message: an object with role or type and content, a text, or a pair.",
    "anyOf": [
        {"type": "object", "properties": {"content": {}}, "required": ["content"]},
        {"type": "string"},
        {"type": "array", "minItems": 2, "maxItems": 2},
    ],
}
MESSAGES: Final[Schema] = {"anyOf": [{"type": "array", "items": MESSAGE}, MESSAGE]}
"""What `add_messages` accepts: a message or a list of them."""


def with_loose_messages(schema: Schema) -> Schema:
    """The schema with each message, and each list of messages, in all of its forms."""
    return cast("Schema", _loose(schema))


def _loose(schema: Any) -> Any:
    if isinstance(schema, list):
        return [_loose(item) for item in cast("list[Any]", schema)]
    if not isinstance(schema, dict):
        return schema
    node = cast("Schema", schema)
    if _is_message(node):
        return MESSAGE
    if node.get("type") == "array" and _is_message(node.get("items")):
        title = {"title": node["title"]} if "title" in node else {}
        return title | MESSAGES
    kept = {k: _loose(v) for k, v in node.items() if k not in ("$defs", "const")}
    kept |= {"const": node["const"]} if "const" in node else {}
    defs = {k: v for k, v in node.get("$defs", {}).items() if k not in _KINDS}
    return kept | ({"$defs": _loose(defs)} if defs else {})


def _is_message(node: Any) -> bool:
    if not isinstance(node, dict):
        return False
    schema = cast("Schema", node)
    choices: list[Any] = schema.get("oneOf") or schema.get("anyOf") or []
    if choices:
        return all(_is_message(choice) for choice in choices)
    return str(schema.get("$ref", "")).removeprefix("#/$defs/") in _KINDS
