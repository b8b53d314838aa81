from pathlib import Path

import pytest

from tailrace.api.settings import ApiSettings
from tests.support.service import Api, Logs, serving, writing
from tests.support.store import embedded_store
from tests.support.wait import wait_until
from tests.support.wire import ask


@pytest.mark.parametrize("method", ["GET", "HEAD"])
async def test_a_process_that_serves_is_alive(api: Api, method: str):
    exchange = await ask(api.port, method, "/livez")
    assert exchange.head.status == 200
    assert exchange.head.one("cache-control") == "no-store"


async def test_without_a_worker_the_service_is_not_ready(api: Api):
    exchange = await ask(api.port, "GET", "/readyz")
    assert exchange.head.status == 503
    assert exchange.body == b'{"status":"waiting for a worker"}'


async def test_with_a_store_and_a_worker_the_service_is_ready(api: Api, logs: Logs):
    await logs.announce()
    exchange = await ask(api.port, "GET", "/readyz")
    assert exchange.head.status == 200
    assert exchange.body == b'{"status":"ready"}'


async def test_a_service_without_its_store_is_alive_and_not_ready(tmp_path: Path):
    with embedded_store(tmp_path / "store") as store:
        async with (
            writing(store.url) as logs,
            serving(ApiSettings(redis_url=store.url)) as api,
        ):
            await logs.announce()
            store.kill()
            exchange = await ask(api.port, "GET", "/readyz")
            assert exchange.head.status == 503
            assert exchange.body == b'{"status":"waiting for the store"}'
            assert (await ask(api.port, "GET", "/livez")).head.status == 200
            store.start()

            async def ready() -> bool:
                return (await ask(api.port, "GET", "/readyz")).head.status == 200

            await wait_until(ready, "the service to find its store again")


async def test_health_needs_no_key(store_url: str, logs: Logs):
    await logs.announce()
    async with serving(ApiSettings(redis_url=store_url, api_keys={"0" * 64: "ann"})) as api:
        for path in ("/livez", "/readyz"):
            assert (await ask(api.port, "GET", path)).head.status == 200


async def test_a_restart_of_the_store_costs_no_request(tmp_path: Path):
    with embedded_store(tmp_path / "store") as store:
        async with (
            writing(store.url) as logs,
            serving(ApiSettings(redis_url=store.url)) as api,
        ):
            path = f"/jobs/{await logs.queued()}"
            assert (await ask(api.port, "GET", path)).head.status == 200
            store.stop()
            store.start()
            assert (await ask(api.port, "GET", path)).head.status == 200
