"""A thread and its states. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson

from tailrace.api.adapters.langgraph.views.assistants import assistant_metadata
from tailrace.shared.log_store.checkpoints.snapshots import Snapshot
from tailrace.shared.threads import Thread

_OURS: Final = frozenset(("tenant", "langgraph_auth_user_id"))


def thread_fields(thread: Thread, now: Snapshot | None = None) -> dict[str, Any]:
    """A thread as LangGraph's clients see it; with its values where its state is known."""
    told: dict[str, Any] = {
        "thread_id": thread.id,
        "created_at": thread.created_at,
        "updated_at": thread.updated_at,
        "metadata": thread.metadata,
        "status": thread.status,
        "config": {},
    }
    if now is not None:
        told["values"] = orjson.Fragment(now.values)
        told["interrupts"] = {task.id: task.interrupts for task in now.tasks if task.interrupts}
    return told


def state_fields(
    snapshot: Snapshot | None, thread_id: str, inside: Mapping[str, Snapshot] | None = None
) -> dict[str, Any]:
    """A state as LangGraph's clients see it; a thread without one has an empty state.

    Args:
        snapshot: the state.
        thread_id: the id that the thread's owner knows.
        inside: the states of graphs that tasks run, by their namespaces.
    """
    if snapshot is None:
        return {
            "values": {},
            "next": [],
            "tasks": [],
            "interrupts": [],
            "metadata": {},
            "created_at": None,
            "checkpoint": None,
            "parent_checkpoint": None,
        }
    told = snapshot.fields(thread_id)
    told["metadata"] = _metadata(snapshot.metadata, thread_id)
    for name in ("checkpoint", "parent_checkpoint"):
        if told[name] is not None:
            told[name] = {**told[name], "checkpoint_map": told[name].get("checkpoint_map")}
    for task, fields in zip(snapshot.tasks, told["tasks"], strict=True):
        below = (inside or {}).get(task.ns or "")
        if below is not None:
            fields["state"] = state_fields(below, thread_id, inside)
    return told


def _metadata(told: Mapping[str, Any], thread_id: str) -> dict[str, Any]:
    """A checkpoint's metadata under LangGraph's names, without those of our own."""
    known = {name: value for name, value in told.items() if name not in _OURS}
    graph = told.get("graph_id")
    return {**known, **(assistant_metadata(graph) if graph else {}), "thread_id": thread_id}


def namespaces(snapshot: Snapshot) -> Sequence[str]:
    """Where the graphs that its tasks run keep their states."""
    return [task.ns for task in snapshot.tasks if task.ns is not None]
