"""What readers without the graph are shown of a checkpoint: made here, where the graph is.

LangGraph itself says what a state looks like (`aget_state`); here it is taken apart into what is
stored once: values by channel and version, lists by elements. `shared` puts it together again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.serde.types import ERROR, INTERRUPT
from langgraph.types import StateSnapshot

from tailrace.shared.encoding.json_forms import type_name
from tailrace.shared.errors import Unserializable
from tailrace.shared.events import encode, encode_value

_RETURN: Final = "__return__"
"""The channel of what a task of the functional API returns."""
_FAILED: Final = b'"failed"'
"""Replaces the text of an exception, which is not for users."""

Graph = Any


@dataclass(frozen=True, slots=True)
class Snapshots:
    """The states of one graph and of those inside it.

    Args:
        graph: with its checkpointer.
    """

    graph: Graph

    async def of(self, stored: CheckpointTuple) -> StateSnapshot:
        """The state at a checkpoint, perhaps before it is stored.

        Raises:
            Exception: whatever the state's own types raise.
        """
        graph, saver = self.graph_of(_ns(stored.config)), self.graph.checkpointer
        checkpoint = stored.checkpoint
        checkpoint = {**checkpoint, "channel_values": {**checkpoint["channel_values"]}}
        copied = stored._replace(checkpoint=cast("Any", checkpoint))
        return await graph._aprepare_state_snapshot(copied.config, copied, saver=saver)  # noqa: SLF001

    async def read(self, config: RunnableConfig) -> StateSnapshot:
        """The state as it is stored now.

        Raises:
            Exception: as `of`, or as the saver.
        """
        return await self.graph.aget_state(config)

    def graph_of(self, ns: str) -> Graph:
        """The graph of a namespace; the outermost for one that only a task knows."""
        path = "|".join(part.partition(":")[0] for part in ns.split("|") if not part.isdecimal())
        inside = self.graph.get_subgraphs(namespace=path, recurse=True) if ns else ()
        return next((graph for _, graph in inside), self.graph)

    def is_rebuilt(self, ns: str) -> bool:
        """Whether a state has to be read from the store, which rebuilds it from several writes."""
        return any(type(c).__name__ == "DeltaChannel" for c in self.graph_of(ns).channels.values())

    def outputs(self, ns: str) -> frozenset[str]:
        """The channels that the state of a namespace shows."""
        channels = self.graph_of(ns).stream_channels_asis
        return frozenset((channels,) if isinstance(channels, str) else channels)


def values_of(graph: Graph, snapshot: StateSnapshot) -> Mapping[str, Any]:
    """A state's values by channel."""
    channels = graph.stream_channels_asis
    if isinstance(channels, str):
        return {} if snapshot.values is None else {channels: snapshot.values}
    return cast("Mapping[str, Any]", snapshot.values)


def is_single(graph: Graph) -> bool:
    """Whether a state is the value of one channel, not an object of several."""
    return isinstance(graph.stream_channels_asis, str)


def tasks_of(snapshot: StateSnapshot) -> list[dict[str, Any]]:
    """The tasks of a state, without what is known of them by their writes."""
    return [
        {"id": task.id, "name": task.name, "path": task.path, "ns": _inner_ns(task.state)}
        for task in snapshot.tasks
    ]


def shown_write(channel: str, value: Any, outputs: frozenset[str]) -> bytes:
    """What a task wrote as JSON, if its state shows it."""
    if channel == ERROR:
        return _FAILED
    if channel == INTERRUPT:
        raised = cast("Sequence[Any]", value if isinstance(value, Sequence) else [value])
        return as_json([_asked(one) for one in raised])
    return as_json(value) if channel == _RETURN or channel in outputs else b""


def as_json(value: Any) -> bytes:
    """A value as JSON; the name of its type if it has no such form."""
    try:
        return encode_value(value)
    except Unserializable:
        return encode(f"<{type_name(value)}>")


def skeleton(snapshot: StateSnapshot, values: Sequence[Sequence[Any]], *, single: bool) -> bytes:
    """A checkpoint as readers find it (`snapshots.py` in `shared.log_store.checkpoints`).

    Args:
        snapshot: the state.
        values: where each of its values is.
        single: whether the state is the value of one channel.
    """
    shown: dict[str, Any] = {
        "created_at": snapshot.created_at,
        "metadata": dict(snapshot.metadata or {}),
        "tasks": tasks_of(snapshot),
        "values": values,
    }
    return as_json({**shown, "single": True} if single else shown)


def _ns(config: RunnableConfig) -> str:
    return config.get("configurable", {}).get("checkpoint_ns", "")


def _asked(interrupt: Any) -> Mapping[str, Any]:
    schema = getattr(interrupt, "response_schema", None)
    asked = {"value": interrupt.value, "id": interrupt.id}
    return asked if schema is None else {**asked, "response_schema": schema}


def _inner_ns(state: RunnableConfig | StateSnapshot | None) -> str | None:
    """The namespace of the graph that a task runs."""
    if state is None:
        return None
    return _ns(state.config if isinstance(state, StateSnapshot) else state)
