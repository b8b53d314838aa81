"""A look into an API that runs in the test's own process: who listens, and what waits for them."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import uvicorn

from tailrace.api.relay.relay import Relay
from tailrace.api.settings import ApiSettings
from tests.support.living import living
from tests.support.service import Api, serving
from tests.support.wait import wait_until


@dataclass(frozen=True, slots=True)
class Inside:
    """One API, and its parts."""

    api: Api
    relay: Relay
    server: uvicorn.Server

    @property
    def port(self) -> int:
        return self.api.port

    @property
    def listeners(self) -> int:
        """How many are served."""
        return len(self.relay.hub.listeners)

    @property
    def connections(self) -> int:
        return len(self.server.server_state.connections)

    @property
    def pending(self) -> int:
        """The most that this process holds for one connection, in bytes."""
        connections = self.server.server_state.connections
        return max((c.transport.get_write_buffer_size() for c in connections), default=0)

    async def has_listeners(self, number: int, timeout_s: float = 15.0) -> None:
        """Wait until so many are served."""
        await wait_until(lambda: self.listeners == number, f"{number} listeners", timeout_s)

    async def has_closed_all(self) -> None:
        """Wait until no connection is left."""
        await wait_until(lambda: not self.connections, "connections to be closed")

    async def is_stuck(self) -> None:
        """Wait until bytes wait for a client that takes none."""
        await wait_until(lambda: self.pending > 0, "bytes that nobody takes", 30)


@asynccontextmanager
async def seen_inside(store_url: str, **settings: float) -> AsyncGenerator[Inside]:
    """An API with a fast heartbeat, unless the settings say otherwise."""
    given = {"redis_url": store_url, "heartbeat_s": 0.2, **settings}
    async with serving(ApiSettings.model_validate(given)) as api:
        [relay], [server] = living(Relay), living(uvicorn.Server)
        yield Inside(api, relay, server)
