"""Calls to a store that have to get through: repeated while the store is unavailable."""

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Final, TypeVar, cast

from tailrace.shared.errors import StoreUnavailable

T = TypeVar("T")
S = TypeVar("S")

FOR_S: Final = 30.0
"""How long a worker repeats what another one can do too, once this one's lease has run out."""

_FIRST_PAUSE_S: Final = 0.05
_LONGEST_PAUSE_S: Final = 1.0

logger = logging.getLogger(__name__)


async def until_stored(call: Callable[[], Awaitable[T]], *, for_s: float | None = FOR_S) -> T:
    """Make a repeatable call until the store takes it; what it returns.

    Args:
        call: makes the call; called again each time.
        for_s: give up after this; with None, the caller has to be stopped from outside.

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
                logger.warning("store unavailable, retrying", extra={"reason": str(error)})
        await asyncio.sleep(pause_s)
        pause_s = min(2 * pause_s, _LONGEST_PAUSE_S)


def persistent(
    store: S, repeat: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]] = until_stored
) -> S:
    """The same store, each call of which gets through, or raises `StoreUnavailable` in the end.

    Args:
        store: all of its coroutine functions may be called again; what else it has stays as it is.
        repeat: makes a call until the store takes it.
    """
    return cast("S", _Persistent(store, repeat))


class _Persistent:
    """Stands for a store whose own type the caller of `persistent` sees."""

    def __init__(
        self, store: object, repeat: Callable[[Callable[[], Awaitable[Any]]], Awaitable[Any]]
    ) -> None:
        self._store = store
        self._repeat = repeat

    def __getattr__(self, name: str) -> Any:
        member = getattr(self._store, name)
        if not inspect.iscoroutinefunction(member):
            return member

        async def repeated(*args: Any, **named: Any) -> Any:
            return await self._repeat(partial(member, *args, **named))

        return repeated
