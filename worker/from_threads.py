"""Calls into the worker's loop from the threads that run plain functions of a graph."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar

from tailrace.shared.errors import StoreUnavailable
from tailrace.worker.insist import FOR_S

T = TypeVar("T")

_WAITS_S: Final = FOR_S + 15
"""Longer than a call insists, so that the call's own error comes first."""


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
    try:
        return future.result(_WAITS_S)
    except TimeoutError as error:
        future.cancel()
        raise StoreUnavailable("the worker's loop is blocked") from error


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None
