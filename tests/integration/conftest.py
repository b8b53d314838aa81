"""What integration tests of the API share: a running one, and a writer of logs."""

from collections.abc import AsyncGenerator, Iterator

import pytest

from tailrace.api.settings import ApiSettings
from tests.support.script_watch import ScriptWatch
from tests.support.service import Api, Logs, serving, writing


@pytest.fixture(scope="session")
def script_watch(store_url: str) -> Iterator[ScriptWatch]:
    """Listens to what scripts do with the test's store."""
    watch = ScriptWatch(store_url)
    yield watch
    watch.close()


@pytest.fixture(autouse=True)
def scripts_keep_to_their_keys(request: pytest.FixtureRequest) -> Iterator[None]:
    """Fail a test in which a script touched a key that its call does not name."""
    if "store_url" not in request.fixturenames:
        yield
        return
    watch: ScriptWatch = request.getfixturevalue("script_watch")
    yield
    assert watch.faults() == []


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
