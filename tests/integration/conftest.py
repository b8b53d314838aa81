"""What integration tests of the API share: a running one, and a writer of logs."""

from collections.abc import AsyncGenerator

import pytest

from api.settings import ApiSettings
from tests.support.service import Api, Logs, serving, writing


@pytest.fixture
async def logs(store_url: str) -> AsyncGenerator[Logs]:
    """A writer of logs on the test's store, as if it were a worker."""
    async with writing(store_url) as logs:
        yield logs


@pytest.fixture
async def api(store_url: str) -> AsyncGenerator[Api]:
    """An API without keys, idle streams of which beat every 0.2 s."""
    async with serving(ApiSettings(redis_url=store_url, heartbeat_s=0.2)) as api:
        yield api
