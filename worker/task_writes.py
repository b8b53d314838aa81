"""What finished tasks wrote, held back until the log has what those tasks said.

LangGraph stores a task's writes as soon as it ends, maybe before its last events have even left
LangGraph's own queue. An attempt that went on from there would not run the task again, and its
events would be nobody's. The stream says of each task that it has ended, behind all its events:
that releases the writes.
"""

import asyncio
from collections.abc import Awaitable, Callable

from tailrace.shared.checkpoint_store import Place

Barrier = Callable[[], Awaitable[None]]
Write = Callable[[], Awaitable[None]]


class TaskWrites:
    """The held writes of one attempt.

    Args:
        logged: waits until every event so far is in the job's log.
    """

    def __init__(self, logged: Barrier) -> None:
        self.logged = logged
        self._held: dict[str, tuple[Place, Write]] = {}
        self._ended: set[str] = set()
        self._due: asyncio.Queue[str] = asyncio.Queue()

    def hold(self, task_id: str, place: Place, write: Write) -> None:
        """Keep a task's writes until its end has been streamed, which may have been."""
        self._held[task_id] = (place, write)
        if task_id in self._ended:
            self._due.put_nowait(task_id)

    def release(self, task_id: str) -> None:
        """The task's end has been streamed: its events are handed over."""
        self._ended.add(task_id)
        if task_id in self._held:
            self._due.put_nowait(task_id)

    def supersede(self, place: Place) -> None:
        """A newer checkpoint of the graph is stored; what was held for the one before is in it."""
        self._held = {t: held for t, held in self._held.items() if held[0] != place}

    async def run(self) -> None:
        """Store what is due, behind its events, until cancelled.

        Raises:
            WriteRefused, JobNotFound, StoreUnavailable: as the writes do.
        """
        while True:
            task_id = await self._due.get()
            await self.logged()
            await self._store(task_id)

    async def settle(self) -> None:
        """Store all that is left: the graph has stopped, and the log has everything.

        Raises:
            WriteRefused, JobNotFound, StoreUnavailable: as the writes do.
        """
        for task_id in list(self._held):
            await self._store(task_id)

    async def _store(self, task_id: str) -> None:
        held = self._held.get(task_id)
        if held is not None:
            await held[1]()
            self._held.pop(task_id, None)
