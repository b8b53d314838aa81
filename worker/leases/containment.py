"""What a graph may not do to its worker: end the process, or block the event loop unnoticed."""

import asyncio
from collections.abc import Coroutine
from contextvars import Context, ContextVar
from typing import Any, Final
from weakref import WeakKeyDictionary

from tailrace.shared.jobs import JobId

CURRENT: Final[ContextVar[JobId | None]] = ContextVar("current_job", default=None)
"""The job in whose context the code runs; every task that a graph starts inherits it."""


class GraphExit(Exception):
    """A graph raised what ends a process (SystemExit, KeyboardInterrupt): it ends its job only."""


class Containment:
    """Knows which job each task of an event loop belongs to, and keeps exits inside the job.

    A task that ends with SystemExit ends the event loop too, so a job's tasks are wrapped as the
    event loop makes them: LangGraph starts a node's task where nobody else can reach it.
    """

    def __init__(self, event_loop: asyncio.AbstractEventLoop) -> None:
        self._event_loop = event_loop
        self._owners: WeakKeyDictionary[asyncio.Task[Any], JobId] = WeakKeyDictionary()

    def begin(self) -> None:
        """Make the event loop's tasks from now on."""
        self._event_loop.set_task_factory(self._make)

    def culprit(self) -> JobId | None:
        """The job whose task the event loop is busy with; may be asked from another thread."""
        task = asyncio.current_task(self._event_loop)
        return None if task is None else self._owners.get(task)

    def _make(
        self,
        loop: asyncio.AbstractEventLoop,
        work: Any,
        *,
        context: Context | None = None,
        **named: Any,
    ) -> "asyncio.Future[Any]":
        owner = CURRENT.get() if context is None else context.get(CURRENT)
        task = asyncio.Task(_kept_in(work) if owner else work, loop=loop, context=context, **named)
        if owner:
            self._owners[task] = owner
            # A task that is cancelled before its first step never runs its coroutine.
            task.add_done_callback(lambda _: work.close())
        return task


async def _kept_in(work: Coroutine[Any, Any, Any]) -> Any:
    try:
        return await work
    except (Exception, asyncio.CancelledError, GeneratorExit):
        raise
    except BaseException as error:
        raise GraphExit(type(error).__name__) from error
