"""streaq with its defaults. No dependency of ours, so it is imported by name and without types."""

import logging
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from importlib import import_module
from typing import Any

from bench.queue.contenders import Enqueue
from bench.queue.stamps import stamp

_streaq: Any = import_module("streaq")


@asynccontextmanager
async def producer(url: str) -> AsyncGenerator[Enqueue]:
    """The client with its defaults."""
    worker = _streaq.Worker(url)
    task = worker.task(_nothing)
    async with worker:

        async def enqueue() -> None:
            await task.enqueue()

        yield enqueue


def consume(url: str) -> None:
    """The worker with its defaults."""
    logging.getLogger("streaq").setLevel(logging.WARNING)
    worker = _streaq.Worker(url)
    worker.task(_nothing)
    worker.run_sync()


async def _nothing() -> None:
    stamp()
