"""Calls into the event loop from the threads that run a graph's plain functions."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from tailrace.shared.errors import StoreUnavailable

T = TypeVar("T")

_CHECK_EVERY_S: Final = 5.0
"""How often to check that the event loop still runs; the call itself may take any time."""
_RESPONDS_WITHIN_S: Final = 40.0
"""How long an event loop may take that is only busy."""


def wait_for(
    call: Callable[[], Coroutine[Any, Any, T]],
    event_loop: asyncio.AbstractEventLoop,
    *,
    in_loop: Exception,
) -> T:
    """Wait for a call that the event loop makes; what it returns or raises.

    Args:
        call: begun in the event loop.
        event_loop: runs in another thread.
        in_loop: raised if the event loop runs in this thread, where waiting would never end.

    Raises:
        StoreUnavailable: the event loop is blocked or closed.
    """
    if _running_loop() is event_loop:
        raise in_loop

    async def called() -> T:
        return await call()

    calling = called()
    try:
        future = asyncio.run_coroutine_threadsafe(calling, event_loop)
    except RuntimeError as error:
        calling.close()
        raise StoreUnavailable("the worker's event loop is closed") from error
    while True:
        try:
            return future.result(_CHECK_EVERY_S)
        except TimeoutError:
            if future.done():
                raise  # the call's own
            if not _responds(event_loop):
                future.cancel()
                raise StoreUnavailable("the worker's event loop is blocked") from None


def _responds(event_loop: asyncio.AbstractEventLoop) -> bool:
    responded = threading.Event()
    try:
        event_loop.call_soon_threadsafe(responded.set)
    except RuntimeError:
        return False
    return responded.wait(_RESPONDS_WITHIN_S)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
