"""What a listener has to know of its job: looked up for many at once, in one call to the store."""

import asyncio
from typing import Final

from tailrace.shared.errors import JobNotFound, ThreadNotFound
from tailrace.shared.log_store.jobs.summaries import JobSummary, LogId, read_summaries
from tailrace.shared.redis.connection import Client
from tailrace.shared.threads import ThreadName

_AT_ONCE: Final = 256

_Futures = list[asyncio.Future[JobSummary | None]]


class Summaries:
    """Looks up summaries of jobs. While a call is under way, the next one collects."""

    def __init__(self, log_store: Client) -> None:
        self._log_store = log_store
        self._wanted: dict[LogId, _Futures] = {}
        self._asked = asyncio.Event()

    async def get(self, log_id: LogId) -> JobSummary:
        """The summary of a job, or of a thread as if it were a job that never ends.

        Raises:
            JobNotFound, ThreadNotFound: there is no such job or thread.
            StoreUnavailable: the store did not respond.
        """
        future: asyncio.Future[JobSummary | None] = asyncio.get_running_loop().create_future()
        self._wanted.setdefault(log_id, []).append(future)
        self._asked.set()
        summary = await future
        if summary is None:
            raise ThreadNotFound if isinstance(log_id, ThreadName) else JobNotFound(log_id)
        return summary

    async def run(self) -> None:
        """Look up what is wanted until cancelled."""
        while True:
            await self._asked.wait()
            wanted = {id_: self._wanted.pop(id_) for id_ in list(self._wanted)[:_AT_ONCE]}
            if not self._wanted:
                self._asked.clear()
            try:
                found = await read_summaries(self._log_store, list(wanted))
            except Exception as error:  # noqa: BLE001 - each of those who asked raises it
                for futures in wanted.values():
                    _fail(futures, error)
                continue
            for futures, summary in zip(wanted.values(), found, strict=True):
                _resolve(futures, summary)


def _resolve(futures: _Futures, summary: JobSummary | None) -> None:
    for future in futures:
        if not future.done():
            future.set_result(summary)


def _fail(futures: _Futures, error: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)
