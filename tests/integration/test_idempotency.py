"""One Idempotency-Key, one job: for repeats, for posts at once, and after a crash in between."""

import asyncio
from typing import Any, cast

import orjson
import pytest

from tailrace.api.settings import ApiSettings
from tailrace.shared.jobs import JobId, JobRequest, new_job_id
from tailrace.shared.queue_store.idempotency import IdempotencyKeys, Reservation
from tailrace.shared.redis import keys
from tailrace.shared.settings import SharedSettings
from tests.support.posting import GOOD, JSON, KEY, assert_problem, post, records, reserved
from tests.support.processes import free_port
from tests.support.service import Api, Logs, serving
from tests.support.wire import Exchange

pytestmark = pytest.mark.usefixtures("graphs")

DAY_MS = 86_400_000


def job_id(exchange: Exchange) -> str:
    return str(orjson.loads(exchange.body)["id"])


async def test_invariant_11_the_same_key_and_body_give_the_same_job(api: Api, logs: Logs):
    first = await post(api, GOOD, JSON, KEY)
    again = [await post(api, GOOD, JSON, KEY) for _ in range(3)]
    assert first.head.status == 202
    assert [exchange.head.status for exchange in again] == [200] * 3
    assert {job_id(exchange) for exchange in again} == {job_id(first)}
    assert {e.head.one("location") for e in again} == {first.head.one("location")}
    assert await records(logs) == await logs.store.zcard(keys.QUEUE) == 1


async def test_invariant_11_posts_at_once_at_two_replicas_give_one_job(
    api: Api, other: Api, logs: Logs
):
    posts = (post((api, other)[n % 2], GOOD, JSON, KEY) for n in range(100))
    exchanges = await asyncio.gather(*posts)
    assert len({job_id(exchange) for exchange in exchanges}) == 1
    assert sorted(e.head.status for e in exchanges) == [200] * 99 + [202]
    assert await records(logs) == await logs.store.zcard(keys.QUEUE) == 1


