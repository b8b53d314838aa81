"""Holds what finished tasks wrote until the stream has said that they ended.

LangGraph hands over a task's writes, and checkpoints, outside its own stream, where the task's last
events may still be queued. So writes are held until the stream says that the task has ended, and
are written just before the event that says so. A checkpoint waits for the writes it is based on.
"""

import asyncio
from collections.abc import Callable, Iterable
from types import AsyncGeneratorType
from typing import Any, Final

from tailrace.shared.log_store.checkpoints.checkpoint_store import Place
from tailrace.shared.log_store.journal.journal import TaskWrites

_QUIET_TURNS: Final = 16
"""Iterations of the event loop in which LangGraph hands over its queue; it needs about five."""
_LOOK_AGAIN_S: Final = 0.002
_PUSHED: Final = "~__pregel_push"
"""Begins the path of a task that a `Send` or a call has made; such a path names no node."""


class HeldWrites:
    """The held writes of one attempt.

    Args:
        let_go: takes the writes that are no longer held.
    """

    def __init__(self, let_go: Callable[[TaskWrites], None]) -> None:
        self._let_go = let_go
        self._held: dict[str, TaskWrites] = {}
        self._ended: set[str] = set()
        self._newest: dict[Place, str] = {}
        self.is_abandoned = False
        """Whether the stream was cut off: no more state is stored."""
        self.stream: AsyncGeneratorType[Any, Any] | None = None
        """Where the graph's parts come from, until its end."""

    def hold(self, task_id: str, writes: TaskWrites) -> None:
        """Hold a finished task's writes, unless the stream has already said that it ended."""
        if task_id in self._ended:
            self._let_go(writes)
        else:
            self._held[task_id] = writes

    def release(self, task_id: str) -> None:
        """The stream says that the task has ended; its other events were handed over before."""
        self._ended.add(task_id)
        if (writes := self._held.pop(task_id, None)) is not None:
            self._let_go(writes)

    async def release_in_order(self, task_id: str) -> None:
        """The same, after the checkpoint that the writes are based on was handed over.

        LangGraph saves it during the step that follows, and a quick task of that step may be
        faster: after a crash, its writes would belong to a checkpoint that was never stored.
        """
        writes, turns = self._held.get(task_id), 0
        while writes is not None and turns < _QUIET_TURNS and not self._stands(writes):
            await asyncio.sleep(0)
            turns += 1
        self.release(task_id)

    def checkpoint_is_there(self, place: Place, checkpoint_id: str) -> None:
        """The checkpoint was handed over, or read from the store."""
        self._newest[place] = checkpoint_id

    def release_cached(self, ns: str, nodes: Iterable[str]) -> None:
        """The stream says that these nodes' results came from the cache; it names no task then."""
        endings = tuple(f", {node}" for node in nodes)
        for task_id, held in list(self._held.items()):
            path = held.writes[0].path
            if held.place.ns == ns and (path.startswith(_PUSHED) or path.endswith(endings)):
                self.release(task_id)

    def release_all(self) -> None:
        """The stream is over: release all that is still held."""
        for task_id in list(self._held):
            self.release(task_id)

    def abandon(self) -> None:
        """The stream was cut off: the tasks' last events are lost, so they have to run again."""
        self.is_abandoned = True
        self._held.clear()

    async def caught_up(self, place: Place, checkpoint_id: str) -> None:
        """Wait until nothing is held of the tasks that a checkpoint is based on.

        What tasks wrote on top of it is not waited for: it has to come after.
        """
        quiet = 0
        while quiet < _QUIET_TURNS and self._before(place, checkpoint_id):
            # It runs while its next part is awaited: then all parts before were handed over.
            waited_for = self.stream is None or self.stream.ag_running
            await asyncio.sleep(0 if waited_for else _LOOK_AGAIN_S)
            quiet = quiet + 1 if waited_for else 0
        for task_id in self._before(place, checkpoint_id):
            self.release(task_id)  # of a hidden node, which the stream never mentions

    def _stands(self, writes: TaskWrites) -> bool:
        return self._newest.get(writes.place, "") >= writes.checkpoint_id

    def _before(self, place: Place, checkpoint_id: str) -> list[str]:
        return [
            task_id
            for task_id, held in self._held.items()
            if held.place == place and held.checkpoint_id != checkpoint_id
        ]
