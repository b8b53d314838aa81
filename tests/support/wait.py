"""Waiting for a condition instead of a time. The only place where tests sleep."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")

POLL_S = 0.01


async def wait_until(
    predicate: Callable[[], T | Awaitable[T]], description: str, timeout_s: float = 15.0
) -> T:
    """Ask until the predicate answers something true, and return that answer.

    Args:
        predicate: a plain or an async function; what it raises ends the wait.
        description: what is waited for, as it reads after "waited 15 s for".
        timeout_s: how long to wait; a machine under load is several times slower than yours.

    Raises:
        AssertionError: the time is up; names the description and the last answer.
    """
    last: object = "none"
    limit = asyncio.timeout(timeout_s)
    try:
        async with limit:
            while not (answer := await _ask(predicate)):
                last = answer
                await asyncio.sleep(POLL_S)
            return answer
    except TimeoutError as error:
        if not limit.expired():
            raise
        message = f"waited {timeout_s:g} s for {description}; the last answer was {last!r}"
        raise AssertionError(message) from error


async def _ask(predicate: Callable[[], T | Awaitable[T]]) -> T:
    answer = predicate()
    if inspect.isawaitable(answer):
        return await answer
    return answer
