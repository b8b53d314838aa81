"""A thread and its states. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson

from tailrace.shared.log_store.checkpoints.snapshots import Snapshot
from tailrace.shared.threads import Thread


def thread_fields(thread: Thread, now: Snapshot | None = None) -> dict[str, Any]:
    """A thread as LangGraph's clients see it; with its values where its state is known."""
    told: dict[str, Any] = {
        "thread_id": thread.id,
        "created_at": thread.created_at,
        "updated_at": thread.updated_at,
        "metadata": thread.metadata,
        "status": thread.status,
        "config": {},
        "values": None,
        "interrupts": {},
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
    for task, fields in zip(snapshot.tasks, told["tasks"], strict=True):
        below = (inside or {}).get(task.ns or "")
        if below is not None:
            fields["state"] = state_fields(below, thread_id, inside)
    return told


def namespaces(snapshot: Snapshot) -> Sequence[str]:
    """Where the graphs that its tasks run keep their states."""
    return [task.ns for task in snapshot.tasks if task.ns is not None]
