"""An attempt's turns at the store: few calls at once, each repeated while it is unavailable."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeVar

from tailrace.shared.errors import StoreUnavailable
from tailrace.worker.runtime.retry import FOR_S, persistent, until_stored

T = TypeVar("T")
S = TypeVar("S")

_AT_ONCE: Final = 2
"""Thousands of tasks leave connections for other jobs."""


def in_turns(store: S) -> S:
    """The same store for one attempt; its calls raise `StoreUnavailable` after half a minute."""
    return persistent(store, _Turns().until_stored)


class _Turns:
    """The turns of one attempt."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def until_stored(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a repeatable call when it is its turn, until the store takes it.

        Raises:
            StoreUnavailable: its turn did not come, or it did not get through, in time.
        """
        return await until_stored(partial(self._in_turn, call))

    async def _in_turn(self, call: Callable[[], Awaitable[T]]) -> T:
        try:
            async with asyncio.timeout(FOR_S):
                await self._free.acquire()
        except TimeoutError as error:
            raise StoreUnavailable("too many calls to the store are waiting") from error
        try:
            return await call()
        finally:
            self._free.release()
