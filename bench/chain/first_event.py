"""The first event that a node writes, from the POST to the listener, hop by hop."""

import asyncio
import random
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import orjson

from bench.chain.entries import Entries, observed
from bench.chain.service import service
from bench.chain.wire import Connection, arrivals, job, listen
from tailrace.deploy.local.store import Fsync

HOPS: Final = (
    "POST to stored",
    "queue pick-up",
    "attempt opened",
    "node's first act",
    "first event stored",
    "first event at the listener",
)
"""Each from the end of the one before; their sum is the whole."""

_WARM_UP: Final = 30
_EVENTS_BEFORE: Final = 3
"""What the log has once the node's first event is in it: queued, running, and that event."""
_LONGEST_PAUSE_S: Final = 0.03
"""Pauses of random length: no sample may keep step with a timer of the service."""


@dataclass(frozen=True, slots=True)
class Chain:
    """One job's way, in milliseconds."""

    hops: Sequence[float]
    answered: float
    """From the POST to its 202, beside the chain."""
    opened: float
    """From the POST to the head of the event stream, beside the chain."""

    @property
    def whole(self) -> float:
        """From the POST to the first event at the listener."""
        return sum(self.hops)


async def first_events(fsync: Fsync, samples: int) -> list[Chain]:
    """One job after the other on a warm service with one worker."""
    async with service(fsync) as running:
        await running.start("tailrace.worker", probe="/readyz")
        async with observed(running.store.url) as entries:
            connection = await Connection.open(running.port)
            try:
                for _ in range(_WARM_UP):
                    await _sample(connection, running.port, entries)
                return [await _sample(connection, running.port, entries) for _ in range(samples)]
            finally:
                connection.close()


async def _sample(connection: Connection, port: int, entries: Entries) -> Chain:
    await asyncio.sleep(random.uniform(0, _LONGEST_PAUSE_S))  # noqa: S311 - spreads samples
    posted_ns = time.time_ns()
    answer = await connection.post("/jobs", job(1))
    answered_ns = time.time_ns()
    job_id = orjson.loads(answer)["id"]
    heard = await listen(port, job_id)
    first = next(event for event in arrivals(heard) if event.name == "custom")
    created_ns, opened_ns, stored_ns = await entries.logged_ns(job_id, _EVENTS_BEFORE)
    acted_ns: int = first.data["data"]["t"]
    way = (
        posted_ns,
        created_ns,
        entries.claimed_ns(job_id),
        opened_ns,
        acted_ns,
        stored_ns,
        first.at_ns,
    )
    hops = [_ms(since, until) for since, until in pairwise(way)]
    return Chain(hops, _ms(posted_ns, answered_ns), _ms(posted_ns, heard.opened_ns))


def _ms(since_ns: int, until_ns: int) -> float:
    return (until_ns - since_ns) / 1e6
