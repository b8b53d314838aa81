"""Pages of other origins: off by default, an exact list, and the same headers on every answer."""

from collections.abc import AsyncGenerator

import pytest

from tailrace.api.settings import ApiSettings
from tailrace.shared.redis import keys
from tests.support.service import Api, Logs, serving
from tests.support.wire import Head, ask

PAGE = "https://app.example"
ORIGIN = f"Origin: {PAGE}"


@pytest.fixture
async def api(store_url: str) -> AsyncGenerator[Api]:
    """An API that one page may call."""
    async with serving(ApiSettings(redis_url=store_url, cors_origins=(PAGE,))) as api:
        yield api


def names(head: Head, header: str) -> set[str]:
    return {name.strip().lower() for name in head.one(header).split(",")}


def assert_readable(head: Head) -> None:
    assert head.one("access-control-allow-origin") == PAGE
    exposed = names(head, "access-control-expose-headers")
    pages = {"x-pagination-total", "x-pagination-next"}
    assert exposed == {"location", "content-location", "preference-applied", "retry-after"} | pages
    assert "origin" in names(head, "vary")
    assert not head.values("access-control-allow-credentials")


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_preflight_of_a_reconnect_is_allowed(api: Api, logs: Logs, method: str):
    wanted = "last-event-id, authorization, idempotency-key, content-type, prefer, cache-control"
    exchange = await ask(
        api.port,
        "OPTIONS",
        (await logs.opened()).events_path,
        ORIGIN,
        f"Access-Control-Request-Method: {method}",
        f"Access-Control-Request-Headers: {wanted.removesuffix(', cache-control')}",
    )
    assert exchange.head.status == 200
    assert exchange.head.one("access-control-allow-origin") == PAGE
    assert method.lower() in names(exchange.head, "access-control-allow-methods")
    allowed = names(exchange.head, "access-control-allow-headers")
    assert {"last-event-id", "authorization", "idempotency-key", "prefer"} <= allowed


async def test_an_event_stream_is_readable_to_the_page(api: Api, logs: Logs):
    job = await logs.ended()
    exchange = await ask(api.port, "GET", job.events_path, ORIGIN)
    assert_readable(exchange.head)
    assert exchange.head.one("content-type") == "text/event-stream"


async def test_the_last_204_is_readable_to_the_page(api: Api, logs: Logs):
    job = await logs.ended()
    at_end = f"Last-Event-ID: {job.seq}"
    exchange = await ask(api.port, "GET", job.events_path, ORIGIN, at_end)
    assert exchange.head.status == 204
    assert_readable(exchange.head)


@pytest.mark.parametrize(
    ("status", "method", "path"),
    [
        (404, "GET", "/jobs/malformed/events"),
        (405, "PUT", "/jobs"),
        (415, "POST", "/jobs"),
        (404, "GET", "/nothing"),
        (503, "GET", "/readyz"),
    ],
)
async def test_errors_are_readable_to_the_page(api: Api, status: int, method: str, path: str):
    exchange = await ask(api.port, method, path, ORIGIN)
    assert exchange.head.status == status
    assert_readable(exchange.head)


async def test_even_a_500_is_readable_to_the_page(api: Api, logs: Logs):
    job = await logs.ended()
    await logs.store.unlink(keys.job(job.job_id))
    await logs.store.set(keys.job(job.job_id), "no record", ex=60)
    exchange = await ask(api.port, "GET", job.events_path, ORIGIN)
    assert exchange.head.status == 500
    assert_readable(exchange.head)
    assert api.errors.take()


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "null", "https://app.example.evil", "http://app.example"]
)
async def test_another_page_reads_nothing(api: Api, logs: Logs, origin: str):
    job = await logs.ended()
    exchange = await ask(api.port, "GET", job.events_path, f"Origin: {origin}")
    assert not exchange.head.values("access-control-allow-origin")
    preflight = ("Access-Control-Request-Method: GET", f"Origin: {origin}")
    refused = await ask(api.port, "OPTIONS", job.events_path, *preflight)
    assert refused.head.status == 400
    assert not refused.head.values("access-control-allow-origin")


async def test_cors_is_off_by_default(store_url: str, logs: Logs):
    job = await logs.ended()
    async with serving(ApiSettings(redis_url=store_url)) as closed:
        exchange = await ask(closed.port, "GET", job.events_path, ORIGIN)
        assert not [name for name, _ in exchange.head.fields if name.startswith("access-control")]
        preflight = (ORIGIN, "Access-Control-Request-Method: GET")
        assert (await ask(closed.port, "OPTIONS", "/jobs", *preflight)).head.status == 405