async def test_invariant_11_of_two_bodies_at_once_under_one_key_one_is_refused(
    api: Api, other: Api, logs: Logs
):
    bodies = [b'{"graph":"any","input":%d}' % n for n in (1, 2)]
    posts = (post((api, other)[n % 2], bodies[n // 2 % 2], JSON, KEY) for n in range(40))
    exchanges = await asyncio.gather(*posts)
    assert sorted(e.head.status for e in exchanges) == [200] * 19 + [202] + [409] * 20
    assert await records(logs) == 1


async def test_invariant_11_a_key_whose_job_was_never_made_goes_on_with_it(api: Api, logs: Logs):
    promised = await reserved(logs)
    exchange = await post(api, GOOD, JSON, KEY)
    assert (exchange.head.status, job_id(exchange)) == (200, promised.job_id)
    assert await logs.store.zscore(keys.QUEUE, keys.arq_id(promised.job_id)) is not None
    assert job_id(await post(api, GOOD, JSON, KEY)) == promised.job_id
    assert await records(logs) == 1


async def test_a_job_that_was_made_and_never_queued_is_queued_by_the_repeat(api: Api, logs: Logs):
    promised = await reserved(logs)
    await logs.jobs.create(promised.job_id, "default", JobRequest("any", {}))
    assert job_id(await post(api, GOOD, JSON, KEY)) == promised.job_id
    assert await logs.store.zscore(keys.QUEUE, keys.arq_id(promised.job_id)) is not None


async def test_a_repeat_after_the_end_tells_the_outcome_and_queues_nothing(api: Api, logs: Logs):
    promised = await reserved(logs)
    await logs.jobs.create(promised.job_id, "default", JobRequest("any", {}))
    await logs.jobs.cancel(promised.job_id)
    exchange = await post(api, GOOD, JSON, KEY)
    assert (exchange.head.status, orjson.loads(exchange.body)["status"]) == (200, "cancelled")
    assert await logs.store.zcard(keys.QUEUE) == 0


async def test_another_body_under_the_key_is_409(api: Api, logs: Logs):
    await post(api, GOOD, JSON, KEY)
    exchange = await post(api, b'{"graph":"any","input":{"a":1}}', JSON, KEY)
    assert_problem(exchange, 409, "idempotency-conflict")
    assert await records(logs) == 1


async def test_the_order_of_names_and_a_default_spelled_out_make_no_other_body(api: Api):
    first = await post(api, b'{"graph":"any","input":{"a":1,"b":[{"c":1,"d":2}]}}', JSON, KEY)
    again = await post(
        api,
        b'{ "metadata": {}, "input": {"b":[{"d":2,"c":1}], "a":1}, "stream": ["updates",'
        b' "messages", "custom"], "graph": "any" }',
        JSON,
        KEY,
    )
    assert (again.head.status, job_id(again)) == (200, job_id(first))


@pytest.mark.parametrize(
    "headers",
    [
        ["Idempotency-Key:"],
        ["Idempotency-Key:    "],
        ["Idempotency-Key: a", "Idempotency-Key: a"],
        ["Idempotency-Key: " + "k" * 256],
        ["Idempotency-Key: schl\u00fcssel"],
        ["Idempotency-Key: a\tb"],
    ],
)
async def test_what_can_be_no_key_is_400_and_makes_no_job(api: Api, logs: Logs, headers: list[str]):
    exchange = await post(api, GOOD, JSON, *headers)
    assert_problem(exchange, 400, "invalid-idempotency-key")
    assert await records(logs) == 0


@pytest.mark.parametrize("key", ["k", "k" * 255, '"8e03978e-40d5"', "a b:c{}~!", "../*"])
async def test_any_printable_ascii_is_a_key_and_only_its_hash_is_kept(
    api: Api, logs: Logs, key: str
):
    first, again = [await post(api, GOOD, JSON, f"Idempotency-Key: {key}") for _ in range(2)]
    assert (first.head.status, again.head.status) == (202, 200)
    assert await cast("Any", logs.store).keys("tailrace:*:idem:*") == [
        keys.idempotency("default", key).encode()
    ]


async def test_a_key_lives_for_a_day_and_never_longer_than_its_job(logs: Logs):
    for retention_s, ttl_ms in ((7 * 86400, DAY_MS), (600, 600_000)):
        held = IdempotencyKeys(logs.store, SharedSettings(retention_s=retention_s), 86400)
        await held.reserve("default", str(retention_s), Reservation(new_job_id(), "d"))
        left = await logs.store.pttl(keys.idempotency("default", str(retention_s)))
        assert ttl_ms - 5_000 < left <= ttl_ms


async def test_a_refused_job_leaves_its_key_free(api: Api):
    refused = await post(api, b'{"graph":"number","input":{"n":0}}', JSON, KEY)
    assert_problem(refused, 422, "invalid-input")
    assert (await post(api, b'{"graph":"number","input":{"n":1}}', JSON, KEY)).head.status == 202


async def test_a_repeat_is_answered_while_no_worker_serves_the_graph_any_more(
    api: Api, other: Api, logs: Logs
):
    first = await post(api, GOOD, JSON, KEY)
    await logs.store.delete(keys.WORKERS)
    async with serving(other.settings) as fresh:
        assert_problem(await post(fresh, GOOD, JSON), 422, "unknown-graph")
        assert job_id(await post(fresh, GOOD, JSON, KEY)) == job_id(first)


async def test_a_key_belongs_to_its_tenant(logs: Logs):
    settings = SharedSettings()
    held = IdempotencyKeys(logs.store, settings, 60)
    ann, bob = Reservation(new_job_id(), "d"), Reservation(new_job_id(), "d")
    assert await held.reserve("ann", "k", ann) == ann
    assert await held.reserve("bob", "k", bob) == bob
    assert await held.find("ann", "k") == ann
    assert await held.find("cat", "k") is None


async def test_a_reservation_sent_again_is_still_its_own(logs: Logs):
    held = IdempotencyKeys(logs.store, SharedSettings(), 60)
    mine, late = Reservation(new_job_id(), "d"), Reservation(new_job_id(), "e")
    assert [await held.reserve("t", "k", mine) for _ in range(2)] == [mine, mine]
    assert await held.reserve("t", "k", late) == mine


async def test_a_503_behind_the_reservation_is_made_good_by_the_repeat(
    api: Api, store_url: str, logs: Logs
):
    away = f"redis://127.0.0.1:{free_port()}"
    async with serving(ApiSettings(redis_url=store_url, log_redis_url=away)) as broken:
        assert_problem(await post(broken, GOOD, JSON, KEY), 503, "store-unavailable")
    promised = await IdempotencyKeys(logs.store, SharedSettings(), 60).find("default", "order-42")
    assert promised is not None
    assert job_id(await post(api, GOOD, JSON, KEY)) == promised.job_id
    assert await records(logs) == 1


async def test_what_fails_between_job_and_queue_is_made_good_by_the_repeat(api: Api, logs: Logs):
    await cast("Any", logs.store).rpush(keys.QUEUE, "no sorted set")
    failed = await post(api, GOOD, JSON, KEY)
    assert failed.head.status == 500
    assert api.errors.take()
    await logs.store.delete(keys.QUEUE)
    again = await post(api, GOOD, JSON, KEY)
    assert again.head.status == 200
    assert orjson.loads(again.body)["status"] == "queued"
    assert await logs.store.zscore(keys.QUEUE, keys.arq_id(JobId(job_id(again)))) is not None
    assert await records(logs) == 1
