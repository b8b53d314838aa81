"""Events as they can be compared: without ids and times, each task's in order, steps in theirs.

Nodes of one step run side by side: each task's events are a sequence of their own, and each
subgraph's are steps again. A step begins where LangGraph tells a checkpoint.
"""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple, TypeAlias, cast

_HEX: Final = "[0-9a-f]"
_ID: Final = re.compile(rf"{_HEX}{{8}}(-{_HEX}{{4}}){{3}}-{_HEX}{{12}}|\b{_HEX}{{32}}\b")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3,6}(\+00:00|Z)")

Step: TypeAlias = tuple[str, Sequence[Any]]
Lane: TypeAlias = tuple[str, ...]


class Told(NamedTuple):
    """An event of either side: its name, and its data without what only a log adds."""

    name: str
    data: Mapping[str, Any]


def plain(value: Any) -> str:
    """A value as text that has neither ids nor times."""
    text = json.dumps(value, sort_keys=True, ensure_ascii=False)
    return _TIME.sub("<time>", _ID.sub("<id>", text))


def steps(events: Sequence[Told], depth: int = 0) -> list[Step]:
    """What a graph and all below it told, each step behind the checkpoint that begins it."""
    return [(_head(chunk, depth), _lanes(chunk, depth)) for chunk in _chunks(events, depth)]


def _chunks(events: Sequence[Told], depth: int) -> Iterator[Sequence[Told]]:
    begins = [n for n, event in enumerate(events) if n == 0 or _begins_step(event, depth)]
    for begin, end in pairwise([*begins, len(events)]):
        yield events[begin:end]


def _begins_step(event: Told, depth: int) -> bool:
    told = event.data
    kind = told["data"].get("type") if event.name == "debug" else event.name
    return len(told["ns"]) == depth and kind in {"checkpoint", "checkpoints"}


def _head(chunk: Sequence[Told], depth: int) -> str:
    return plain(chunk[0]) if _begins_step(chunk[0], depth) else ""


def _lanes(chunk: Sequence[Told], depth: int) -> list[Any]:
    begun = {id_: name for e in chunk if len(e.data["ns"]) == depth for id_, name in _task(e)}
    several = {name for name, count in Counter(begun.values()).items() if count > 1}
    if not begun:  # where `tasks` is not streamed, each node may be many
        several = {str(event.data.get("node")) for event in chunk}
    lanes: dict[Lane, list[Told]] = {}
    for event in chunk[_begins_step(chunk[0], depth) :]:
        only = len(begun) == 1 and len(event.data["ns"]) == depth
        lane = ("only",) if only else _lane(event, depth, several)
        lanes.setdefault(lane, []).append(event)
    # By what is in them: the names of lanes hold ids.
    return sorted((_told(lane, events, depth) for lane, events in lanes.items()), key=repr)


def _told(lane: Lane, events: list[Told], depth: int) -> Any:
    if lane[0] == "below":
        return (plain(lane[1]), steps(events, depth + 1))
    return [plain(event) for event in events]


def _lane(event: Told, depth: int, several: set[str]) -> Lane:
    told = event.data
    if len(told["ns"]) > depth:
        return ("below", told["ns"][depth])
    match event.name:
        case "updates" if told["node"] in several or told["node"] == "__interrupt__":
            return ("update", plain(told))
        case "messages" if told["node"] in several:
            return ("message", str(told["message"].get("id")))
        case "custom":
            said = cast("Mapping[str, Any]", told["data"] if isinstance(told["data"], dict) else {})
            return ("node", str(said["by"])) if "by" in said else ("custom",)
        case "values":
            return ("values",)
        case _:
            [(id_, name)] = _task(event) or [("", str(told.get("node")))]
            return ("task", id_) if name in several else ("node", name)


def _task(event: Told) -> list[tuple[str, str]]:
    """The task whose beginning or end this is."""
    found: Any = event.data["data"] if event.name in {"tasks", "debug"} else {}
    payload: Any = found.get("payload", found)
    return [(payload["id"], payload["name"])] if "name" in payload else []
