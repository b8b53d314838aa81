"""The one blocked read of an API process: what becomes of it as listeners come and go."""

import asyncio
from typing import Any, cast

from redis.asyncio import Redis

from api.relay.tail import BLOCK_S, Tail
from shared.event_log import EventLog
from shared.redis import connect
from shared.settings import SharedSettings
from shared.tasks import stop
from tests.support.service import Logs
from tests.support.wait import wait_until


async def test_a_tail_that_its_listeners_have_left_lets_the_loop_run(
    store_url: str, logs: Logs, redis: Redis
) -> None:
    quiet, other = await logs.opened(), await logs.queued()
    reader = connect(store_url, max_connections=1, block_s=BLOCK_S, retries=0)
    control = connect(store_url, max_connections=1)
    tail = Tail(EventLog(reader, SharedSettings(redis_url=store_url)), reader, control)
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(tail.run())
        waiting = [tasks.create_task(tail.grown(quiet.job_id, quiet.seq, timeout_s=5))]
        await _blocked_reads(redis, 1)
        # The tail's only line for ending its read is busy for a second, so that nobody is admitted.
        busy = tasks.create_task(cast("Any", control).blpop("nothing", timeout=1))
        await _blocked_reads(redis, 2)
        for _ in range(2):
            waiting.append(tasks.create_task(tail.grown(other, after=0, timeout_s=5)))
            await redis.ping()
        await quiet.append("the read ends by itself, and everyone leaves")
        assert all(await asyncio.gather(*waiting))
        # A tail that spins never comes back from here; pytest's timeout ends it.
        assert await busy is None
        await stop(running)
    await reader.aclose()
    await control.aclose()


async def _blocked_reads(redis: Redis, number: int) -> None:
    async def blocked() -> bool:
        clients = await cast("Any", redis).info("clients")
        return clients["blocked_clients"] == number

    await wait_until(blocked, f"{number} blocked reads")
