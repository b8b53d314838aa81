"""From LangGraph's stream to events. Pure: no store, no clock."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from langchain_core.messages import BaseMessage

from tailrace.shared.events import Event, encode_value

Part = Mapping[str, Any]
"""`{"type", "ns", "data"}` of `astream(..., version="v2")`."""

_TYPES: Final = {"AIMessageChunk": "ai", "ToolMessageChunk": "tool", "HumanMessageChunk": "human"}
_ALWAYS: Final = ("type", "id", "content")
_CACHED: Final = "__metadata__"
"""A note of LangGraph's own beside updates that come from its cache; not a node."""
_OURS: Final = frozenset(
    ("thread_id", "run_id", "graph_id", "run_attempt", "tenant", "langgraph_auth_user_id")
)
"""Metadata of the run itself, the same with every message."""
_HIDDEN: Final = "failed"
"""Replaces the text of an exception, which is not for users."""


def translate(part: Part, *, detailed: bool = False, at: int | None = None) -> Iterable[Event]:
    """The events of one part; of `updates`, one for each node.

    Args:
        part: of the stream.
        detailed: also tell the metadata of a message, and the interrupts that belong to values.
        at: the time in ms, told with each event but the small ones, `custom` and `messages`.

    Raises:
        Unserializable: what a node returned can't be written as JSON.
    """
    if part["type"] == "custom":
        # The only mode in which a graph can be fast: no generator, no `match`.
        return (Event("custom", encode_value({"ns": part["ns"], "data": part["data"]})),)
    return _others(part, detailed, {} if at is None else {"at": at})


def named_only(part: Part) -> Part:
    """A part of the mode `checkpoints` that names the checkpoint and leaves out its state."""
    data = part["data"]
    names = {
        "id": _id_in(data["config"]),
        "step": data["metadata"]["step"],
        "source": data["metadata"]["source"],
    }
    parent = _id_in(data["parent_config"]) if data.get("parent_config") else None
    return {**part, "data": {**names, "parent_id": parent} if parent else names}


def _id_in(config: Mapping[str, Any]) -> str:
    return config["configurable"]["checkpoint_id"]


def is_cached(updates: Mapping[str, Any]) -> bool:
    """Whether a part of the mode `updates` has a result from the cache."""
    return _CACHED in updates


def _others(part: Part, detailed: bool, at: Mapping[str, int]) -> Iterator[Event]:
    ns, data = list(part["ns"]), part["data"]
    match part["type"]:
        case "messages":
            message, metadata = data
            body = {"ns": ns, "node": metadata.get("langgraph_node"), "message": _message(message)}
            told = {"metadata": _unmarked(metadata)} if detailed else {}
            yield Event("messages", encode_value(body | told))
        case "updates":
            for node, update in _without_note(data).items():
                yield Event("updates", encode_value({"ns": ns, "node": node, "data": update, **at}))
        case "values" as mode:
            told = _interrupts(part) if detailed else {}
            yield Event(mode, encode_value({"ns": ns, "data": data, **told, **at}))
        case "tasks" as mode:
            body = {"ns": ns, "node": data.get("name"), "data": _without_error(data), **at}
            yield Event(mode, encode_value(body))
        case "checkpoints" as mode:
            yield Event(mode, encode_value({"ns": ns, "data": _without_task_errors(data), **at}))
        case "debug" as mode:
            payload = _without_task_errors(_without_error(data["payload"]))
            yield Event(mode, encode_value({"ns": ns, "data": {**data, "payload": payload}}))
        case unknown:
            raise ValueError(f"unknown stream mode: {unknown}")


def _message(message: BaseMessage) -> dict[str, Any]:
    """The message without what is empty: a token is small, and there are many."""
    body = {k: v for k, v in message.model_dump().items() if k in _ALWAYS or not _is_empty(v)}
    kind = body["type"] = _TYPES.get(message.type, message.type)
    if kind == "ai" and body.get("tool_call_chunks"):
        # Arguments arrive in pieces; what was parsed of them so far is a guess.
        body.pop("tool_calls", None)
        body.pop("invalid_tool_calls", None)
    return body


def _unmarked(metadata: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in metadata.items() if name not in _OURS}


def _interrupts(part: Part) -> dict[str, Any]:
    return {"interrupts": part["interrupts"]} if part.get("interrupts") else {}


def _without_note(updates: Mapping[str, Any]) -> dict[str, Any]:
    return {node: update for node, update in updates.items() if node != _CACHED}


def _is_empty(value: object) -> bool:
    # By type: a value may define its own comparison, and 0 is not empty.
    return value is None or value is False or (isinstance(value, (str, list, dict)) and not value)


def _without_error(data: Mapping[str, Any]) -> dict[str, Any]:
    return {**data, "error": _HIDDEN} if data.get("error") else dict(data)


def _without_task_errors(data: Mapping[str, Any]) -> dict[str, Any]:
    if not data.get("tasks"):
        return dict(data)
    tasks = cast("list[Mapping[str, Any]]", data["tasks"])
    return {**data, "tasks": [_without_error(task) for task in tasks]}
