"""Jobs on threads over HTTP: what a POST may say, what is refused, and who is queued when."""

from typing import Any

import orjson
import pytest

from tailrace.api.settings import ApiSettings
from tailrace.shared.jobs import Holder, JobId
from tailrace.shared.redis import keys
from tailrace.shared.threads import ThreadName, new_thread_id
from tests.support.posting import assert_problem, post
from tests.support.service import Api, Logs, serving
from tests.support.wire import ask


@pytest.fixture(autouse=True)
async def graphs(logs: Logs) -> None:
    """A worker has announced a graph that takes anything and one that takes a number."""
    await logs.announce()


async def say(api: Api, thread: str, **fields: Any) -> JobId:
    exchange = await post(api, {"graph": "any", "input": {"a": 1}, "thread": thread, **fields})
    assert exchange.head.status == 202, exchange.body
    job = orjson.loads(exchange.body)
    assert job["thread"] == thread
    return JobId(job["id"])


async def is_queued(logs: Logs, job_id: JobId) -> bool:
    return await logs.store.zscore(keys.QUEUE, keys.arq_id(job_id)) is not None


async def test_a_job_on_a_thread_has_its_shard_and_only_the_first_is_queued(
    api: Api, logs: Logs
) -> None:
    thread = new_thread_id()
    first, second = await say(api, thread), await say(api, thread)
    assert {first[-1], second[-1]} == {thread[-1]}
    assert [await is_queued(logs, one) for one in (first, second)] == [True, False]


async def test_a_cancelled_job_makes_way_for_the_next(api: Api, logs: Logs) -> None:
    thread = new_thread_id()
    first, second = await say(api, thread), await say(api, thread)
    assert (await ask(api.port, "POST", f"/jobs/{first}/cancel")).head.status == 202
    assert [await is_queued(logs, one) for one in (first, second)] == [False, True]


async def test_an_interrupting_job_is_the_next_at_once(api: Api, logs: Logs) -> None:
    thread = new_thread_id()
    others = [await say(api, thread) for _ in range(3)]
    newest = await say(api, thread, multitask_strategy="interrupt")
    told = [orjson.loads((await ask(api.port, "GET", f"/jobs/{one}")).body) for one in others]
    assert [job["status"] for job in told] == ["cancelled"] * 3
    assert [await is_queued(logs, one) for one in (*others, newest)] == [False] * 3 + [True]


async def test_an_interrupting_job_tells_who_runs_to_stop(api: Api, logs: Logs) -> None:
    thread = new_thread_id()
    first = await say(api, thread)
    await logs.jobs.open_attempt(Holder(first, 1, "worker"))
    await say(api, thread, multitask_strategy="interrupt")
    redis: Any = logs.store
    assert await redis.hexists(keys.job(first), "cancel")


async def test_a_busy_thread_is_409_for_who_asked_for_it(api: Api) -> None:
    thread = new_thread_id()
    body = {"graph": "any", "input": {"a": 1}, "thread": thread, "multitask_strategy": "reject"}
    assert (await post(api, body)).head.status == 202
    assert_problem(await post(api, body), 409, "thread-busy")


async def test_a_full_line_is_429(store_url: str) -> None:
    async with serving(ApiSettings(redis_url=store_url, thread_line=1)) as api:
        thread = new_thread_id()
        await say(api, thread)
        body = {"graph": "any", "input": {"a": 1}, "thread": thread}
        assert_problem(await post(api, body), 429, "line-full")


async def test_a_thread_that_has_to_exist_is_404(api: Api) -> None:
    body: dict[str, Any] = {"graph": "any", "input": {}}
    body |= {"thread": new_thread_id(), "if_not_exists": "reject"}
    assert_problem(await post(api, body), 404, "thread-not-found")


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"thread": "no-uuid"}, "#/thread"),
        ({"thread": ""}, "#/thread"),
        ({"multitask_strategy": "enqueue"}, "#"),
        ({"checkpoint_id": "x"}, "#"),
        ({"command": {"resume": 1}}, "#"),
    ],
)
async def test_fields_of_a_thread_that_make_no_sense_are_422(
    api: Api, fields: dict[str, Any], pointer: str
) -> None:
    exchange = await post(api, {"graph": "any", "input": {}, **fields})
    assert_problem(exchange, 422, "invalid-body")
    assert [e["pointer"] for e in orjson.loads(exchange.body)["errors"]] == [pointer]


@pytest.mark.parametrize(
    "command",
    [
        {"resume": True},
        {"resume": None},
        {"update": {"a": 1}},
        {"update": [["a", 1], ["a", 2]]},
        {"goto": "node"},
        {"goto": ["node", {"node": "other", "input": {"a": 1}}], "resume": 1, "update": {}},
        {"goto": "__end__", "update": None},
    ],
)
async def test_a_command_takes_the_place_of_input(api: Api, logs: Logs, command: Any) -> None:
    thread = new_thread_id()
    exchange = await post(api, {"graph": "any", "thread": thread, "command": command})
    assert exchange.head.status == 202, exchange.body
    job = await logs.jobs.get(JobId(orjson.loads(exchange.body)["id"]))
    assert job.request.command == command


@pytest.mark.parametrize("command", [{}, {"goto": [{"input": 1}]}, {"update": 7}, {"more": 1}])
async def test_a_command_that_is_none_is_422(api: Api, command: Any) -> None:
    body = {"graph": "any", "thread": new_thread_id(), "command": command}
    assert_problem(await post(api, body), 422, "invalid-body")


async def test_a_thread_may_continue_without_input(api: Api) -> None:
    body = {"graph": "number", "thread": new_thread_id(), "input": None}
    assert (await post(api, body)).head.status == 202


async def test_a_repeated_post_is_one_job_on_the_thread(api: Api, logs: Logs) -> None:
    thread = new_thread_id()
    body = {"graph": "any", "input": {"a": 1}, "thread": thread}
    first = await post(api, body, "Content-Type: application/json", "Idempotency-Key: once")
    again = await post(api, body, "Content-Type: application/json", "Idempotency-Key: once")
    assert orjson.loads(first.body)["id"] == orjson.loads(again.body)["id"]
    line = keys.of_thread(ThreadName("default", thread))["line"]
    assert await logs.store.zcard(line) == 1
