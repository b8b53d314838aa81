"""Messages that grow: the old stream mode `messages` sends each of them whole with every chunk.

What a chunk becomes depends on those before it, so a log is read in this form from its start on.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

import orjson

from tailrace.api.adapters.langgraph.views.events import Names, Part, message, metadata
from tailrace.shared.events import LoggedEvent, decode, encode

_CHUNKS: Final = "tool_call_chunks"


class PartialMessages:
    """The messages of one run so far."""

    def __init__(self, names: Names) -> None:
        self._names = names
        self._growing: dict[str, dict[str, Any]] = {}
        self._complete: frozenset[str] = frozenset()

    def parts(self, event: LoggedEvent, *, subgraphs: bool) -> Iterator[Part]:
        """What the next event is in this mode."""
        if event.name not in ("messages", "values"):
            return
        body = decode(event.data)
        if body["ns"] and not subgraphs:
            return
        if event.name == "values":
            yield from self._completed(body["data"])
        elif body["message"]["type"] == "ai" and body["message"]["id"]:
            yield from self._grown(body)

    def copy(self) -> "PartialMessages":
        """The same messages, to be continued apart."""
        other = PartialMessages(self._names)
        # A message is replaced when it grows, never changed.
        other._growing, other._complete = dict(self._growing), self._complete
        return other

    def _grown(self, body: Mapping[str, Any]) -> Iterator[Part]:
        chunk = message(body)
        before = self._growing.get(chunk["id"])
        if before is None:
            told = {chunk["id"]: {"metadata": metadata(body, self._names)}}
            yield Part("messages/metadata", encode(told))
        grown = self._growing[chunk["id"]] = _parsed(joined(before, chunk) if before else chunk)
        yield Part("messages/partial", encode([grown]))

    def _completed(self, values: Any) -> Iterator[Part]:
        if not isinstance(values, dict):
            return
        told = cast("dict[str, Any]", values).get("messages")
        listed = cast("list[Any]", told if isinstance(told, list) else [told])
        objects = [cast("dict[str, Any]", one) for one in listed if isinstance(one, dict)]
        new = [one for one in objects if self._is_new(one.get("id"))]
        if new:
            self._complete |= {one["id"] for one in new}
            for one in new:
                self._growing.pop(one["id"], None)
            yield Part("messages/complete", encode(new))

    def _is_new(self, id_: Any) -> bool:
        return bool(id_) and id_ not in self._complete


def joined(before: Mapping[str, Any], chunk: Mapping[str, Any]) -> dict[str, Any]:
    """A message and its next chunk as one message."""
    whole = dict(before)
    for name, value in chunk.items():
        if name == _CHUNKS:
            whole[name] = _joined_calls(before.get(name, []), value)
        elif name == "content":
            whole[name] = _joined_content(before[name], value)
        elif name == "usage_metadata":
            whole[name] = _sum(before.get(name), value)
        elif isinstance(value, dict):
            whole[name] = {**before.get(name, {}), **cast("dict[str, Any]", value)}
        elif value not in (None, []):
            whole[name] = value
    return whole


def _joined_content(before: Any, content: Any) -> Any:
    if isinstance(before, str) and isinstance(content, str):
        return before + content
    return [*_blocks(before), *_blocks(content)]


def _blocks(content: Any) -> list[Any]:
    if isinstance(content, list):
        return cast("list[Any]", content)
    return [{"type": "text", "text": content}] if content else []


def _joined_calls(before: list[dict[str, Any]], chunks: list[dict[str, Any]]) -> list[Any]:
    """Pieces of tool calls; those with the same index belong together."""
    calls = [dict(call) for call in before]
    for chunk in chunks:
        at = chunk.get("index")
        call = next((c for c in calls if at is not None and c.get("index") == at), None)
        if call is None:
            calls.append(dict(chunk))
            continue
        for name in ("name", "args"):
            if chunk.get(name):
                call[name] = (call.get(name) or "") + chunk[name]
        call["id"] = call.get("id") or chunk.get("id")
    return calls


def _parsed(grown: dict[str, Any]) -> dict[str, Any]:
    """The message with the tool calls that its pieces give."""
    if not grown.get(_CHUNKS):
        return grown
    calls = [
        {"name": call.get("name"), "args": args, "id": call.get("id"), "type": "tool_call"}
        for call in grown[_CHUNKS]
        if (args := _arguments(call.get("args"))) is not None
    ]
    return {**grown, "tool_calls": calls}


def _arguments(text: str | None) -> dict[str, Any] | None:
    """The arguments of a call; None while their text is not whole."""
    try:
        value = orjson.loads(text or "{}")
    except orjson.JSONDecodeError:
        return None
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _sum(before: Any, usage: Any) -> Any:
    """Counts of tokens together, with those inside them."""
    if not (_is_object(before) and _is_object(usage)):
        return usage or before
    counted: dict[str, Any] = dict(before)
    for name, value in usage.items():
        if _is_object(value):
            counted[name] = _sum(counted.get(name, {}), value)
        else:
            counted[name] = counted.get(name, 0) + value
    return counted


def _is_object(value: Any) -> bool:
    return isinstance(value, dict)
