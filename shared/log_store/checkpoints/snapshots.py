"""A thread's states, read without its graphs: put together from what the worker has stored.

A page of states reads once what they have in common. The state of a
checkpoint is a record of its step; that of the newest, read without naming it, also has what the
step's tasks have given since. Both are what LangGraph's own `get_state` would say.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from tailrace.shared.errors import StoreUnavailable
from tailrace.shared.events import decode, encode, encode_value
from tailrace.shared.log_store.checkpoints.checkpoint_store import PART, Place
from tailrace.shared.log_store.checkpoints.parts import JSON, is_tree, read_fields, read_parts
from tailrace.shared.redis import keys
from tailrace.shared.redis.connection import Client
from tailrace.shared.redis.scripts import run_script

_CONTROL: Final = frozenset(("__error__", "__error_source_node__", "__interrupt__", "__resume__"))
_NULL_TASK: Final = "00000000-0000-0000-0000-000000000000"
_PAGE: Final = 20
"""Checkpoints that are read at once where most do not match."""
_MOST: Final = 1000
_TRIES: Final = 3
"""Between two reads, the chain may have been cut: then both are made again."""


@dataclass(frozen=True, slots=True)
class Task:
    """A task of a checkpoint's step."""

    id: str
    name: str
    path: Sequence[Any]
    ns: str | None
    """Namespace of the graph that it runs, where that is known."""
    error: str | None = None
    interrupts: Sequence[Mapping[str, Any]] = ()
    """Each with `id` and `value`."""
    result: bytes | None = None
    """JSON of what it gave; None while it has not finished."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A thread's state at a checkpoint."""

    place: Place
    id: str
    parent: str | None
    """Id of the checkpoint before it."""
    values: bytes
    """JSON."""
    next: Sequence[str]
    """Names of the nodes that run next."""
    tasks: Sequence[Task]
    metadata: Mapping[str, Any]
    created_at: str | None

    @property
    def interrupts(self) -> Sequence[Mapping[str, Any]]:
        """What all its tasks ask."""
        return [interrupt for task in self.tasks for interrupt in task.interrupts]

    def fields(self, thread_id: str) -> dict[str, Any]:
        """The state in LangGraph's names, for `encode`.

        Args:
            thread_id: the id that the thread's owner knows.
        """
        return {
            "values": orjson.Fragment(self.values),
            "next": list(self.next),
            "tasks": [_task_fields(task, thread_id) for task in self.tasks],
            "interrupts": list(self.interrupts),
            "metadata": self.metadata,
            "created_at": self.created_at,
            "checkpoint": self._named(thread_id, self.id),
            "parent_checkpoint": self._named(thread_id, self.parent) if self.parent else None,
        }

    def _named(self, thread_id: str, id_: str) -> dict[str, Any]:
        named = {"thread_id": thread_id, "checkpoint_ns": self.place.ns, "checkpoint_id": id_}
        if parents := self.metadata.get("parents"):
            return {**named, "checkpoint_map": {**parents, self.place.ns: id_}}
        return named


class SnapshotReader:
    """Reads the states of all threads on one log store."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    async def snapshot(
        self, thread: str, ns: str = "", checkpoint_id: str | None = None
    ) -> Snapshot | None:
        """A thread's state at a checkpoint, or now; None where there is none.

        Args:
            thread: the name that the store knows it by.
            ns: of a graph inside it.
            checkpoint_id: None for the newest, with what its tasks have given so far.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        args = {"id": checkpoint_id or "", "before": "", "limit": 1}
        found = await self._read(Place(thread, ns), args, live=checkpoint_id is None)
        return found[0] if found else None

    async def history(
        self,
        thread: str,
        ns: str = "",
        *,
        before: str | None = None,
        limit: int = 10,
        metadata: Mapping[str, Any] | None = None,
    ) -> list[Snapshot]:
        """A thread's states, newest first.

        Args:
            thread: the name that the store knows it by.
            ns: of a graph inside it.
            before: only those of checkpoints before this one.
            limit: how many at most.
            metadata: only those with these values in their metadata.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        place, wanted = Place(thread, ns), (metadata or {}).items()
        if not wanted:
            args = {"id": "", "before": before or "", "limit": min(limit, _MOST)}
            return await self._read(place, args, live=False)
        matching: list[Snapshot] = []
        seen = 0
        while len(matching) < limit and seen < _MOST:
            args = {"id": "", "before": before or "", "limit": _PAGE}
            page = await self._read(place, args, live=False)
            matching += [s for s in page if wanted <= s.metadata.items()]
            seen += len(page)
            if len(page) < _PAGE:
                break
            before = page[-1].id
        return matching[:limit]

    async def _read(self, place: Place, args: Mapping[str, Any], *, live: bool) -> list[Snapshot]:
        for _ in range(_TRIES):
            reply = await run_script(
                self._redis,
                "log_store/checkpoints/snapshots",
                keys.of_checkpoints(place.thread),
                ns=place.ns,
                **args,
            )
            stored = list(_stored(iter(reply)))
            values = await self._values(place, [s for one in stored for s in one.shown(live=live)])
            if values is not None:
                return [one.snapshot(place, values, live=live) for one in stored]
        raise StoreUnavailable(f"the checkpoints of {place.thread} change while they are read")

    async def _values(self, place: Place, shown: Sequence["_Shown"]) -> dict[str, bytes] | None:
        """JSON of values by their fields; None if some of it is gone."""
        names = list(dict.fromkeys(one.field(place.ns) for one in shown if one.kind != "j"))
        if not names:
            return {}
        key = keys.checkpoints(place.thread)
        found = await read_fields(self._redis, key, [name.encode() for name in names])
        values = {n: value for n, value in zip(names, found, strict=True) if value is not None}
        roots = {name: value for name, value in values.items() if is_tree(value)}
        parts = await read_parts(self._redis, key, roots.values(), JSON)
        if parts is None or len(values) < len(names):
            return None
        lists = {n: b"[%b]" % b",".join(parts.elements(root)) for n, root in roots.items()}
        return values | lists


@dataclass(frozen=True, slots=True)
class _Shown:
    """Where a value of a state is."""

    name: str
    kind: str
    """`t`: a channel's list by its elements; `s`: JSON; `j`: here."""
    at: Any
    """The version, or the value itself."""

    def field(self, ns: str) -> str:
        """The field that has it or, of a list, its root."""
        kind = "blob" if self.kind == "t" else "show"
        return f"{kind}:{ns}{PART}{self.name}{PART}{self.at}"

    def json(self, ns: str, values: Mapping[str, bytes]) -> bytes:
        """The value as JSON."""
        return encode(self.at) if self.kind == "j" else values[self.field(ns)]


