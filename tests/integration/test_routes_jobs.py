"""Jobs over HTTP: what is accepted, how it looks, and what trouble looks like."""

import asyncio
from typing import Any, cast

import orjson
import pytest
from redis.exceptions import ResponseError

from tailrace.api.settings import ApiSettings
from tailrace.shared.jobs import JobId, new_job_id
from tailrace.shared.redis import keys
from tailrace.shared.redis.connection import Client
from tests.support.posting import GOOD, JSON, assert_problem, post
from tests.support.service import Api, Logs, serving
from tests.support.wait import wait_until
from tests.support.wire import ask


@pytest.fixture(autouse=True)
async def graphs(logs: Logs) -> None:
    """A worker has announced a graph that takes anything and one that takes a number."""
    await logs.announce()


async def test_an_accepted_job_is_stored_queued_and_described(api: Api, logs: Logs):
    exchange = await post(api, {"graph": "any", "input": {"a": 1}, "metadata": {"m": 1}})
    assert exchange.head.status == 202
    job = orjson.loads(exchange.body)
    path = f"/jobs/{job['id']}"
    assert exchange.head.one("location") == path
    assert exchange.head.one("cache-control") == "no-store"
    assert job["urls"] == {"self": path, "events": f"{path}/events", "cancel": f"{path}/cancel"}
    assert (job["graph"], job["status"], job["attempt"]) == ("any", "queued", 0)
    assert orjson.loads((await ask(api.port, "GET", path)).body) == job
    assert await logs.store.zscore(keys.QUEUE, keys.arq_id(job["id"])) is not None


async def test_head_of_a_job_has_the_headers_alone(api: Api, logs: Logs):
    path = f"/jobs/{await logs.queued()}"
    head, full = await ask(api.port, "HEAD", path), await ask(api.port, "GET", path)
    assert head.head.status == 200
    assert head.head.one("content-length") == full.head.one("content-length")


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "text/csv, application/xml",
        "application/json;q=0",
        "*/*;q=0",
        "text/event-stream;q=0.0, text/html",
    ],
)
async def test_a_form_of_answer_that_a_job_has_not_is_406(api: Api, logs: Logs, accept: str):
    assert_problem(await post(api, GOOD, JSON, f"Accept: {accept}"), 406, "not-acceptable")
    assert await logs.store.zcard(keys.QUEUE) == 0


@pytest.mark.parametrize(
    "accept",
    [
        "*/*",
        "application/json",
        "Application/JSON",
        "text/html, application/json;q=0.9",
        "application/*",
    ],
)
async def test_who_takes_json_gets_it(api: Api, accept: str):
    assert (await post(api, GOOD, JSON, f"Accept: {accept}")).head.status == 202


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/jobs", {"POST"}),
        ("PUT", "/jobs", {"POST"}),
        ("DELETE", "/jobs/some-id", {"GET", "HEAD"}),
        ("GET", "/jobs/some-id/cancel", {"POST"}),
        ("POST", "/graphs", {"GET", "HEAD"}),
        ("POST", "/readyz", {"GET", "HEAD"}),
    ],
)
async def test_a_wrong_method_is_405_with_the_right_ones(
    api: Api, method: str, path: str, allowed: set[str]
):
    exchange = await ask(api.port, method, path)
    assert_problem(exchange, 405, "method-not-allowed")
    assert set(exchange.head.one("allow").split(", ")) == allowed


@pytest.mark.parametrize("path", ["/jobs/", "/nothing", "/docs", "/openapi.json", "//jobs"])
async def test_an_unknown_path_is_404(api: Api, path: str):
    assert_problem(await ask(api.port, "GET", path), 404, "not-found")


async def test_cancelling_a_queued_job_ends_it_and_is_idempotent(api: Api, logs: Logs):
    job_id = await logs.queued()
    for _ in range(2):
        exchange = await ask(api.port, "POST", f"/jobs/{job_id}/cancel")
        assert exchange.head.status == 202
        assert orjson.loads(exchange.body)["status"] == "cancelled"
    events = await ask(api.port, "GET", f"/jobs/{job_id}/events")
    assert events.body.count(b"event: end\n") == 1
    assert b'data: {"status":"cancelled"}\n' in events.body


async def test_cancelling_a_running_job_leaves_the_end_to_its_holder(api: Api, logs: Logs):
    job = await logs.opened()
    exchange = await ask(api.port, "POST", f"/jobs/{job.job_id}/cancel")
    assert exchange.head.status == 202
    assert orjson.loads(exchange.body)["status"] == "running"
    await job.close("cancelled")
    assert (await logs.jobs.get(job.job_id)).status == "cancelled"


async def test_what_nobody_expected_is_500_with_a_reference_and_no_text(api: Api, logs: Logs):
    job_id = await planted(logs)
    exchange = await ask(api.port, "GET", f"/jobs/{job_id}")
    problem = assert_problem(exchange, 500, "internal")
    [record] = api.errors.take()
    reference = str(vars(record)["reference"])
    assert problem["detail"].endswith(reference)
    assert record.exc_info
    assert b"WRONGTYPE" not in exchange.body
    assert b"secret" not in exchange.body


async def planted(logs: Logs) -> JobId:
    """A job whose record is no record, so that reading it fails as only a bug would."""
    job_id = new_job_id()
    await logs.store.set(keys.job(job_id), "secret", ex=60)
    return job_id


async def test_a_store_that_takes_no_writes_is_503_and_nothing_is_accepted(
    store_url: str, logs: Logs
):
    async with serving(ApiSettings(redis_url=store_url)) as api:
        await logs.store.config_set("maxmemory", "1")
        try:
            exchange = await post(api, GOOD)
        finally:
            await logs.store.config_set("maxmemory", "0")
    assert_problem(exchange, 503, "store-unavailable")
    assert exchange.head.one("retry-after") == "1"
    assert await cast("Any", logs.store).keys("tailrace:*:job:*") == []


async def test_a_store_that_is_busy_with_a_script_is_passing_trouble(
    api: Api, logs: Logs, redis: Client
):
    job = await logs.opened()
    store = cast("Any", logs.store)
    await store.config_set("busy-reply-threshold", 1)
    # Connected beforehand: a busy store lets nobody in, not even who would end the script.
    await cast("Any", redis).ping()
    script = asyncio.ensure_future(store.eval("while true do end", 0))
    try:

        async def busy() -> bool:
            return (await ask(api.port, "GET", "/readyz")).head.status == 503

        await wait_until(busy, "the store to be busy")
        posted = await post(api, GOOD)
        stream = await ask(api.port, "GET", job.events_path)
    finally:
        await cast("Any", redis).script_kill()
        await asyncio.wait([script])
        await store.config_set("busy-reply-threshold", 5000)
    assert isinstance(script.exception(), ResponseError)
    assert_problem(posted, 503, "store-unavailable")
    assert stream.head.status == 200
    assert stream.ending == "cut"
