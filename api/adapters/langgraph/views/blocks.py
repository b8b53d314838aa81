"""Messages as LangGraph's thread protocol tells them: by content blocks that start, grow and end.

What a chunk becomes depends on those before it, so a run is read in this form from its start on.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, cast

import orjson

_ROLES: Final = frozenset(("ai", "human", "system", "tool"))
_GROWING: Final = {"text": "text", "reasoning": "reasoning", "tool_call_chunk": "args"}
"""Kinds of blocks that grow, and the field that does."""
_LAST: Final = "last"


@dataclass(frozen=True, slots=True)
class _Piece:
    """What one chunk says of one block."""

    key: tuple[str, Any]
    """Kind and place: pieces with the same key belong to one block."""
    block: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Message:
    """A message that is being told."""

    id: str
    place: tuple[str, ...]
    """Namespace and node."""
    index: int = -1
    """Of its block that is open or, if none is, of the one that ended last."""
    key: tuple[str, Any] | None = None
    block: Mapping[str, Any] | None = None
    """The open block as far as it has grown."""
    usage: Any = None


@dataclass(frozen=True, slots=True)
class Told:
    """What a chunk is told as, and the message after it; None: it is over."""

    events: list[dict[str, Any]]
    message: Message | None


def told_as(chunk: Mapping[str, Any], known: Message | None, place: tuple[str, ...]) -> Told:
    """What a chunk of a message is told as.

    Args:
        chunk: as the log has it: a part of a message, or all of it.
        known: the message so far; None: this is its first chunk.
        place: namespace and node.
    """
    events: list[dict[str, Any]] = []
    message = known or Message(chunk["id"], place)
    if known is None:
        role = chunk["type"] if chunk["type"] in _ROLES else "ai"
        events.append({"event": "message-start", "role": role, **_named(message)})
    for piece in _pieces(chunk):
        if piece.key != message.key:
            events += _block_end(message)
            message = replace(message, index=message.index + 1, key=piece.key, block=piece.block)
            start = _empty(piece.block)
            events.append(_of_block("content-block-start", message, content=start))
        else:
            message = replace(message, block=_grown(message.block or {}, piece.block))
        delta = _delta(piece.block, message.block or {})
        if delta is not None:
            events.append(_of_block("content-block-delta", message, delta=delta))
    if usage := chunk.get("usage_metadata"):
        message = replace(message, usage=usage)
    if chunk["type"] != "ai" or chunk.get("chunk_position") == _LAST:
        return Told(events + ended(message), None)
    return Told(events, message)


def ended(message: Message) -> list[dict[str, Any]]:
    """What the end of a message is told as."""
    usage = {"usage": message.usage} if message.usage else {}
    finish = {"event": "message-finish", "reason": "stop", **usage, **_named(message)}
    return [*_block_end(message), finish]


def _named(message: Message) -> dict[str, Any]:
    # Clients tell messages apart by either.
    return {"id": message.id, "run_id": message.id}


def _of_block(event: str, message: Message, **more: Any) -> dict[str, Any]:
    return {"event": event, "index": message.index, **more, **_named(message)}


def _block_end(message: Message) -> list[dict[str, Any]]:
    if message.block is None:
        return []
    return [_of_block("content-block-finish", message, content=_final(message.block))]


def _pieces(chunk: Mapping[str, Any]) -> Iterator[_Piece]:
    content: Any = chunk.get("content")
    if isinstance(content, str):
        if content:
            yield _Piece(("text", None), {"type": "text", "text": content})
    elif isinstance(content, list):
        for place, one in enumerate(cast("list[Any]", content)):
            yield _piece(one, place)
    calls = chunk.get("tool_call_chunks")
    for place, call in enumerate(calls or ()):
        known = {name: call.get(name) for name in ("id", "name", "args")}
        at = call.get("index") if call.get("index") is not None else place
        yield _Piece(("tool_call_chunk", at), {"type": "tool_call_chunk", **known})
    for call in () if calls else chunk.get("tool_calls") or ():
        yield _Piece(("tool_call", call.get("id")), {**call, "type": "tool_call"})


def _piece(content: Any, place: int) -> _Piece:
    if isinstance(content, str):
        return _Piece(("text", None), {"type": "text", "text": content})
    block = cast("dict[str, Any]", content if isinstance(content, dict) else {"value": content})
    kind = str(block.get("type", "non_standard"))
    at = block.get("index")
    if kind in _GROWING:
        return _Piece((kind, at), block)
    return _Piece((kind, at if at is not None else block.get("id", place)), block)


def _growing_field(block: Mapping[str, Any]) -> str | None:
    return _GROWING.get(str(block.get("type")))


def _empty(block: Mapping[str, Any]) -> Mapping[str, Any]:
    """A block at its start: what grows is empty, the rest is there."""
    field = _growing_field(block)
    return block if field is None else {**block, field: ""}


def _grown(before: Mapping[str, Any], piece: Mapping[str, Any]) -> Mapping[str, Any]:
    field = _growing_field(piece)
    known = {name: value for name, value in piece.items() if value is not None}
    if field is None:
        return {**before, **known}
    return {**before, **known, field: (before.get(field) or "") + (piece.get(field) or "")}


def _delta(piece: Mapping[str, Any], grown: Mapping[str, Any]) -> dict[str, Any] | None:
    """How the open block has grown with a piece; None: nothing is added."""
    match piece.get("type"):
        case "text" if piece.get("text"):
            return {"type": "text-delta", "text": piece["text"]}
        case "reasoning" if piece.get("reasoning"):
            return {"type": "reasoning-delta", "reasoning": piece["reasoning"]}
        case "tool_call_chunk" if piece.get("args"):
            # All of it so far: clients of any version replace it.
            return {"type": "block-delta", "fields": dict(grown)}
        case _:
            return None


def _final(block: Mapping[str, Any]) -> Mapping[str, Any]:
    """A block at its end: a call with its arguments."""
    if block.get("type") != "tool_call_chunk":
        return block
    call = {"id": block.get("id"), "name": block.get("name")}
    try:
        args = orjson.loads(block.get("args") or "{}")
    except orjson.JSONDecodeError:
        return {**call, "type": "invalid_tool_call", "args": block.get("args"), "error": None}
    return {**call, "type": "tool_call", "args": args}
