"""What finished tasks wrote, held until the stream has said that they ended.

LangGraph hands over a task's writes, and a checkpoint, past its own stream: the task's last events
may still be queued there. So writes are held until the stream says that the task has ended, and go
ahead of the event that says so; a checkpoint waits for the writes that it stands on.
"""

import asyncio
from collections.abc import Callable, Iterable
from types import AsyncGeneratorType
from typing import Any, Final

from tailrace.shared.log_store.checkpoints.checkpoint_store import Place
from tailrace.shared.log_store.journal.journal import TaskWrites

_QUIET_TURNS: Final = 16
"""Turns of the loop in which LangGraph hands over whatever it has queued; it takes about five."""
_LOOK_AGAIN_S: Final = 0.002
_PUSHED: Final = "~__pregel_push"
"""The path of a task that a `Send` or a call has made does not name its node."""


class HeldWrites:
    """The held writes of one attempt.

    Args:
        let_go: takes writes that are held no longer.
    """

    def __init__(self, let_go: Callable[[TaskWrites], None]) -> None:
        self._let_go = let_go
        self._held: dict[str, TaskWrites] = {}
        self._ended: set[str] = set()
        self._newest: dict[Place, str] = {}
        self.is_abandoned = False
        """Whether the stream was cut off: no state is to be stored any more."""
        self.stream: AsyncGeneratorType[Any, Any] | None = None
        """What the graph's parts come from, as long as they come."""

    def hold(self, task_id: str, writes: TaskWrites) -> None:
        """Keep a finished task's writes until the stream has told its end, which it may have."""
        if task_id in self._ended:
            self._let_go(writes)
        else:
            self._held[task_id] = writes

    def release(self, task_id: str) -> None:
        """The stream says that the task has ended: its other events were handed over."""
        self._ended.add(task_id)
        if (writes := self._held.pop(task_id, None)) is not None:
            self._let_go(writes)

    async def release_in_order(self, task_id: str) -> None:
        """The same, after the checkpoint that the writes are on top of was handed over.

        LangGraph saves it beside the step that comes after, and a quick task of that step may be
        first: its writes would belong to a checkpoint that a crash leaves unknown.
        """
        writes, turns = self._held.get(task_id), 0
        while writes is not None and turns < _QUIET_TURNS and not self._stands(writes):
            await asyncio.sleep(0)
            turns += 1
        self.release(task_id)

    def checkpoint_is_there(self, place: Place, checkpoint_id: str) -> None:
        """The checkpoint was handed over, or was read from the store."""
        self._newest[place] = checkpoint_id

    def release_cached(self, ns: str, nodes: Iterable[str]) -> None:
        """The stream says that these nodes' results came from the cache: it names no task then."""
        endings = tuple(f", {node}" for node in nodes)
        for task_id, held in list(self._held.items()):
            path = held.writes[0].path
            if held.place.ns == ns and (path.startswith(_PUSHED) or path.endswith(endings)):
                self.release(task_id)

    def release_all(self) -> None:
        """The stream is over: nothing that is still held waits for anything."""
        for task_id in list(self._held):
            self.release(task_id)

    def abandon(self) -> None:
        """The stream is cut off: what tasks said last is lost, so that they have to run again."""
        self.is_abandoned = True
        self._held.clear()

    async def caught_up(self, place: Place, checkpoint_id: str) -> None:
        """Wait until nothing is held of the tasks that a checkpoint stands on.

        What tasks wrote on top of it is not waited for: that has to come after it.
        """
        quiet = 0
        while quiet < _QUIET_TURNS and self._before(place, checkpoint_id):
            # It runs while somebody waits for its next part: then all before was handed over.
            waited_for = self.stream is None or self.stream.ag_running
            await asyncio.sleep(0 if waited_for else _LOOK_AGAIN_S)
            quiet = quiet + 1 if waited_for else 0
        for task_id in self._before(place, checkpoint_id):
            self.release(task_id)  # of a hidden node: the stream never speaks of it

    def _stands(self, writes: TaskWrites) -> bool:
        return self._newest.get(writes.place, "") >= writes.checkpoint_id

    def _before(self, place: Place, checkpoint_id: str) -> list[str]:
        return [
            task_id
            for task_id, held in self._held.items()
            if held.place == place and held.checkpoint_id != checkpoint_id
        ]
