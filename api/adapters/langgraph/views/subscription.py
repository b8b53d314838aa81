"""What a client of LangGraph's thread protocol gets of a thread, and how it is written. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from tailrace.api.adapters.langgraph.views.protocol import (
    SEPARATOR,
    Namespace,
    Part,
    ThreadEvents,
)
from tailrace.api.relay.frames import Encoder
from tailrace.shared.events import LoggedEvent, decode, encode

PARTS: Final = 100_000
"""Numbers that the protocol has for one event of ours, which may be told as several."""

_METHODS: Final[Mapping[str, str]] = {"input.requested": "input"}
"""Channels that have another name than their events."""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which events a client wants."""

    channels: frozenset[str]
    namespaces: tuple[Namespace, ...] = ()
    """Prefixes, of which one has to match; none: any namespace."""
    depth: int | None = None
    """How deep below a prefix."""

    def wants(self, part: Part) -> bool:
        """Whether the client gets this event."""
        return self._on_channel(part) and self._in_namespace(part.namespace)

    def _on_channel(self, part: Part) -> bool:
        channel = _METHODS.get(part.method, part.method)
        if channel in self.channels:
            return True
        named = channel == "custom" and isinstance(part.data, dict) and "name" in part.data
        return named and f"custom:{part.data['name']}" in self.channels

    def _in_namespace(self, namespace: Namespace) -> bool:
        return not self.namespaces or any(
            _begins(namespace, prefix)
            and (self.depth is None or len(namespace) - len(prefix) <= self.depth)
            for prefix in self.namespaces
        )


def _begins(namespace: Namespace, prefix: Namespace) -> bool:
    """Whether a namespace begins with a prefix, whose names may lack the ids of tasks."""
    return len(prefix) <= len(namespace) and all(
        one == wanted or (SEPARATOR not in wanted and one.partition(SEPARATOR)[0] == wanted)
        for one, wanted in zip(namespace, prefix, strict=False)
    )


@dataclass(frozen=True, slots=True)
class ProtocolForm:
    """In which form a client reads a thread."""

    graph: str | None
    """The graph that runs there, by its name."""
    wanted: Filter

    def encoder(self) -> "ProtocolEncoder":
        """Writes a thread's log from its start on."""
        return ProtocolEncoder(ThreadEvents(self.graph), self.wanted)


class ProtocolEncoder:
    """Writes those events that a client wants.

    Args:
        events: tells them.
        wanted: which of them.
    """

    def __init__(self, events: ThreadEvents, wanted: Filter) -> None:
        self._events = events
        self._wanted = wanted

    def __call__(self, event: LoggedEvent) -> bytes:
        """All that the next event is to this client."""
        return b"".join(self.frames(event))

    def frames(self, event: LoggedEvent, after: int = 0) -> list[bytes]:
        """What the next event is to this client, but for its first parts."""
        if event.name == "gap":
            gap = {**decode(event.data), "type": "gap"}
            return [b"event: gap\ndata: %b\nid: %d\n\n" % (encode(gap), _number(event.seq, 0))]
        return [
            _frame(_number(event.seq, n), part, self._events.time)
            for n, part in enumerate(self._events.parts(event), 1)
            if n > after and self._wanted.wants(part)
        ]

    def copy(self) -> Encoder:
        """One that continues from the same event."""
        return ProtocolEncoder(self._events.copy(), self._wanted)


def _number(seq: int, part: int) -> int:
    return seq * PARTS + min(part, PARTS - 1)


def _frame(number: int, part: Part, at: int) -> bytes:
    # Clients read the run of such an event from its id.
    id_ = str(number) if part.run is None else f"synth:{part.run}:{number}"
    params = {"namespace": part.namespace, "timestamp": at, "data": part.data}
    if part.node is not None:
        params["node"] = part.node
    told = {
        "type": "event",
        "event_id": id_,
        "seq": number,
        "method": part.method,
        "params": params,
    }
    return b"event: %b\ndata: %b\nid: %d\n\n" % (part.method.encode(), encode(told), number)
