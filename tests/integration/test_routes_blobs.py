"""Blobs over HTTP: the bytes, what a browser may do with them, and who gets them."""

import hashlib
import os
from collections.abc import AsyncGenerator

import orjson
import pytest
from pydantic import SecretStr

from tailrace import ApiError, Tailrace
from tailrace.api.auth.keys import TicketOffice
from tailrace.api.settings import ApiSettings
from tailrace.shared.jobs import new_job_id
from tailrace.shared.log_store.blobs.blob_store import PIECE, BlobStore
from tests.support.posting import assert_problem
from tests.support.service import Api, Attempt, Logs, serving
from tests.support.wire import ask

SECRET = "a secret of sixteen bytes"
ANN, BOB = "Authorization: Bearer key-of-ann", "Authorization: Bearer key-of-bob"


def digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


@pytest.fixture
async def api(store_url: str) -> AsyncGenerator[Api]:
    """An API for two tenants, which issues tickets."""
    settings = ApiSettings(
        redis_url=store_url,
        api_keys={digest("key-of-ann"): "ann", digest("key-of-bob"): "bob"},
        secret=SecretStr(SECRET),
    )
    async with serving(settings) as api:
        yield api


async def with_blob(logs: Logs, data: bytes, media_type: str = "image/png") -> Attempt:
    """A job of Ann's that has one blob."""
    job = await logs.opened("ann")
    blobs = BlobStore(logs.store, ApiSettings())
    await blobs.put(job.holder, data, media_type, most=10 * PIECE)
    return job


async def test_a_blob_is_served_as_it_is_and_as_nothing_that_a_browser_runs(
    api: Api, logs: Logs
) -> None:
    data = os.urandom(3 * PIECE + 5)
    path = f"/jobs/{(await with_blob(logs, data)).job_id}/blobs/1"

    exchange = await ask(api.port, "GET", path, ANN)
    head = await ask(api.port, "HEAD", path, ANN)

    assert (exchange.head.status, exchange.body, exchange.ending) == (200, data, "clean")
    assert (head.head.status, head.body) == (200, b"")
    for answer in (exchange.head, head.head):
        assert answer.one("content-type") == "image/png"
        assert answer.one("content-length") == str(len(data))
        assert answer.one("content-disposition") == 'attachment; filename="blob-1.png"'
        assert answer.one("content-security-policy") == "default-src 'none'; sandbox"
        assert answer.one("x-content-type-options") == "nosniff"
        assert answer.one("cache-control").startswith("private")


@pytest.mark.parametrize(
    ("media_type", "served"),
    [
        ("image/svg+xml", "application/octet-stream"),
        ("text/html", "application/octet-stream"),
        ("text/javascript", "application/octet-stream"),
        ("application/octet-stream", "application/octet-stream"),
        ("text/plain", "text/plain; charset=utf-8"),
        ("application/json", "application/json"),
    ],
)
async def test_a_type_that_a_browser_might_run_is_served_as_bytes(
    api: Api, logs: Logs, media_type: str, served: str
) -> None:
    job = await with_blob(logs, b"<script>", media_type)
    exchange = await ask(api.port, "GET", f"/jobs/{job.job_id}/blobs/1", ANN)
    assert exchange.head.one("content-type") == served


async def test_who_has_a_blob_gets_it_no_second_time(api: Api, logs: Logs) -> None:
    path = f"/jobs/{(await with_blob(logs, b'a')).job_id}/blobs/1"
    etag = (await ask(api.port, "GET", path, ANN)).head.one("etag")

    again = await ask(api.port, "GET", path, ANN, f"If-None-Match: {etag}")

    assert (again.head.status, again.body) == (304, b"")


async def test_invariant_07_another_tenants_blob_is_not_there(api: Api, logs: Logs) -> None:
    job = await with_blob(logs, b"secret")
    for job_id in (job.job_id, new_job_id(), "malformed"):
        exchange = await ask(api.port, "GET", f"/jobs/{job_id}/blobs/1", BOB)
        assert_problem(exchange, 404, "job-not-found")
    assert (await ask(api.port, "GET", f"/jobs/{job.job_id}/blobs/1")).head.status == 401


@pytest.mark.parametrize("number", ["2", "0", "01", "-1", "x", "1x", "9" * 40, "%00", "1%0A"])
async def test_a_number_that_the_job_does_not_have_is_not_found(
    api: Api, logs: Logs, number: str
) -> None:
    job = await with_blob(logs, b"a")
    exchange = await ask(api.port, "GET", f"/jobs/{job.job_id}/blobs/{number}", ANN)
    assert_problem(exchange, 404, "blob-not-found")


async def test_a_ticket_of_the_job_opens_its_blobs_and_no_others(api: Api, logs: Logs) -> None:
    job, other = await with_blob(logs, b"mine"), await with_blob(logs, b"other")
    ticket = TicketOffice(SECRET.encode(), 60).issue(job.job_id, "ann")

    mine = await ask(api.port, "GET", f"/jobs/{job.job_id}/blobs/1?ticket={ticket}")
    theirs = await ask(api.port, "GET", f"/jobs/{other.job_id}/blobs/1?ticket={ticket}")

    assert (mine.head.status, mine.body) == (200, b"mine")
    assert theirs.head.status == 401
    assert orjson.loads(theirs.body)["type"] == "unauthorized"


async def test_the_python_client_gets_a_blob_by_its_number(api: Api, logs: Logs) -> None:
    data = os.urandom(PIECE + 1)
    job = await with_blob(logs, data)
    async with Tailrace(api.url, "key-of-ann") as client:
        assert await client.blob(job.job_id, 1) == data
        with pytest.raises(ApiError) as refused:
            await client.blob(job.job_id, 2)
    assert (refused.value.status, refused.value.type) == (404, "blob-not-found")
