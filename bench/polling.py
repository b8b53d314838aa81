"""Waiting for what nobody tells."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

_POLL_S: Final = 0.005


async def until(holds: Callable[[], Awaitable[bool]], within_s: float) -> None:
    """Ask again and again until it holds.

    Raises:
        TimeoutError: it does not in time.
    """
    async with asyncio.timeout(within_s):
        while True:
            if await holds():
                return
            await asyncio.sleep(_POLL_S)
