"""What an attempt has stored of its graph's state, and writes again if the store lost it.

A store that went back in time has lost what it acknowledged, but the attempt still has it: of each
namespace, the newest checkpoint and what came on top of it.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from tailrace.shared.log_store.checkpoints.checkpoint_store import Place
from tailrace.shared.log_store.journal.journal import NewCheckpoint, NewView, State

_TASK_MARK: Final = ":"
"""Precedes a task's id in a namespace, which then lives no longer than the task."""


class LastingState:
    """The stored state of one attempt's graph."""

    def __init__(self) -> None:
        self._kept: dict[Place, list[State]] = {}
        self.owed: Sequence[State] = ()
        """What has to be stored again, before anything else."""

    def keep(self, stored: Sequence[State]) -> None:
        """These were stored, in this order, together with what was owed."""
        self.owed = ()
        for entry in stored:
            if isinstance(entry, NewCheckpoint):
                self._forget_inside(entry.place)
                # If its values are needed again, they are taken from the state itself.
                self._kept[entry.place] = [replace(entry, changed={}, fields={})]
            elif isinstance(entry, NewView):
                self._kept.setdefault(entry.place, []).append(replace(entry, fields={}))
            else:
                self._kept.setdefault(entry.place, []).append(entry)

    def owe_everything(self) -> None:
        """The store has lost some of it, and can't tell what."""
        kept = [entry for state in self._kept.values() for entry in state]
        self.owed = [entry.whole() for entry in kept]

    def _forget_inside(self, place: Place) -> None:
        """The graphs that the step's tasks ran end with the step."""
        inside = [p for p in self._kept if _TASK_MARK in p.ns and _is_inside(p.ns, place.ns)]
        for ended in inside:
            del self._kept[ended]


def _is_inside(inner: str, outer: str) -> bool:
    return inner != outer and (not outer or inner.startswith(f"{outer}|"))
