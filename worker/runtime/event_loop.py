"""The worker's event loop: asyncio's own, without a system call for each thing it tells itself."""

import asyncio
import selectors
import threading
from collections.abc import Callable
from contextvars import Context
from typing import Any


class WorkerLoop(asyncio.SelectorEventLoop):
    """A loop that is not woken when it is awake.

    LangGraph hands over every event by `call_soon_threadsafe`, from whatever thread a node runs
    in. asyncio then writes a byte into a pipe, although most nodes run in the loop's own thread:
    that byte takes a third of the time of a graph that streams as fast as it can.
    """

    def __init__(self) -> None:
        self._watch = _Watch()
        self._home = 0
        super().__init__(self._watch)

    def run_forever(self) -> None:
        """Run until stopped, in the calling thread."""
        self._home = threading.get_ident()
        super().run_forever()

    def call_soon_threadsafe(
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        """Call it with the loop's next turn; may be called from any thread, and by signals."""
        if threading.get_ident() == self._home and not self._watch.asleep:
            self._watch.told = True
            return self.call_soon(callback, *args, context=context)
        return super().call_soon_threadsafe(callback, *args, context=context)


class _Watch(selectors.DefaultSelector):
    """Knows whether the loop sleeps: a signal's handler runs in its thread, and has to wake it."""

    asleep = False
    told = False
    """Something was handed over since the last sleep, maybe after its length was settled."""

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        self.asleep = True
        if self.told:
            self.told, timeout = False, 0
        try:
            return super().select(timeout)
        finally:
            self.asleep = False
