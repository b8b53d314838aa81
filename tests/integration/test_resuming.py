"""Resuming a job over HTTP: which stop a body is about, and what a repeat of it is."""

from collections.abc import Mapping
from typing import Any

import orjson
import pytest

from tailrace.shared.jobs import Interrupt, JobId, Pause
from tailrace.shared.redis import keys
from tests.support.posting import JSON, assert_problem
from tests.support.service import Api, Logs
from tests.support.wire import Exchange, ask

QUESTION = Interrupt("i1", "sure?")
OTHER = Interrupt("i2", "really?")


@pytest.fixture
async def job(logs: Logs) -> JobId:
    return await logs.queued()


async def stopped(logs: Logs, job: JobId, *asked: Interrupt) -> int:
    """The job's next attempt, which stops; the number of its `waiting` event."""
    now = await logs.jobs.get(job)
    attempt = await logs.taken(job, now.attempt + 1)
    await logs.jobs.pause(attempt.holder, Pause(asked, ("node",)))
    stop = (await logs.jobs.get(job)).stop
    assert stop is not None
    return stop


async def resume(api: Api, job: JobId, body: Mapping[str, Any]) -> Exchange:
    return await ask(api.port, "POST", f"/jobs/{job}/resume", JSON, body=orjson.dumps(body))


async def shown(api: Api, job: JobId) -> dict[str, Any]:
    return orjson.loads((await ask(api.port, "GET", f"/jobs/{job}")).body)


async def test_a_stop_without_a_question_is_resumed_by_its_number(
    api: Api, logs: Logs, job: JobId
) -> None:
    stop = await stopped(logs, job)
    waits = await shown(api, job)
    assert (waits["status"], waits["after"]) == ("waiting", stop)
    assert (waits["interrupts"], waits["next"]) == ([], ["node"])

    for _ in range(2):
        exchange = await resume(api, job, {"after": waits["after"]})
        assert exchange.head.status == 202
    assert (await shown(api, job))["status"] == "queued"
    assert (await logs.jobs.get(job)).seq == stop + 1
    assert await logs.store.zscore(keys.QUEUE, keys.arq_id(job)) is not None


@pytest.mark.parametrize("body", [{"value": "yes"}, {"value": None}, {"values": {"i1": 1}}])
async def test_an_answer_where_nothing_is_asked_is_422(
    api: Api, logs: Logs, job: JobId, body: dict[str, Any]
) -> None:
    stop = await stopped(logs, job)
    for named in ({}, {"after": stop}):
        assert_problem(await resume(api, job, body | named), 422, "invalid-body")
    assert (await logs.jobs.get(job)).status == "waiting"


@pytest.mark.parametrize(
    "body", [{}, {"after": None}, {"after": 0}, {"after": "3"}, {"after": 3.0}]
)
async def test_a_body_that_neither_answers_nor_names_a_stop_is_422(
    api: Api, logs: Logs, job: JobId, body: dict[str, Any]
) -> None:
    await stopped(logs, job)
    assert_problem(await resume(api, job, body), 422, "invalid-body")


async def test_a_question_that_is_left_open_is_422(api: Api, logs: Logs, job: JobId) -> None:
    stop = await stopped(logs, job, QUESTION)
    assert_problem(await resume(api, job, {"after": stop}), 422, "invalid-body")


@pytest.mark.parametrize("asked", [(), (QUESTION,)], ids=["no question", "a question"])
async def test_another_stop_than_the_jobs_is_409(
    api: Api, logs: Logs, job: JobId, asked: tuple[Interrupt, ...]
) -> None:
    stop = await stopped(logs, job, *asked)
    answer = {"value": 1} if asked else {}
    for other in (stop - 1, stop + 1, 2**62):
        exchange = await resume(api, job, {**answer, "after": other})
        assert_problem(exchange, 409, "not-waiting")
    assert (await logs.jobs.get(job)).status == "waiting"


async def test_an_answer_that_names_its_stop_can_be_repeated_at_the_next_one(
    api: Api, logs: Logs, job: JobId
) -> None:
    first = await stopped(logs, job, QUESTION)
    assert (await resume(api, job, {"value": "yes", "after": first})).head.status == 202
    second = await stopped(logs, job, OTHER)

    for body in ({"value": "yes"}, {"values": {"i1": "yes"}}):
        assert (await resume(api, job, {**body, "after": first})).head.status == 202
    assert (await shown(api, job))["after"] == second
    other = await resume(api, job, {"value": "no", "after": first})
    assert_problem(other, 409, "not-waiting")


async def test_a_go_ahead_that_is_repeated_does_not_pass_the_next_stop(
    api: Api, logs: Logs, job: JobId
) -> None:
    first = await stopped(logs, job)
    assert (await resume(api, job, {"after": first})).head.status == 202
    second = await stopped(logs, job)

    assert (await resume(api, job, {"after": first})).head.status == 202
    assert (await shown(api, job))["after"] == second


async def test_an_answer_is_repeated_without_its_stop_until_the_next_one(
    api: Api, logs: Logs, job: JobId
) -> None:
    stop = await stopped(logs, job, QUESTION)
    for body in ({"value": 1}, {"value": 1}, {"value": 1, "after": stop}):
        assert (await resume(api, job, body)).head.status == 202
    assert_problem(await resume(api, job, {"value": 2}), 409, "not-waiting")


async def test_an_ended_job_knows_a_repeat_of_its_last_answer_and_takes_no_other(
    api: Api, logs: Logs, job: JobId
) -> None:
    stop = await stopped(logs, job)
    await resume(api, job, {"after": stop})
    attempt = await logs.taken(job, 2)
    await attempt.close()

    assert (await resume(api, job, {"after": stop})).head.status == 202
    assert_problem(await resume(api, job, {"after": attempt.seq}), 409, "not-waiting")
    assert_problem(await resume(api, job, {"value": 1}), 409, "not-waiting")


@pytest.mark.parametrize("body", [{"value": 1}, {"after": 2}, {"value": 1, "after": 2}])
async def test_a_job_that_never_stopped_is_409(
    api: Api, logs: Logs, job: JobId, body: dict[str, Any]
) -> None:
    await logs.taken(job)
    assert_problem(await resume(api, job, body), 409, "not-waiting")
