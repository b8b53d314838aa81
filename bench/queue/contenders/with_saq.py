"""saq with its defaults. No dependency of ours, so it is imported by name and without types."""

import asyncio
import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from bench.queue.contenders import Enqueue
from bench.queue.stamps import stamp

_saq: Any = import_module("saq")
_store: Any = import_module("saq.queue.redis")


@asynccontextmanager
async def producer(url: str) -> AsyncGenerator[Enqueue]:
    """The client with its defaults."""
    queue = _store.RedisQueue.from_url(url)
    await queue.connect()
    yield lambda: queue.enqueue("nothing")
    await queue.disconnect()


def consume(url: str) -> None:
    """The worker with its defaults."""
    logging.getLogger("saq").setLevel(logging.WARNING)
    asyncio.run(_work(url))


async def _work(url: str) -> None:
    queue = _store.RedisQueue.from_url(url)
    await queue.connect()
    await _saq.Worker(queue, functions=[("nothing", _nothing)]).start()
    await queue.disconnect()


async def _nothing(_ctx: Any) -> None:
    stamp()
