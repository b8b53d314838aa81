"""Cancels calls to a store at every step they take."""

import asyncio

from tailrace.shared.redis.commands import ping
from tailrace.shared.redis.connection import Client

STEPS_AT_MOST = 1_000


async def forgotten_cancellations(client: Client) -> list[int]:
    """The turns of the event loop at which a call is cancelled and ends as if it had not been."""
    await ping(client)
    forgotten: list[int] = []
    for turns in range(STEPS_AT_MOST):
        call = asyncio.ensure_future(ping(client))
        for _ in range(turns):
            await asyncio.sleep(0)
        if not call.cancel():
            await call
            return forgotten
        await asyncio.wait([call])
        if not call.cancelled():
            forgotten.append(turns)
    raise AssertionError(f"a call takes over {STEPS_AT_MOST} turns")
