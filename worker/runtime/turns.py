"""An attempt's turns at the store: few calls at once, each tried again while the store is away."""

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final, TypeVar

from tailrace.shared.errors import StoreUnavailable
from tailrace.worker.runtime.retry import FOR_S, until_stored

T = TypeVar("T")

_AT_ONCE: Final = 2
"""Thousands of tasks leave connections for other jobs."""


class Turns:
    """The turns of one attempt."""

    def __init__(self) -> None:
        self._free = asyncio.Semaphore(_AT_ONCE)

    async def until_stored(self, call: Callable[[], Awaitable[T]]) -> T:
        """Make a repeatable call when it is its turn, until the store takes it.

        Raises:
            StoreUnavailable: it did not come to its turn, or did not get through, in time.
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
