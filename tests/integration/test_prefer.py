"""`Prefer: wait`: the finished job in the answer to its POST, or the job as it is by then."""

import asyncio
import time
from contextlib import AsyncExitStack
from typing import Any, cast

import orjson
import pytest

from tailrace.api.settings import ApiSettings
from tailrace.shared.jobs import Interrupt, JobId, JobRequest, Pause
from tailrace.shared.redis import keys
from tests.support.posting import GOOD, JSON, KEY, post, reserved
from tests.support.proxy import store_proxy
from tests.support.service import Api, Attempt, Logs, serving
from tests.support.wait import wait_until
from tests.support.wire import Exchange, connected, request

pytestmark = pytest.mark.usefixtures("graphs")

LONG = "Prefer: wait=60"
SOON_S = 20.0
"""Far below `LONG`, far above what an answer takes."""
QUESTION = (Interrupt("i-1", "Go on?"),)


async def new_job(logs: Logs, but: frozenset[str] = frozenset()) -> JobId:
    """The job that has been queued since."""

    async def found() -> str | None:
        queued = cast("list[bytes]", await cast("Any", logs.store).zrange(keys.QUEUE, 0, -1))
        ids = map(keys.job_of_arq_id, queued)
        return next((job_id for job_id in ids if job_id not in but), None)

    return JobId(cast("str", await wait_until(found, "a job to be queued")))


async def known_job(logs: Logs) -> Attempt:
    """A running job that `KEY` and `GOOD` stand for."""
    job_id = (await reserved(logs)).job_id
    await logs.jobs.create(job_id, "default", JobRequest("any", {}))
    return await logs.taken(job_id)


def told(exchange: Exchange) -> dict[str, Any]:
    return cast("dict[str, Any]", orjson.loads(exchange.body))


async def test_the_finished_job_comes_as_soon_as_it_has_ended(api: Api, logs: Logs):
    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        posted = tasks.create_task(post(api, GOOD, JSON, LONG))
        job = await logs.taken(await new_job(logs))
        await job.append(*range(50))
        assert not posted.done()
        await job.close(result=b'{"n":1}')
    exchange = posted.result()
    assert exchange.head.status == 200
    assert (told(exchange)["status"], told(exchange)["result"]) == ("succeeded", {"n": 1})
    assert exchange.head.one("preference-applied") == LONG.removeprefix("Prefer: ")
    assert exchange.head.one("location") == f"/jobs/{job.job_id}"
    assert time.monotonic() - began < SOON_S


async def test_a_wait_that_runs_out_is_202_with_the_job_as_it_is(api: Api, logs: Logs):
    job = await known_job(logs)
    exchange = await post(api, GOOD, JSON, KEY, "Prefer: wait=1")
    assert exchange.head.status == 202
    assert (told(exchange)["id"], told(exchange)["status"]) == (job.job_id, "running")
    assert exchange.head.one("preference-applied") == "wait=1"


@pytest.mark.parametrize("wish", ["wait=0", "wait=600", "respond-async, wait=9"])
async def test_nobody_waits_longer_than_the_service_lets_them(store_url: str, wish: str):
    began = time.monotonic()
    async with serving(ApiSettings(redis_url=store_url, max_wait_s=1)) as api:
        exchange = await post(api, GOOD, JSON, f"Prefer: {wish}")
    assert (exchange.head.status, told(exchange)["status"]) == (202, "queued")
    applied = "wait=0" if wish == "wait=0" else "wait=1"
    assert exchange.head.one("preference-applied") == applied
    assert time.monotonic() - began < SOON_S


@pytest.mark.parametrize("wish", ["wait", "wait=soon", "wait=-1", "wait=1.5", "return=minimal"])
async def test_what_is_no_wait_is_ignored(api: Api, wish: str):
    exchange = await post(api, GOOD, JSON, f"Prefer: {wish}")
    assert exchange.head.status == 202
    assert not exchange.head.values("preference-applied")


