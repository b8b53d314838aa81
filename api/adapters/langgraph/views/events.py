"""An event of a log as events of LangGraph's stream. Pure."""

from collections.abc import Callable, Iterator, Mapping, Set
from typing import Any, Final, NamedTuple

from tailrace.shared.events import LoggedEvent, decode, encode

Body = Mapping[str, Any]

INTERRUPT: Final = "__interrupt__"
_EMPTY: Final[Mapping[str, Any]] = {"additional_kwargs": {}, "response_metadata": {}}
_EMPTY_OF_MODEL: Final[Mapping[str, Any]] = {
    "tool_calls": [],
    "invalid_tool_calls": [],
    "tool_call_chunks": [],
}


class Part(NamedTuple):
    """One event of LangGraph's stream."""

    name: str
    data: bytes


class Names(NamedTuple):
    """By which names a run is told."""

    run: str
    thread: str
    assistant: str
    graph: str


def parts(event: LoggedEvent, names: Names, modes: Set[str], *, subgraphs: bool) -> Iterator[Part]:
    """What an event is to a client that asked for these modes.

    Args:
        event: of the log.
        names: of the run.
        modes: LangGraph's stream modes.
        subgraphs: whether events of subgraphs are wanted.
    """
    if event.name in ("status", "end", "gap"):
        yield from _of_the_run(event, names)
        return
    mode = "messages-tuple" if event.name == "messages" else event.name
    if mode not in modes:
        return
    body = decode(event.data)
    if body["ns"] and not subgraphs:
        return
    data = _DATA[event.name](body, names)
    yield Part("|".join([event.name, *body["ns"]]), encode(data))


def closes(event: LoggedEvent) -> bool:
    """Whether the run is over with this event: at its end, or where it asks something."""
    return event.name == "end" or (
        event.name == "status" and decode(event.data)["status"] == "waiting"
    )


def message(body: Body) -> dict[str, Any]:
    """A message with the empty fields that our log leaves out."""
    told: dict[str, Any] = body["message"]
    empty = _EMPTY | _EMPTY_OF_MODEL if told["type"] == "ai" else _EMPTY
    return {**empty, **told}


def values_data(body: Body) -> Any:
    """The values, with the interrupts that belong to them."""
    data = body["data"]
    if interrupts := body.get("interrupts"):
        return {**data, INTERRUPT: [_interrupt(one) for one in interrupts]}
    return data


def metadata(body: Body, names: Names) -> dict[str, Any]:
    """What LangGraph tells beside a message."""
    own = {
        "run_id": names.run,
        "thread_id": names.thread,
        "assistant_id": names.assistant,
        "graph_id": names.graph,
    }
    return {"langgraph_node": body["node"], **body.get("metadata", {}), **own}


def _of_the_run(event: LoggedEvent, names: Names) -> Iterator[Part]:
    body = decode(event.data)
    if event.name == "gap":
        yield Part("gap", event.data)
    elif body["status"] == "running":
        yield Part("metadata", encode({"run_id": names.run, "attempt": body["attempt"]}))
    elif body["status"] == "failed":
        error = body["error"]
        yield Part("error", encode({"error": error["type"], "message": error["detail"]}))
    if closes(event):
        yield Part("end", b"null")


def _messages(body: Body, names: Names) -> Any:
    return [message(body), metadata(body, names)]


def _updates(body: Body, _: Names) -> Any:
    if body["node"] == INTERRUPT:
        return {INTERRUPT: [_interrupt(one) for one in body["data"]]}
    return {body["node"]: body["data"]}


def _values(body: Body, _: Names) -> Any:
    return values_data(body)


def _checkpoints(body: Body, _: Names) -> Any:
    return _with_checkpoints(body["data"])


def _debug(body: Body, _: Names) -> Any:
    data = body["data"]
    if data.get("type") != "checkpoint":
        return data
    return {**data, "payload": _with_checkpoints(data["payload"])}


def _data(body: Body, _: Names) -> Any:
    return body["data"]


def _with_checkpoints(told: Body) -> dict[str, Any]:
    """A checkpoint's event, with its place as LangGraph's server names it."""
    return {
        **told,
        "checkpoint": _place(told.get("config")),
        "parent_checkpoint": _place(told.get("parent_config")),
    }


def _place(config: Mapping[str, Any] | None) -> dict[str, Any] | None:
    configurable = (config or {}).get("configurable")
    if not configurable:
        return None
    known = ("thread_id", "checkpoint_ns", "checkpoint_id", "checkpoint_map")
    return {name: configurable[name] for name in known if name in configurable}


def _interrupt(told: Mapping[str, Any]) -> dict[str, Any]:
    return {"id": told["id"], "value": told["value"]}


_DATA: Final[Mapping[str, Callable[[Body, Names], Any]]] = {
    "messages": _messages,
    "updates": _updates,
    "values": _values,
    "custom": _data,
    "tasks": _data,
    "checkpoints": _checkpoints,
    "debug": _debug,
}
