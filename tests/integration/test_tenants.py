"""Keys and tickets over HTTP: who may see what, and that strangers can't tell what there is."""

import hashlib
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any, cast

import orjson
import pytest
from pydantic import SecretStr

from tailrace.api.auth.keys import TicketOffice
from tailrace.api.settings import ApiSettings
from tailrace.shared.jobs import new_job_id
from tailrace.shared.redis import keys
from tailrace.shared.redis.connection import Client
from tests.support.service import Api, Logs, serving
from tests.support.wire import Exchange, ask, asking

SECRET = "a secret of sixteen bytes"
ANN, BOB = "Authorization: Bearer key-of-ann", "Authorization: Bearer key-of-bob"
JSON = "Content-Type: application/json"
GOOD = b'{"graph":"any","input":{}}'


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


def unstamped(exchange: Exchange) -> list[tuple[str, str]]:
    return [(name, value) for name, value in exchange.head.fields if name != "date"]


async def calls(redis: Client) -> dict[str, int]:
    """How often each command was run on the store so far, this question and pings aside."""
    stats = cast("dict[str, Any]", await redis.info("commandstats"))
    own = {"cmdstat_info", "cmdstat_ping", "cmdstat_client|setinfo", "cmdstat_xread"}
    return {name: stat["calls"] for name, stat in stats.items() if name not in own}


MALFORMED = [
    "x",
    "0",
    "..",
    "%2e%2e",
    "$",
    "*",
    "%00",
    "%0A",
    "%FF",
    "00000000-0000-4000-8000-000000000000",
    "0197A2B4-0000-7000-8000-00000000000A",
    "0197a2b4-0000-7000-8000-00000000000a%0A",
    "0197a2b4-0000-7000-8000-00000000000%EF%BD%81",
    "x" * 4000,
]


@pytest.mark.parametrize("path", ["/jobs/{}", "/jobs/{}/events"])
async def test_invariant_07_another_tenants_job_is_an_unknown_job(api: Api, logs: Logs, path: str):
    job = await logs.ended(1, tenant="ann")
    assert (await ask(api.port, "GET", path.format(job.job_id), ANN)).head.status == 200
    ids = [job.job_id, new_job_id(), *MALFORMED]
    answers = [await ask(api.port, "GET", path.format(one), BOB) for one in ids]
    assert {answer.head.status for answer in answers} == {404}
    assert {answer.body for answer in answers} == {
        b'{"type":"job-not-found","title":"There is no such job","status":404}'
    }
    assert {tuple(unstamped(answer)) for answer in answers} == {tuple(unstamped(answers[0]))}


async def test_invariant_07_another_tenants_job_can_not_be_cancelled(api: Api, logs: Logs):
    job_id = await logs.queued("ann")
    for one in (job_id, new_job_id(), "malformed"):
        assert (await ask(api.port, "POST", f"/jobs/{one}/cancel", BOB)).head.status == 404
    assert (await logs.jobs.get(job_id)).status == "queued"


@pytest.mark.parametrize("path", ["/jobs/{}", "/jobs/{}/events", "/jobs/{}/events?after=x"])
async def test_a_malformed_id_touches_no_key(api: Api, redis: Client, path: str):
    before = await calls(redis)
    for one in MALFORMED:
        await ask(api.port, "GET", path.format(one), ANN)
    assert await calls(redis) == before


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/jobs"),
        ("GET", "/jobs/{}"),
        ("GET", "/jobs/{}/events"),
        ("POST", "/jobs/{}/cancel"),
        ("GET", "/graphs"),
    ],
)
async def test_without_a_key_nothing_is_told(api: Api, logs: Logs, method: str, path: str):
    job = await logs.ended(tenant="ann")
    wrong = [(), ("Authorization: Bearer wrong",), ("Authorization: Basic key-of-ann",)]
    for one in (job.job_id, new_job_id(), "malformed"):
        for headers in wrong:
            exchange = await ask(api.port, method, path.format(one), *headers)
            assert exchange.head.status == 401
            assert exchange.head.one("www-authenticate") == "Bearer"
            assert exchange.head.one("content-type") == "application/problem+json"
            assert orjson.loads(exchange.body)["type"] == "unauthorized"


