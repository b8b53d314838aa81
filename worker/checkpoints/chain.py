"""A thread's chain as an attempt writes it: in parts, and shown to readers without the graph.

The attempt knows which parts the store has, from what it read and what it wrote, and sends the
others. If the store has lost one, it refuses the entry, and everything is sent.
"""

import logging
import secrets
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Final, cast

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import (
    Checkpoint,
    CheckpointMetadata,
    CheckpointTuple,
    get_checkpoint_id,
    get_checkpoint_metadata,
)
from langgraph.types import StateSnapshot

from tailrace.shared.errors import StoreUnavailable, WriteRefused
from tailrace.shared.log_store.checkpoints import checkpoint_store as kept
from tailrace.shared.log_store.checkpoints.checkpoint_store import Keep, Place, ref_of
from tailrace.shared.log_store.journal.journal import NewCheckpoint, NewView
from tailrace.shared.log_store.results import ResultAt
from tailrace.worker.checkpoints.codec import (
    CheckpointCodec,
    config_of,
    configurable,
    is_in_parts,
    shown_nowhere,
)
from tailrace.worker.checkpoints.snapshots import (
    Snapshots,
    as_json,
    is_single,
    shown_write,
    skeleton,
    values_of,
)
from tailrace.worker.journal.own_thread import OwnThread

_NULL_TASK: Final = "00000000-0000-0000-0000-000000000000"
"""The task of what a command writes, which applies before the step's own tasks."""
_CONTROL: Final = frozenset(("__error__", "__error_source_node__", "__interrupt__", "__resume__"))
"""Channels that say what became of a task, not what it gave."""

Has = Callable[[bytes], bool]
Layout = Sequence[Sequence[Any]]
"""Where a state's values are: name and `t` (the channel's own list), `s` (as JSON), each with a
version, or `j` with the value itself."""

logger = logging.getLogger(__name__)


