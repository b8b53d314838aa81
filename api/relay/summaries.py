"""What a listener has to know of its job: asked for many at once, in one call to the store."""

import asyncio
from typing import Final

from tailrace.shared.errors import JobNotFound
from tailrace.shared.jobs import JobId
from tailrace.shared.log_store.jobs.summaries import JobSummary, read_summaries
from tailrace.shared.redis.connection import Client

_AT_ONCE: Final = 256


class Summaries:
    """Looks up the heads of records; while a call is under way, the next one collects."""

    def __init__(self, log_store: Client) -> None:
        self._log_store = log_store
        self._wanted: dict[JobId, list[asyncio.Future[JobSummary | None]]] = {}
        self._asked = asyncio.Event()
        self._stopped = False

    async def get(self, job_id: JobId) -> JobSummary:
        """The head of a job's record.

        Raises:
            JobNotFound: there is none.
            StoreUnavailable: the store did not answer.
        """
        future: asyncio.Future[JobSummary | None] = asyncio.get_running_loop().create_future()
        self._wanted.setdefault(job_id, []).append(future)
        self._asked.set()
        head = await future
        if head is None:
            raise JobNotFound(job_id)
        return head

    def stop(self) -> None:
        """End `run`, beside its cancellation, which redis-py may swallow until Python 3.12."""
        self._stopped = True
        self._asked.set()

    async def run(self) -> None:
        """Answer until cancelled, or stopped."""
        while not self._stopped:
            await self._asked.wait()
            wanted = {id_: self._wanted.pop(id_) for id_ in list(self._wanted)[:_AT_ONCE]}
            if not self._wanted:
                self._asked.clear()
            futures = [future for futures in wanted.values() for future in futures]
            try:
                found = await read_summaries(self._log_store, list(wanted))
            except Exception as error:  # noqa: BLE001 - each of those who asked raises it
                _fail(futures, error)
                continue
            for asked, head in zip(wanted.values(), found, strict=True):
                _answer(asked, head)


_Futures = list[asyncio.Future[JobSummary | None]]


def _answer(futures: _Futures, head: JobSummary | None) -> None:
    for future in futures:
        if not future.done():
            future.set_result(head)


def _fail(futures: _Futures, error: Exception) -> None:
    for future in futures:
        if not future.done():
            future.set_exception(error)
