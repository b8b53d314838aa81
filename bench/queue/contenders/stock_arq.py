"""arq as it comes; only its polling is set, and its line a job is not logged."""

import logging
from collections.abc import AsyncGenerator
from contextlib import aclosing, asynccontextmanager
from typing import Any

from arq import create_pool
from arq.connections import RedisSettings
from arq.worker import Worker, func

from bench.queue.contenders import Enqueue
from bench.queue.stamps import stamp


@asynccontextmanager
async def producer(url: str) -> AsyncGenerator[Enqueue]:
    """The client with its defaults."""
    async with aclosing(await create_pool(RedisSettings.from_dsn(url))) as pool:
        yield lambda: pool.enqueue_job("nothing")


def consume(url: str, poll_delay_s: float) -> None:
    """The worker, with everything else at its defaults."""
    logging.getLogger("arq").setLevel(logging.WARNING)
    Worker(
        [func(_nothing, name="nothing")],
        redis_settings=RedisSettings.from_dsn(url),
        poll_delay=poll_delay_s,
    ).run()


async def _nothing(ctx: dict[Any, Any]) -> None:  # noqa: ARG001 - arq's form
    stamp()
