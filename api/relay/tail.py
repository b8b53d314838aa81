"""Waits at the end of many logs with one blocked read, and wakes who listens to what has grown."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from typing import Any, Final, cast

from shared.errors import StoreUnavailable
from shared.event_log import EventLog
from shared.jobs import JobId
from shared.redis import Client, store_errors

BLOCK_S: Final = 1.0
"""How long one read waits in the server; who joins meanwhile has it end at once."""

_RETRY_S: Final = 0.2
_UNBLOCK_RETRY_S: Final = 0.002

Watch = tuple[int, "asyncio.Future[None]"]


class Tail:
    """The waiting of one API process.

    Args:
        log: on a client of its own with one connection, since its reads block.
        reader: that client.
        control: any other client of the same store; it ends a blocked read when a listener joins.
    """

    def __init__(self, log: EventLog, reader: Client, control: Client) -> None:
        self._log = log
        self._reader = reader
        self._control = control
        self._watches: defaultdict[JobId, set[Watch]] = defaultdict(set)
        self._joined = asyncio.Event()
        self._unseen: set[JobId] = set()
        self._connection_id: int | None = None
        self._stopped = False

    async def grown(self, job_id: JobId, after: int, timeout_s: float) -> bool:
        """Wait until the log may have an event above `after`; False when the time is over.

        Raises:
            StoreUnavailable: the reader lost the store.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        watch = (after, future)
        self._watches[job_id].add(watch)
        self._unseen.add(job_id)
        self._joined.set()
        try:
            async with asyncio.timeout(timeout_s):
                await future
        except TimeoutError:
            return False
        finally:
            self._forget(job_id, watch)
        return True

    async def run(self) -> None:
        """Read and wake for ever; a lost store is told to the waiting and tried again."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._admit_joins())
            try:
                while True:
                    await self._someone_waits()
                    await self._read_and_wake()
            finally:
                self._stopped = True

    async def _someone_waits(self) -> None:
        while not self._watches:
            # Whoever joined may have left again: without this the loop would spin. And an idle
            # connection may be replaced unseen, so its id is asked for anew.
            self._connection_id = None
            self._joined.clear()
            await self._joined.wait()

    async def _read_and_wake(self) -> None:
        try:
            self._wake(await self._read())
        except StoreUnavailable as error:
            self._fail(error)
            await asyncio.sleep(_RETRY_S)

    async def _read(self) -> dict[JobId, int]:
        if self._connection_id is None:
            with store_errors():
                self._connection_id = await cast("Any", self._reader).client_id()
        self._unseen.clear()
        after = {job_id: min(w[0] for w in watches) for job_id, watches in self._watches.items()}
        if not after:
            return {}
        return await self._log.wait(after, round(BLOCK_S * 1000))

    async def _admit_joins(self) -> None:
        """End the blocked read for those who joined behind its back."""
        # A flag beside the cancellation, which redis-py may swallow until Python 3.12.
        while not self._stopped:
            await self._joined.wait()
            self._joined.clear()
            while self._unseen and not self._stopped:
                await self._unblock()
                await asyncio.sleep(_UNBLOCK_RETRY_S)

    async def _unblock(self) -> None:
        if self._connection_id is None:
            return
        try:
            with store_errors():
                await cast("Any", self._control).client_unblock(self._connection_id)
        except StoreUnavailable:
            # The read itself meets the same trouble, and tells everyone.
            await asyncio.sleep(_RETRY_S)

    def _wake(self, grown: Mapping[JobId, int]) -> None:
        for job_id, seq in grown.items():
            for after, future in self._watches.get(job_id, ()):
                if after < seq and not future.done():
                    future.set_result(None)

    def _fail(self, error: StoreUnavailable) -> None:
        self._connection_id = None
        self._unseen.clear()
        for watches in self._watches.values():
            for _, future in watches:
                if not future.done():
                    future.set_exception(error)

    def _forget(self, job_id: JobId, watch: Watch) -> None:
        watches = self._watches[job_id]
        watches.discard(watch)
        if not watches:
            del self._watches[job_id]
            self._unseen.discard(job_id)
