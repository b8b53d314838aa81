"""From LangGraph's checkpoints to what is stored of them, and back. Pure."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, Final, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    WRITES_IDX_MAP,
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
    get_checkpoint_metadata,
    writes_sort_key,
)

from tailrace.shared.log_store.checkpoints import checkpoint_store as kept
from tailrace.shared.log_store.checkpoints.checkpoint_store import Place
from tailrace.shared.log_store.checkpoints.parts import Element, is_tree, tree
from tailrace.worker.checkpoints.serializer import StateSerializer
from tailrace.worker.checkpoints.snapshots import as_json

_RAN: Final = "ran"
"""A field of ours in a stored checkpoint. LangGraph ignores it."""

_SMALL: Final = frozenset({int, float, bool, type(None)})
"""Types whose values are smaller than a reference to them."""

_TASK_MARK: Final = ":"
"""Precedes a task's id in a namespace; LangGraph forbids it in a node's name."""


def shown_nowhere(channel: str, value: Any) -> bytes:  # noqa: ARG001
    """What readers need of a write where there are none."""
    return b""


class CheckpointCodec:
    """Packs and unpacks with one serializer."""

    def __init__(self, serializer: StateSerializer) -> None:
        self._serializer = serializer

    def checkpoint(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        ran: Sequence[str] = (),
    ) -> kept.Checkpoint:
        """A checkpoint without the values of its channels.

        Args:
            config: names the thread, the namespace and the previous checkpoint.
            checkpoint: as LangGraph gives it.
            metadata: likewise.
            ran: the nodes of the step before it; `ran_before` reads them.

        Raises:
            Unserializable: the metadata contain something that is not data.
        """
        versions, values = checkpoint["channel_versions"], checkpoint["channel_values"]
        return kept.Checkpoint(
            id=checkpoint["id"],
            parent=get_checkpoint_id(config) or "",
            checkpoint=self._serializer.pack({**checkpoint, "channel_values": None, _RAN: ran}),
            metadata=self._serializer.pack(get_checkpoint_metadata(config, metadata)),
            versions={name: str(v) for name, v in versions.items() if name in values},
            span=_span(metadata),
            opened_by=_opened_by(place_of(config), metadata),
        )

    def values(self, checkpoint: Checkpoint, names: Sequence[str]) -> dict[str, bytes]:
        """The values of those channels that have one.

        Raises:
            Unserializable: the state contains something that is not data.
        """
        values = checkpoint["channel_values"]
        return {n: self._serializer.pack(values[n], n) for n in names if n in values}

    def values_in_parts(
        self, checkpoint: Checkpoint, names: Sequence[str], has: Callable[[bytes], bool]
    ) -> tuple[dict[str, bytes], dict[bytes, bytes]]:
        """The same with lists by their elements: values or roots, and the parts that are lacking.

        Raises:
            Unserializable: as `values`.
        """
        found: dict[str, bytes] = {}
        lacking: dict[bytes, bytes] = {}
        values = checkpoint["channel_values"]
        for name in (name for name in names if name in values):
            if is_in_parts(values[name]):
                found[name] = self.tree(values[name], name, has, lacking)
            else:
                found[name] = self._serializer.pack(values[name], name)
        return found, lacking

    def tree(
        self,
        value: Sequence[Any],
        name: str,
        has: Callable[[bytes], bool],
        lacking: dict[bytes, bytes],
    ) -> bytes:
        """A list's root; the parts that the store lacks are added.

        Raises:
            Unserializable: as `values`.
        """
        pack = self._serializer.pack
        elements = [
            Element(pack(item, name, str(n)), partial(as_json, item))
            for n, item in enumerate(value)
        ]
        root, fields = tree(elements, lambda field: field in lacking or has(field))
        lacking |= fields
        return root

    def writes(
        self,
        writes: Sequence[tuple[str, Any]],
        task_id: str,
        task_path: str,
        shown: Callable[[str, Any], bytes] = shown_nowhere,
    ) -> list[kept.Write]:
        """What a task wrote.

        Args:
            writes: channels and values.
            task_id: of the task.
            task_path: likewise.
            shown: the JSON that readers without the graph need of it.

        Raises:
            Unserializable: it wrote something that is not data.
        """
        return [
            kept.Write(
                task=task_id,
                index=WRITES_IDX_MAP.get(channel, at),
                path=task_path,
                channel=channel,
                value=self._serializer.pack(value, channel),
                shown=shown(channel, value),
            )
            for at, (channel, value) in enumerate(writes)
        ]

    def tuple(self, place: Place, stored: kept.Stored) -> CheckpointTuple:
        """A stored checkpoint, its writes in the order in which they apply.

        Args:
            place: the thread by the id that the graph knows, and the namespace.
            stored: the checkpoint.
        """
        unpack = self._serializer.unpack
        values = {name: self._value(stored, value) for name, value in stored.values.items()}
        writes = sorted(stored.writes, key=lambda w: writes_sort_key(w.path, w.task, w.index))
        return CheckpointTuple(
            config=config_of(place, stored.id),
            checkpoint=cast("Checkpoint", unpack(stored.checkpoint) | {"channel_values": values}),
            metadata=unpack(stored.metadata),
            parent_config=config_of(place, stored.parent) if stored.parent else None,
            pending_writes=[(w.task, w.channel, unpack(w.value)) for w in writes],
        )

    def _value(self, stored: kept.Stored, value: bytes) -> Any:
        if stored.parts is None or not is_tree(value):
            return self._serializer.unpack(value)
        return [self._serializer.unpack(item) for item in stored.parts.elements(value)]


def is_in_parts(value: Any) -> bool:
    """Whether a value is stored by its elements: a list, unless it is of numbers alone."""
    return type(value) is list and not _SMALL.issuperset(map(type, cast("list[Any]", value)))


def ran_before(checkpoint: Checkpoint) -> Sequence[str]:
    """The nodes of the step that a stored checkpoint came after."""
    return cast("Mapping[str, Sequence[str]]", checkpoint).get(_RAN, ())


def configurable(config: RunnableConfig | None) -> Mapping[str, Any]:
    """The `configurable` of a config; empty without a config."""
    return (config or {}).get("configurable", {})


def place_of(config: RunnableConfig) -> Place:
    """Whose checkpoints the config is about."""
    wanted = configurable(config)
    return Place(wanted["thread_id"], wanted.get("checkpoint_ns", ""))


def config_of(place: Place, id_: str) -> RunnableConfig:
    """The config that names one checkpoint."""
    named = {"thread_id": place.thread, "checkpoint_ns": place.ns, "checkpoint_id": id_}
    return {"configurable": named}


def _span(metadata: CheckpointMetadata) -> int:
    """How many checkpoints the state is rebuilt from: a delta channel is not stored in each."""
    counters = metadata.get("counters_since_delta_snapshot") or {}
    return 1 + max((supersteps for _, supersteps in counters.values()), default=0)


def _opened_by(place: Place, metadata: CheckpointMetadata) -> tuple[str, str] | None:
    """The checkpoint with which the namespace is deleted, if it belongs to a single task."""
    parents = metadata.get("parents") or {}
    if _TASK_MARK not in place.ns or not parents:
        return None
    return max(parents.items(), key=lambda parent: len(parent[0]))
