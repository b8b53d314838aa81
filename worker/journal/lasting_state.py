"""What an attempt has stored of its graph's state, and writes again where the store forgot it.

A store that went back in time has lost what it acknowledged; the attempt still has it. Of each
namespace that is the newest checkpoint, with what came on top of it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tailrace.shared.log_store.checkpoints.checkpoint_store import Place
from tailrace.shared.log_store.journal.journal import NewCheckpoint, TaskWrites

State = NewCheckpoint | TaskWrites

_TASK_MARK: Final = ":"
"""Stands before a task's id in a namespace, which then lives no longer than the task."""


class LastingState:
    """The stored state of one attempt's graph."""

    def __init__(self) -> None:
        self._kept: dict[Place, list[State]] = {}
        self.owed: Sequence[State] = ()
        """What is to be stored again, before anything else."""

    def keep(self, stored: Sequence[State]) -> None:
        """These were stored, in this order, and what was owed with them."""
        self.owed = ()
        for entry in stored:
            if isinstance(entry, NewCheckpoint):
                self._forget_inside(entry.place)
                # Its values are taken from the state itself where they are wanted again.
                self._kept[entry.place] = [replace(entry, changed={})]
            else:
                self._kept.setdefault(entry.place, []).append(entry)

    def owe_everything(self) -> None:
        """The store has forgotten some of it, and can't tell which."""
        kept = [entry for state in self._kept.values() for entry in state]
        self.owed = [e.whole() if isinstance(e, NewCheckpoint) else e for e in kept]

    def _forget_inside(self, place: Place) -> None:
        """The graphs that the step's tasks ran are over with the step."""
        inside = [p for p in self._kept if _TASK_MARK in p.ns and _is_inside(p.ns, place.ns)]
        for ended in inside:
            del self._kept[ended]


def _is_inside(inner: str, outer: str) -> bool:
    return inner != outer and (not outer or inner.startswith(f"{outer}|"))
