"""How our connections send a command.

A cancelled call ends, also before Python 3.12. redis-py sends through `asyncio.wait_for`, which
returns a result that came in the same turn of the event loop as a cancellation, and forgets the
cancellation (python/cpython#86296). A task that is cancelled once, as a `TaskGroup` does, would
then never end.

Commands are packed by hiredis, as by redis-py's own blocking connections. Its asynchronous ones
pack in Python, which takes six times as long for a script with fifteen arguments, and several times
as long for a read that names hundreds of logs as the rest of that read takes.
"""

import asyncio
from collections.abc import Iterable
from functools import cache
from typing import Any, Final, TypeVar

from redis.asyncio import ConnectionPool
from redis.asyncio.connection import AbstractConnection
from redis.connection import HiredisRespSerializer
from redis.typing import EncodableT

P = TypeVar("P", bound=ConnectionPool)

_SERIALIZER: Final[Any] = HiredisRespSerializer()


def with_own_sending(pool: P) -> P:
    """The same pool, whose future connections send in this way."""
    pool.connection_class = _own(pool.connection_class)
    return pool


@cache
def _own(connection: type[AbstractConnection]) -> type[AbstractConnection]:
    return type(connection.__name__, (_Connection, connection), {})


class _Connection(AbstractConnection):
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

    def pack_command(self, *args: EncodableT) -> list[bytes]:
        return _SERIALIZER.pack(*args)
