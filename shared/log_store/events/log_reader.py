"""Waits at the ends of many logs with one blocked read. Reads of one log are event_log's."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias, cast

import hiredis

from tailrace.shared.events import LoggedEvent
from tailrace.shared.jobs import JobId
from tailrace.shared.log_store.events.event_log import events_of
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import Entries
from tailrace.shared.redis.connection import Client, connect_to_node_of, is_cluster
from tailrace.shared.redis.failures import store_errors

BLOCK_S: Final = 1.0
"""How long one read waits in the server; who joins meanwhile has it end at once."""

_EVENTS: Final = 4096
_EVENTS_OF_A_LOG: Final = range(16, 512)

_Reply: TypeAlias = list[tuple[bytes, Entries]]


class LogReader:
    """One reader: a connection that blocks in the store, and one that can end that.

    Commands are packed by hiredis, not by redis-py, which takes several times as long over a read
    that names hundreds of logs as the rest of that read takes.

    Args:
        store: the client of the log store, which knows where the logs are.
        url: the log store's URL.
    """

    def __init__(self, store: Client, url: str) -> None:
        self._store = store
        self._url = url
        self._blocking: Client | None = None
        self._control: Client | None = None
        self._line: Any = None
        """The connection of `_blocking`, while it is held."""
        self._line_id = 0

    async def read(
        self, after: Mapping[JobId, int], block_s: float = BLOCK_S
    ) -> dict[JobId, list[LoggedEvent]]:
        """Wait until a log has events above its number; those events, in order.

        On a Cluster the logs are of one shard.

        Args:
            after: for each log the number that is known.
            block_s: how long to wait, `BLOCK_S` at most; less than a millisecond does not wait.

        Raises:
            StoreUnavailable: the store did not reply; new connections are made.
        """
        logs = [keys.log(job_id) for job_id in after]
        count = _EVENTS // len(logs)
        count = min(max(count, _EVENTS_OF_A_LOG.start), _EVENTS_OF_A_LOG.stop)
        numbers = [f"{n}-0" for n in after.values()]
        # BLOCK 0 would wait forever.
        block = ("BLOCK", ms) if (ms := round(block_s * 1000)) else ()
        command = ("XREAD", "COUNT", count, *block, "STREAMS", *logs, *numbers)
        try:
            line = await self._held_line(logs[0])
            with store_errors():
                reply = await _ask(line, *command)
        except BaseException:
            # Its reply may still come: the connection is of no use to anyone.
            await self.aclose()
            raise
        return {_job_id(log): events_of(entries) for log, entries in cast("_Reply", reply or [])}

    async def interrupt(self) -> None:
        """End a read that blocks in the server; it then gives what it has.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        if self._control is not None and self._line is not None:
            with store_errors():
                await cast("Any", self._control).client_unblock(self._line_id)

    async def rest(self) -> None:
        """Hold no connection until the next read: one that idles may be closed by then."""
        if self._blocking is not None and self._line is not None:
            line, self._line = self._line, None
            await cast("Any", self._blocking).connection_pool.release(line)

    async def aclose(self) -> None:
        """Close both connections; the next read makes new ones."""
        closing = [client for client in (self._blocking, self._control) if client is not None]
        self._blocking = self._control = self._line = None
        for client in closing:
            await client.aclose()

    async def _held_line(self, log: str) -> Any:
        if self._blocking is None:
            connect = (self._store, self._url, log)
            self._blocking = await connect_to_node_of(*connect, block_s=BLOCK_S)
            self._control = await connect_to_node_of(*connect, block_s=0)
        if self._line is None:
            with store_errors():
                line = await cast("Any", self._blocking).connection_pool.get_connection()
                self._line_id = await _ask(line, "CLIENT", "ID")
            self._line = line
        return self._line


async def _ask(line: Any, *command: str | int) -> Any:
    packed = cast("Any", hiredis).pack_command(command)
    await line.send_packed_command(packed, check_health=False)
    return await line.read_response()


def shard_of_reader(url: str, job_id: JobId) -> str:
    """Logs with the same result can share a reader: all of one Redis, a shard of a Cluster."""
    return job_id[-1] if is_cluster(url) else ""


def _job_id(log: bytes) -> JobId:
    return JobId(log.rpartition(b":")[2].decode())