class Chain:
    """What one attempt knows of its thread's chain.

    Args:
        own: the thread.
        codec: packs values.
        keep: how much of each namespace stays.
    """

    def __init__(self, own: OwnThread, codec: CheckpointCodec, keep: Keep) -> None:
        self._own = own
        self._codec = codec
        self._keep = keep
        self._known: set[bytes] = set()
        """Fields that the store has."""
        self._given: dict[Place, tuple[str, set[str]]] = {}
        """The newest checkpoint of each namespace, and to what its finished tasks have written."""
        self._outdated: dict[tuple[Place, str], set[str]] = {}
        """Checkpoints to whose channels a command has written since they were shown."""
        self._shown_root: tuple[str, Any] | None = None
        """Id and values of the newest state of the graph itself, as readers are shown it."""
        self.snapshots: Snapshots | None = None
        """Of the graph that runs; without one, readers are shown nothing."""

    def was_read(
        self, place: Place, stored: kept.Stored, checkpoint: Checkpoint, *, newest: bool
    ) -> None:
        """This is in the store."""
        versions = checkpoint["channel_versions"]
        self._known.update(_blob(place.ns, name, str(versions[name])) for name in stored.values)
        if stored.parts is not None:
            self._known.update(stored.parts.fields())
        if newest:
            self._given[place] = (stored.id, set())
            for write in stored.writes:
                self.was_written(place, stored.id, write.task, [write.channel])

    def was_written(
        self, place: Place, checkpoint_id: str, task_id: str, channels: Sequence[str]
    ) -> None:
        """A task has written to these channels, on top of a checkpoint."""
        given = {channel for channel in channels if channel not in _CONTROL}
        if task_id == _NULL_TASK and given:
            self._outdated.setdefault((place, checkpoint_id), set()).update(given)
        newest, known = self._given.get(place, ("", set[str]()))
        if newest == checkpoint_id:
            known.update(given)

    def shown_write(self, ns: str) -> Callable[[str, Any], bytes]:
        """What readers need of a write in a namespace."""
        if self.snapshots is None:
            return shown_nowhere
        outputs = self.snapshots.outputs(ns)
        return lambda channel, value: shown_write(channel, value, outputs)

    async def new(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new: kept.Checkpoint,
    ) -> NewCheckpoint:
        """A checkpoint with what the store lacks of it.

        Raises:
            Unserializable: the state contains something that is not data.
        """
        place = Place(self._own.name, configurable(config).get("checkpoint_ns", ""))
        stored = self._as_stored(place, config, checkpoint, metadata)
        snapshot = await self._snapshot(place.ns, stored)
        shown: dict[str, tuple[str, Any]] = {}
        if snapshot is not None:
            layout, shown = self._layout(place.ns, stored, snapshot, {})
            new = replace(
                new,
                snapshot=self._skeleton(place.ns, snapshot, layout),
                shown={name: version for name, (version, _) in shown.items()},
            )
        everything = partial(self._everything, place.ns, checkpoint, new.versions, shown)
        changed, fields = everything(self._known.__contains__)
        self._known.update(fields)
        self._given[place] = (new.id, set())
        if not place.ns:
            self._shown_root = (new.id, snapshot.values) if snapshot is not None else None
        return NewCheckpoint(
            place,
            new,
            changed,
            lambda: everything(_never)[0],
            self._keep,
            fields,
            lambda: everything(_never)[1],
        )

    def result_at(self, result: bytes, output: Callable[[Any], Any]) -> ResultAt | None:
        """Where the newest state has this result; None if it differs."""
        root = Place(self._own.name, "")
        newest, given = self._given.get(root, ("", set[str]()))
        if self.snapshots is None or self._shown_root is None or given:
            return None
        id_, values = self._shown_root
        if id_ != newest or as_json(output(values)) != result:
            return None
        single = is_single(self.snapshots.graph)
        return ResultAt(id_, None if single else list(output(values)))

    async def was_put(self, place: Place, checkpoint_id: str) -> None:
        """The checkpoint was handed over: show what has to be read to be shown."""
        if self.snapshots is not None and self.snapshots.is_rebuilt(place.ns):
            await self._shown(self._show_again(place, checkpoint_id, set()))

    async def settle(self) -> None:
        """Show what was written on top of checkpoints: call it when the graph has stopped.

        Raises:
            Fenced: the thread is no longer this attempt's.
        """
        if self.snapshots is None:
            return
        journal = self._own.journal
        journal.held.release_all()
        await journal.flushed()
        for (place, id_), channels in list(self._outdated.items()):
            await self._shown(self._show_again(place, id_, channels))
        for place, (id_, channels) in list(self._given.items()):
            if channels & self.snapshots.outputs(place.ns):
                await self._shown(self._show_live(place, id_, channels))
        await journal.flushed()

    async def _shown(self, showing: Coroutine[Any, Any, None]) -> None:
        try:
            await showing
        except (WriteRefused, StoreUnavailable):
            raise
        except Exception as error:  # noqa: BLE001 - a state's own types may raise anything
            logger.warning("state can't be shown", extra={"reason": type(error).__name__})

    def _as_stored(
        self,
        place: Place,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
    ) -> CheckpointTuple:
        """The checkpoint as it will be read, without any writes."""
        at, parent = Place(self._own.id, place.ns), get_checkpoint_id(config)
        return CheckpointTuple(
            config=config_of(at, checkpoint["id"]),
            checkpoint=checkpoint,
            metadata=get_checkpoint_metadata(config, metadata),
            parent_config=config_of(at, parent) if parent else None,
            pending_writes=[],
        )

    async def _snapshot(self, ns: str, stored: CheckpointTuple) -> StateSnapshot | None:
        if self.snapshots is None or self.snapshots.is_rebuilt(ns):
            return None
        try:
            return await self.snapshots.of(stored)
        except Exception as error:  # noqa: BLE001 - a state's own types may raise anything
            logger.warning("state can't be shown", extra={"ns": ns, "reason": type(error).__name__})
            return None

    def _layout(
        self,
        ns: str,
        stored: CheckpointTuple,
        snapshot: StateSnapshot,
        altered: Mapping[str, str],
    ) -> tuple[Layout, dict[str, tuple[str, Any]]]:
        """Where a state's values are, and those that have fields of their own, with versions.

        Args:
            ns: the namespace.
            stored: the checkpoint.
            snapshot: its state.
            altered: versions of the values that are not those of the checkpoint.
        """
        layout: list[Sequence[Any]] = []
        shown: dict[str, tuple[str, Any]] = {}
        values = stored.checkpoint["channel_values"]
        versions = {n: str(v) for n, v in stored.checkpoint["channel_versions"].items()}
        graph = cast("Snapshots", self.snapshots).graph_of(ns)
        for name, value in values_of(graph, snapshot).items():
            version = altered.get(name) or versions.get(name)
            if version is None:
                layout.append((name, "j", value))
            elif name not in altered and is_in_parts(value) and value is values.get(name):
                layout.append((name, "t", version))
            else:
                layout.append((name, "s", version))
                shown[name] = (version, value)
        return layout, shown

    def _skeleton(self, ns: str, snapshot: StateSnapshot, layout: Layout) -> bytes:
        single = is_single(cast("Snapshots", self.snapshots).graph_of(ns))
        return skeleton(snapshot, layout, single=single)

    def _everything(
        self,
        ns: str,
        checkpoint: Checkpoint,
        versions: Mapping[str, str],
        shown: Mapping[str, tuple[str, Any]],
        has: Has,
    ) -> tuple[dict[str, bytes], dict[bytes, bytes]]:
        """The checkpoint's values by channel, and other fields, that the store lacks."""
        names = [n for n, version in versions.items() if not has(_blob(ns, n, version))]
        changed, fields = self._codec.values_in_parts(checkpoint, names, has)
        self._known.update(_blob(ns, name, versions[name]) for name in changed)
        return changed, fields | self._shown_fields(ns, shown, has, fields)

    def _shown_fields(
        self,
        ns: str,
        shown: Mapping[str, tuple[str, Any]],
        has: Has,
        others: Mapping[bytes, bytes],
    ) -> dict[bytes, bytes]:
        """The fields of what is shown that the store lacks."""
        fields: dict[bytes, bytes] = {}
        for name, (version, value) in shown.items():
            if has(field := f"show:{ns}{kept.PART}{ref_of(name, version)}".encode()):
                continue
            if is_in_parts(value):
                also = partial(_either, has, others)
                fields[field] = self._codec.tree(value, name, also, fields)
            else:
                fields[field] = as_json(value)
        return fields

    async def _show_again(self, place: Place, id_: str, channels: set[str]) -> None:
        """Show a stored checkpoint with what a command has written to its channels."""
        snapshots = cast("Snapshots", self.snapshots)
        config = config_of(Place(self._own.id, place.ns), id_)
        stored = await snapshots.graph.checkpointer.aget_tuple(config)
        if stored is None:
            return
        snapshot = await snapshots.of(stored)
        altered = dict.fromkeys(channels, f"snap.{secrets.token_hex(4)}")
        layout, shown = self._layout(place.ns, stored, snapshot, altered)
        self._show(place, id_, "snap", self._skeleton(place.ns, snapshot, layout), shown)

    async def _show_live(self, place: Place, id_: str, channels: set[str]) -> None:
        """Show the newest checkpoint with what finished tasks have written."""
        snapshots = cast("Snapshots", self.snapshots)
        named = {"thread_id": self._own.id, "checkpoint_ns": place.ns}
        snapshot = await snapshots.read({"configurable": named})
        values = values_of(snapshots.graph_of(place.ns), snapshot)
        version = f"live.{secrets.token_hex(4)}"
        shown = {n: (version, values[n]) for n in channels if n in values}
        layout = [(name, "s", version) for name in shown]
        self._show(place, id_, "live", as_json({"values": layout}), shown)

    def _show(
        self, place: Place, id_: str, kind: Any, text: bytes, shown: Mapping[str, tuple[str, Any]]
    ) -> None:
        make = partial(self._shown_fields, place.ns, shown)
        fields = make(self._known.__contains__, {})
        self._known.update(fields)
        self._own.journal.add(NewView(place, id_, kind, text, fields, lambda: make(_never, {})))


def _blob(ns: str, name: str, version: str) -> bytes:
    return f"blob:{ns}{kept.PART}{ref_of(name, version)}".encode()


def _either(has: Has, others: Mapping[bytes, bytes], field: bytes) -> bool:
    return field in others or has(field)


def _never(_: bytes) -> bool:
    return False