@dataclass(frozen=True, slots=True)
class _Write:
    task: str
    index: int
    path: str
    channel: str
    shown: bytes


@dataclass(frozen=True, slots=True)
class _Stored:
    """A checkpoint as the script gives it."""

    id: str
    parent: str
    skeleton: Mapping[str, Any]
    live: Mapping[str, Any]
    writes: Sequence[_Write]

    def shown(self, *, live: bool) -> list[_Shown]:
        """Where the state's values are."""
        found = {name: _Shown(name, kind, at) for name, kind, at in self.skeleton.get("values", ())}
        if live:
            changed = self.live.get("values", ())
            found |= {name: _Shown(name, kind, at) for name, kind, at in changed}
        return list(found.values())

    def snapshot(self, place: Place, values: Mapping[str, bytes], *, live: bool) -> Snapshot:
        """The state, with its values."""
        shown = self.shown(live=live)
        found = {one.name: orjson.Fragment(one.json(place.ns, values)) for one in shown}
        single = next(iter(found.values()), None) if self.skeleton.get("single") else found
        outputs = self._outputs()
        tasks = [self._task(task, outputs, live=live) for task in self.skeleton.get("tasks", ())]
        return Snapshot(
            place=place,
            id=self.id,
            parent=self.parent or None,
            values=encode_value(single),
            next=[t.name for t in tasks if not (live and outputs.get(t.id))],
            tasks=tasks,
            metadata=self.skeleton.get("metadata", {}),
            created_at=self.skeleton.get("created_at"),
        )

    def _outputs(self) -> dict[str, list[_Write]]:
        """By task, what each that has finished has given."""
        outputs: dict[str, list[_Write]] = {}
        for write in self.writes:
            if write.channel not in _CONTROL and write.task != _NULL_TASK:
                outputs.setdefault(write.task, []).append(write)
        return outputs

    def _task(
        self, task: Mapping[str, Any], outputs: Mapping[str, Sequence[_Write]], *, live: bool
    ) -> Task:
        given, own = outputs.get(task["id"]), [w for w in self.writes if w.task == task["id"]]
        raised = [decode(w.shown) for w in own if w.channel == "__interrupt__" and w.shown]
        errors = [decode(w.shown) for w in own if w.channel == "__error__" and w.shown]
        return Task(
            id=task["id"],
            name=task["name"],
            path=task["path"],
            ns=task["ns"],
            error=errors[0] if errors else None,
            interrupts=() if live and given else [one for many in raised for one in many],
            result=_result(given, single=bool(self.skeleton.get("single"))) if given else None,
        )


def _result(given: Sequence[_Write], *, single: bool) -> bytes:
    """What a task gave as LangGraph's snapshot has it: several values of a channel together."""
    returned = next((write.shown for write in given if write.channel == "__return__"), None)
    if returned is not None:
        return returned
    by_channel: dict[str, list[bytes]] = {}
    for write in given:
        if write.shown:
            by_channel.setdefault(write.channel, []).append(write.shown)
    results = {
        channel: shown[0] if len(shown) == 1 else b'{"$writes":[%b]}' % b",".join(shown)
        for channel, shown in by_channel.items()
    }
    if single:
        return next(iter(results.values()), b"null")
    return encode_value({name: orjson.Fragment(shown) for name, shown in results.items()})


def _task_fields(task: Task, thread_id: str) -> dict[str, Any]:
    inside = {"thread_id": thread_id, "checkpoint_ns": task.ns} if task.ns is not None else None
    return {
        "id": task.id,
        "name": task.name,
        "path": task.path,
        "error": task.error,
        "interrupts": task.interrupts,
        "checkpoint": inside,
        "state": None,
        "result": None if task.result is None else orjson.Fragment(task.result),
    }


def _stored(reply: Iterator[bytes]) -> Iterator[_Stored]:
    for id_ in reply:
        parent, skeleton, live = next(reply), next(reply), next(reply)
        writes = [_write(reply) for _ in range(int(next(reply)))]
        writes.sort(key=lambda w: (w.path, w.task, w.index))
        yield _Stored(
            id_.decode(),
            parent.decode(),
            decode(skeleton) if skeleton else {},
            decode(live) if live else {},
            writes,
        )


def _write(reply: Iterator[bytes]) -> _Write:
    task, index, path, channel = (next(reply).decode() for _ in range(4))
    return _Write(task, int(index), path, channel, next(reply))
