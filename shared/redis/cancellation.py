"""Connections on which a cancelled call ends, also before Python 3.12.

redis-py sends through `asyncio.wait_for`, which returns a result that came in the same turn of the
event loop as a cancellation, and forgets the cancellation (python/cpython#86296). A task that is
cancelled once, as a `TaskGroup` does, would then never end.
"""

import asyncio
from collections.abc import Iterable
from functools import cache
from typing import TypeVar

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection

P = TypeVar("P", bound=ConnectionPool)


def with_cancellation(pool: P) -> P:
    """The same pool, whose future connections forget no cancellation."""
    pool.connection_class = _cancellable(pool.connection_class)
    return pool


@cache
def _cancellable(connection: type[AbstractConnection]) -> type[AbstractConnection]:
    return type(connection.__name__, (_Cancellable, connection), {})


class _Cancellable(AbstractConnection):
    async def send_packed_command(
        self, command: bytes | str | Iterable[bytes], check_health: bool = True
    ) -> None:
        task = asyncio.current_task()
        before = task.cancelling() if task else 0
        await super().send_packed_command(command, check_health)
        if task and task.cancelling() > before:
            # A reply will come that nobody reads.
            await self.disconnect(nowait=True)
            raise asyncio.CancelledError