@pytest.mark.parametrize("name", ["api_key", "key", "token", "access_token"])
async def test_a_key_in_the_url_is_refused(api: Api, logs: Logs, name: str):
    job = await logs.ended(tenant="ann")
    target = f"{job.events_path}?{name}=key-of-ann"
    for headers in ((), (ANN,)):
        exchange = await ask(api.port, "GET", target, *headers)
        assert exchange.head.status == 401
        assert b"key-of-ann" not in exchange.body


async def test_a_ticket_reads_the_events_of_its_job_and_is_good_for_reconnects(
    api: Api, logs: Logs
):
    await logs.announce()
    accepted = await ask(api.port, "POST", "/jobs?ticket=true", ANN, JSON, body=GOOD)
    assert accepted.head.status == 202
    url: str = orjson.loads(accepted.body)["urls"]["events"]
    for cursor in ("Last-Event-ID: 0", "Last-Event-ID: 1"):
        async with asking(api.port, "GET", url, cursor) as stream:
            assert stream.head.status == 200
            assert stream.head.one("content-type") == "text/event-stream"


async def test_a_posted_stream_says_where_its_events_are_with_the_ticket_that_was_asked_for(
    api: Api, logs: Logs
):
    await logs.announce()
    stream = (ANN, JSON, "Accept: text/event-stream")
    async with asking(api.port, "POST", "/jobs?ticket=true", *stream, body=GOOD) as posted:
        url = posted.head.one("content-location")
    async with asking(api.port, "GET", url) as events:
        assert events.head.status == 200
        await events.until(b"id: 1\n\n")


async def test_invariant_11_a_key_stands_for_a_job_of_its_tenant_alone(api: Api, logs: Logs):
    await logs.announce()
    key = "Idempotency-Key: order-42"
    answers = [
        await ask(api.port, "POST", "/jobs", who, JSON, key, body=GOOD) for who in (ANN, BOB, ANN)
    ]
    assert [answer.head.status for answer in answers] == [202, 202, 200]
    ann, bob, again = (orjson.loads(answer.body)["id"] for answer in answers)
    assert (ann != bob, ann == again) == (True, True)


async def test_a_ticket_does_nothing_but_read_its_events(api: Api, logs: Logs):
    job, other = await logs.opened("ann"), await logs.opened("ann")
    ticket = TicketOffice(SECRET.encode(), 60).issue(job.job_id, "ann")
    for method, path in (
        ("GET", f"/jobs/{job.job_id}"),
        ("POST", f"/jobs/{job.job_id}/cancel"),
        ("GET", other.events_path),
        ("GET", "/graphs"),
    ):
        exchange = await ask(api.port, method, f"{path}?ticket={ticket}")
        assert exchange.head.status == 401, path
    assert (await logs.jobs.get(job.job_id)).status == "running"


async def test_a_ticket_of_one_who_may_not_see_the_job_finds_no_job(api: Api, logs: Logs):
    job = await logs.ended(tenant="ann")
    ticket = TicketOffice(SECRET.encode(), 60).issue(job.job_id, "bob")
    exchange = await ask(api.port, "GET", f"{job.events_path}?ticket={ticket}")
    assert exchange.head.status == 404


async def test_a_forged_or_expired_ticket_is_refused(api: Api, logs: Logs):
    job = await logs.ended(tenant="ann")
    office = TicketOffice(SECRET.encode(), 60)
    forged = replace(office, secret=b"another secret, as long").issue(job.job_id, "ann")
    late = replace(office, ttl_s=-1).issue(job.job_id, "ann")
    for ticket in (forged, late, "", "x", "..", "1.2.3", "key-of-ann", "%FF.%00.%0A"):
        exchange = await ask(api.port, "GET", f"{job.events_path}?ticket={ticket}")
        assert exchange.head.status == 401, ticket
        assert exchange.head.one("www-authenticate") == "Bearer"


async def test_without_a_secret_a_ticket_is_refused_before_a_job_is_made(
    store_url: str, logs: Logs
):
    await logs.announce()
    settings = ApiSettings(redis_url=store_url, api_keys={digest("key-of-ann"): "ann"})
    async with serving(settings) as api:
        exchange = await ask(api.port, "POST", "/jobs?ticket=true", ANN, JSON, body=GOOD)
    assert exchange.head.status == 409
    assert await logs.store.zcard(keys.QUEUE) == 0
