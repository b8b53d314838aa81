"""Calls into the worker's loop from the threads that run plain functions of a graph."""

import asyncio
import threading
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from tailrace.shared.errors import StoreUnavailable

T = TypeVar("T")

_LOOKS_EVERY_S: Final = 5.0
"""How often it is looked whether the loop still runs: a call may take as long as it takes."""
_ANSWERS_WITHIN_S: Final = 40.0
"""As long as a loop that is only busy may take."""


def wait_for(
    call: Callable[[], Coroutine[Any, Any, T]],
    loop: asyncio.AbstractEventLoop,
    *,
    in_loop: Exception,
) -> T:
    """What the call returns, or raises, when the loop has made it.

    Args:
        call: begun in the loop.
        loop: runs in another thread.
        in_loop: what is raised where it runs in this one, which would wait for ever.

    Raises:
        StoreUnavailable: the loop is blocked, or gone.
    """
    if _running_loop() is loop:
        raise in_loop

    async def called() -> T:
        return await call()

    calling = called()
    try:
        future = asyncio.run_coroutine_threadsafe(calling, loop)
    except RuntimeError as error:
        calling.close()
        raise StoreUnavailable("the worker's loop is gone") from error
    while True:
        try:
            return future.result(_LOOKS_EVERY_S)
        except TimeoutError:
            if future.done():
                raise  # the call's own
            if not _answers(loop):
                future.cancel()
                raise StoreUnavailable("the worker's loop is blocked") from None


def _answers(loop: asyncio.AbstractEventLoop) -> bool:
    answered = threading.Event()
    try:
        loop.call_soon_threadsafe(answered.set)
    except RuntimeError:
        return False
    return answered.wait(_ANSWERS_WITHIN_S)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
