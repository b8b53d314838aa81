"""When the store changed, as somebody sees it who takes no part in the work.

Redis tells a subscriber the name of each key that a command has changed, once the script that
changed it is through. That names no content, and asks nothing of the processes that are measured.
"""

import asyncio
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any, Final, cast

from arq.constants import in_progress_key_prefix

from tailrace.shared.jobs import JobId
from tailrace.shared.process.tasks import cancel_and_wait
from tailrace.shared.redis.connection import connect
from tailrace.shared.redis.keys import log

_WITHIN_S: Final = 30.0
_KEYSPACE: Final = "__keyspace@0__:"


class Entries:
    """Times at which jobs were claimed and their logs grew."""

    def __init__(self) -> None:
        self._claimed: dict[str, int] = {}
        self._logged: dict[str, list[int]] = {}
        self._grown = asyncio.Event()

    def note(self, key: str) -> None:
        """A key has changed now."""
        now = time.time_ns()
        if key.startswith(in_progress_key_prefix):
            self._claimed.setdefault(key.removeprefix(in_progress_key_prefix), now)
        else:
            self._logged.setdefault(key.rpartition(":")[2], []).append(now)
            self._grown.set()

    def claimed_ns(self, job_id: str) -> int:
        """When a worker had the job."""
        return self._claimed[job_id]

    async def logged_ns(self, job_id: str, count: int) -> list[int]:
        """When the job's log got its first `count` events.

        Raises:
            TimeoutError: it did not get so many.
        """
        async with asyncio.timeout(_WITHIN_S):
            while len(self._logged.get(job_id, ())) < count:
                self._grown.clear()
                await self._grown.wait()
        return self._logged[job_id][:count]


@asynccontextmanager
async def observed(url: str) -> AsyncGenerator[Entries]:
    """Watch a store while the block runs."""
    entries = Entries()
    async with aclosing(connect(url, block_s=_WITHIN_S)) as client, asyncio.TaskGroup() as tasks:
        redis = cast("Any", client)
        await redis.config_set("notify-keyspace-events", "K$t")
        async with redis.pubsub() as channel:
            changes = (log(JobId("*")), f"{in_progress_key_prefix}*")
            await channel.psubscribe(*(f"{_KEYSPACE}{keys}" for keys in changes))
            watching = tasks.create_task(_watch(channel, entries))
            yield entries
            await cancel_and_wait(watching)


async def _watch(channel: Any, entries: Entries) -> None:
    while True:
        message = await channel.get_message(ignore_subscribe_messages=True, timeout=_WITHIN_S)
        if message is not None and message["data"] in (b"xadd", b"set"):
            entries.note(message["channel"].decode().removeprefix(_KEYSPACE))
