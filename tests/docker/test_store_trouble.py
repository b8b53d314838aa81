"""Redis 7, Redis 8 and Valkey 8 in containers: restarted, killed and paused in mid-stream.

API and workers are processes of this machine; their store is a container with an append-only file.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import cast

import pytest
import pytest_asyncio
from redis.asyncio import Redis

from tests.faults.store_view import StoreView
from tests.support.docker_crowd import crowd
from tests.support.docker_store import ContainerStore, container_store
from tests.support.processes import ROOT, Process, answers, free_port, running

pytestmark = pytest.mark.timeout(240)

IMAGES = {"redis:7-alpine": "7.", "redis:8-alpine": "8.", "valkey/valkey:8-alpine": "8."}
PAUSE_S = 7.0
"""Longer than a lease."""


Trouble = Callable[[ContainerStore], Awaitable[None]]


@dataclass(frozen=True)
class Place:
    """A service on a store in a container."""

    image: str
    url: str
    store: ContainerStore


@pytest_asyncio.fixture(scope="module", loop_scope="session", params=IMAGES)
async def place(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[Place]:
    """An API and two workers, ready, over a store that keeps what it acknowledges."""
    image, folder = str(request.param), tmp_path_factory.mktemp("service")
    with container_store(image, "always") as store:
        port = free_port()
        env = {
            "TAILRACE_REDIS_URL": store.url,
            "TAILRACE_PORT": str(port),
            "TAILRACE_GRAPHS": str(ROOT / "langgraph.json"),
        }
        async with AsyncExitStack() as stack:
            names = {
                "api": "tailrace.api",
                "worker-1": "tailrace.worker",
                "worker-2": "tailrace.worker",
            }
            processes = tuple(Process(name, of, env, folder) for name, of in names.items())
            for process in processes:
                await stack.enter_async_context(running(process))
            url = f"http://127.0.0.1:{port}"
            await answers(url + "/readyz", processes, 60)
            yield Place(image, url, store)


async def restarted(store: ContainerStore) -> None:
    await asyncio.to_thread(store.restart)


async def killed(store: ContainerStore) -> None:
    await asyncio.to_thread(store.kill)
    await asyncio.to_thread(store.start_again)


async def paused(store: ContainerStore) -> None:
    with store.paused():
        await asyncio.sleep(PAUSE_S)


@pytest.mark.parametrize("trouble", [restarted, killed, paused])
async def test_nobody_loses_an_event_when_the_store_is(
    trouble: Trouble, place: Place, figures: list[str]
):
    async with crowd(place.url) as people:
        await trouble(place.store)
    async with aclosing(StoreView(place.store.url)) as view:
        found = await people.figures(f"{place.image} {trouble.__name__}", view.log, view.kept)
    figures.append(str(found))
    assert found.broken == ()
    assert (found.lost, found.repeated) == (0, 0)


async def test_the_store_is_the_one_that_was_asked_for(place: Place):
    async with Redis.from_url(place.store.url, decode_responses=True) as redis:
        told = cast("dict[str, str]", await redis.info("server"))
        config = {**await redis.config_get("append*"), **await redis.config_get("maxmemory*")}
    is_valkey = "valkey" in place.image
    version = told["valkey_version"] if is_valkey else told["redis_version"]
    assert str(version).startswith(IMAGES[place.image])
    assert ("valkey_version" in told) == is_valkey
    assert (config["appendfsync"], config["maxmemory-policy"]) == ("always", "noeviction")