async def test_a_job_that_asks_something_is_told_at_once(api: Api, logs: Logs):
    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        posted = tasks.create_task(post(api, GOOD, JSON, LONG))
        job = await logs.taken(await new_job(logs))
        await job.append("thinking")
        await logs.jobs.pause(job.holder, Pause(QUESTION))
    exchange = posted.result()
    assert (exchange.head.status, told(exchange)["status"]) == (202, "waiting")
    assert told(exchange)["interrupts"] == [{"id": "i-1", "value": "Go on?"}]
    assert time.monotonic() - began < SOON_S


async def test_a_question_that_is_answered_already_holds_nobody_back(api: Api, logs: Logs):
    job = await known_job(logs)
    await logs.jobs.pause(job.holder, Pause(QUESTION))
    assert told(await post(api, GOOD, JSON, KEY, LONG))["status"] == "waiting"
    await logs.jobs.resume(await logs.jobs.get(job.job_id), {"i-1": True})
    again = await logs.taken(job.job_id, attempt=2)
    async with asyncio.TaskGroup() as tasks:
        posted = tasks.create_task(post(api, GOOD, JSON, KEY, LONG))
        await again.append("going on")
        await again.close()
    assert (posted.result().head.status, told(posted.result())["status"]) == (200, "succeeded")


async def test_many_at_two_replicas_wait_for_one_job_under_one_key(
    api: Api, other: Api, logs: Logs
):
    job = await known_job(logs)
    async with asyncio.TaskGroup() as tasks:
        posted = [
            tasks.create_task(post((api, other)[n % 2], GOOD, JSON, KEY, LONG)) for n in range(20)
        ]
        await job.close()
    assert {task.result().head.status for task in posted} == {200}
    assert {told(task.result())["id"] for task in posted} == {job.job_id}
    assert (await post(other, GOOD, JSON, KEY, LONG)).head.status == 200


async def test_a_stream_is_not_held_back(api: Api, logs: Logs):
    job = await known_job(logs)
    await job.close()
    exchange = await post(api, GOOD, JSON, KEY, LONG, "Accept: text/event-stream")
    assert exchange.frames == await job.frames()
    assert not exchange.head.values("preference-applied")


async def test_a_store_that_is_lost_meanwhile_makes_it_a_202(store_url: str, logs: Logs):
    began = time.monotonic()
    job = await known_job(logs)
    async with AsyncExitStack() as line:
        link = await line.enter_async_context(store_proxy(store_url))
        settings = ApiSettings(redis_url=store_url, log_redis_url=link.url)
        async with serving(settings) as api, asyncio.TaskGroup() as tasks:
            posted = tasks.create_task(post(api, GOOD, JSON, KEY, LONG))
            await logs.has_waiting_reader()
            await line.aclose()
    assert (posted.result().head.status, told(posted.result())["id"]) == (202, job.job_id)
    assert time.monotonic() - began < SOON_S


async def test_who_leaves_waits_no_longer_and_the_job_goes_on(store_url: str, logs: Logs):
    settings = ApiSettings(redis_url=store_url)
    async with serving(settings) as api, connected(api.port) as (_, writer):
        writer.write(request("POST", "/jobs", JSON, "Prefer: wait=60", body=GOOD))
        job = await logs.taken(await new_job(logs))
        await logs.has_waiting_reader()
    # `serving` fails where a request outlives its connection by a while.
    assert (await logs.jobs.get(job.job_id)).status == "running"


async def test_waiting_asks_the_store_for_nothing_until_there_is_something(
    store_url: str, logs: Logs
):
    await known_job(logs)
    async with serving(ApiSettings(redis_url=store_url)) as api:
        costs: list[int] = []
        for wait_s in (0, 2):
            before = await commands(logs)
            await asyncio.gather(
                *(post(api, GOOD, JSON, KEY, f"Prefer: wait={wait_s}") for _ in range(50))
            )
            costs.append(await commands(logs) - before)
    assert costs[1] < 8 * 50  # the first round has made the connections


async def commands(logs: Logs) -> int:
    return int((await logs.store.info("stats"))["total_commands_processed"])
