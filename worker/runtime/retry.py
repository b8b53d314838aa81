"""Calls to the store that have to get through: tried again while the store is away."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from tailrace.shared.errors import StoreUnavailable

T = TypeVar("T")

FOR_S: Final = 30.0
"""How long a worker insists on what others can do too, once its lease has run out."""

_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 1.0

logger = logging.getLogger(__name__)


async def until_stored(call: Callable[[], Awaitable[T]], *, for_s: float | None = FOR_S) -> T:
    """Make a repeatable call until the store takes it; what it returns.

    Args:
        call: makes the call anew each time.
        for_s: give up after this; None never does, so the caller has to be stopped from outside.

    Raises:
        StoreUnavailable: it did not get through in time.
    """
    loop = asyncio.get_running_loop()
    started, pause_s = loop.time(), _FIRST_PAUSE_S
    while True:
        try:
            return await call()
        except StoreUnavailable as error:
            if for_s is not None and loop.time() - started > for_s:
                raise
            if pause_s == _FIRST_PAUSE_S:
                logger.warning("store unavailable, trying again", extra={"reason": str(error)})
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)
