"""Waits at the ends of many logs with one blocked read. Reads of one log are event_log's."""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias, cast
from uuid import uuid4

from tailrace.shared.events import LoggedEvent
from tailrace.shared.jobs import JobId
from tailrace.shared.log_store.events.event_log import events_of
from tailrace.shared.log_store.results import has_reference, with_results
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import Entries
from tailrace.shared.redis.connection import Client, connect_to_node_of, is_cluster
from tailrace.shared.redis.failures import store_errors
from tailrace.shared.redis.scripts import run_script

BLOCK_S: Final = 1.0
"""How long one read waits in the server; who joins meanwhile has it end at once."""

_EVENTS: Final = 4096
_EVENTS_OF_A_LOG: Final = range(16, 512)

_WAKEUPS_LIVE_MS: Final = 60_000
"""Longer than a reader may be on its way to the store."""
_LAST: Final = 2**64 - 1
"""The second half of the greatest id with a given first half."""

_Reply: TypeAlias = list[tuple[bytes, Entries]]


class StreamReader:
    """One reader of streams: a connection that blocks in the store, and a key that wakes it.

    The key is read along with the logs. `CLIENT UNBLOCK` would need no key, but a second
    connection and a permission that managed stores withhold, and it misses a read that is still on
    its way.

    Args:
        store: the client of the log store, which knows where the logs are.
        url: the log store's URL.
    """

    def __init__(self, store: Client, url: str) -> None:
        self._store = store
        self._url = url
        self._node: Client | None = None
        self._connection: Any = None
        """The connection of `_node`, while it is held."""
        self._wakeups = ""
        self._times_woken = 0

    async def entries(self, after: Mapping[str, int], block_s: float) -> dict[str, Entries]:
        """Wait until a stream has entries above its number; those entries, in order.

        On a Cluster the streams are of one shard.

        Args:
            after: for each stream, by its key, the number that is known.
            block_s: how long to wait, `BLOCK_S` at most; below a millisecond, it does not wait.

        Raises:
            StoreUnavailable: the store did not reply; the next read makes a new connection.
        """
        logs = list(after)
        self._wakeups = self._wakeups or keys.wakeups(logs[0], uuid4().hex)
        count = _EVENTS // len(logs)
        count = min(max(count, _EVENTS_OF_A_LOG.start), _EVENTS_OF_A_LOG.stop)
        numbers = [f"{n}-0" for n in after.values()]
        # BLOCK 0 would wait forever.
        block = ("BLOCK", ms) if (ms := round(block_s * 1000)) else ()
        streams = (self._wakeups, *logs, f"{self._times_woken}-{_LAST}", *numbers)
        command = ("XREAD", "COUNT", count, *block, "STREAMS", *streams)
        try:
            connection = await self._held_connection(logs[0])
            with store_errors():
                await connection.send_command(*command, check_health=False)
                reply = await connection.read_response()
        except BaseException:
            # Its reply may still come: the connection is of no use to anyone.
            await self.aclose()
            raise
        found = {log.decode(): entries for log, entries in cast("_Reply", reply or [])}
        found.pop(self._wakeups, None)
        return found

    async def interrupt(self) -> None:
        """End a read that blocks in the server, or soon would; it then gives what it has.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        if self._wakeups:
            self._times_woken += 1
            await run_script(
                self._store,
                "log_store/events/wake",
                {"WAKEUPS": self._wakeups},
                number=self._times_woken,
                ttl_ms=_WAKEUPS_LIVE_MS,
            )

    async def rest(self) -> None:
        """Hold no connection until the next read: one that idles may be closed by then."""
        if self._node is not None and self._connection is not None:
            connection, self._connection = self._connection, None
            await cast("Any", self._node).connection_pool.release(connection)

    async def aclose(self) -> None:
        """Close the connection; the next read makes a new one."""
        node, self._node, self._connection = self._node, None, None
        if node is not None:
            await node.aclose()

    async def _held_connection(self, log: str) -> Any:
        if self._node is None:
            self._node = await connect_to_node_of(self._store, self._url, log, block_s=BLOCK_S)
        if self._connection is None:
            with store_errors():
                pool = cast("Any", self._node).connection_pool
                self._connection = await pool.get_connection()
        return self._connection


class LogReader(StreamReader):
    """Reads the logs of jobs."""

    async def read(
        self, after: Mapping[JobId, int], block_s: float = BLOCK_S
    ) -> dict[JobId, list[LoggedEvent]]:
        """Wait until a log has events above its number; those events, in order.

        Args:
            after: for each log the number that is known.
            block_s: as of `entries`.

        Raises:
            StoreUnavailable: as `entries`.
        """
        logs = {keys.log(job_id): number for job_id, number in after.items()}
        found = await self.entries(logs, block_s)
        events = {_job_id(log): events_of(entries) for log, entries in found.items()}
        for job_id, of_log in events.items():
            if has_reference(of_log):
                events[job_id] = await with_results(self._store, job_id, of_log)
        return events


def shard_of_reader(url: str, log_id: object) -> str:
    """Logs with the same value can share a reader: all of one Redis, or one shard of a Cluster."""
    return str(log_id)[-1] if is_cluster(url) else ""


def _job_id(log: str) -> JobId:
    return JobId(log.rpartition(":")[2])
