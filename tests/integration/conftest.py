"""What integration tests of the API share: a running one, and a writer of logs."""

from collections.abc import AsyncGenerator

import pytest

from tailrace.api.settings import ApiSettings
from tests.support.service import Api, Logs, serving, writing


@pytest.fixture
async def logs(store_url: str) -> AsyncGenerator[Logs]:
    """A writer of logs on the test's store, as if it were a worker."""
    async with writing(store_url) as logs:
        yield logs


@pytest.fixture
async def api(store_url: str) -> AsyncGenerator[Api]:
    """An API without keys, idle streams of which beat every half second."""
    async with serving(ApiSettings(redis_url=store_url, heartbeat_s=0.5)) as api:
        yield api


@pytest.fixture
async def other(store_url: str) -> AsyncGenerator[Api]:
    """A second replica."""
    async with serving(ApiSettings(redis_url=store_url)) as api:
        yield api


@pytest.fixture
async def graphs(logs: Logs) -> None:
    """A worker has announced a graph that takes anything and one that takes a number."""
    await logs.announce()
