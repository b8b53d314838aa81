"""Ends tasks reliably."""

import asyncio
from typing import Any, Final

_AGAIN_S: Final = 0.1


async def cancel_and_wait(*tasks: "asyncio.Task[Any]") -> None:
    """Cancel tasks until they are done.

    Once is not enough: redis-py sends through `asyncio.wait_for`, which may swallow a cancellation
    before Python 3.12 (python/cpython#86296).
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_AGAIN_S)
