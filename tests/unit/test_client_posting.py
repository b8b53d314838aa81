"""What the client posts, and posts again: a creation under its key, an answer to its stop."""

from collections.abc import Sequence

import httpx
import orjson
import pytest

from tailrace import (
    ApiError,
    Interrupt,
    Job,
    NotSent,
    Patience,
    Tailrace,
    Unreachable,
)
from tailrace.errors import api_error
from tests.support.sse_server import Answer, Asked, in_turn, json_answer, problem, serving

JOB = "0198c0de-0000-7000-8000-000000000001"
URLS = {
    "self": f"/jobs/{JOB}",
    "events": f"/jobs/{JOB}/events",
    "cancel": f"/jobs/{JOB}/cancel",
}
RECORD = {"id": JOB, "graph": "g", "status": "queued", "attempt": 0, "created_at": "t"}
ACCEPTED = json_answer(RECORD | {"urls": URLS}, 202)
LOST = Answer((b'{"id":',), ending="rst", status=202)
AWAY = problem(503, "store-unavailable", "The store is not available")
QUICK = Patience(first_wait_s=0.001, posts=3)


async def created(answers: Sequence[Answer], key: str | None = None) -> tuple[Job, list[Asked]]:
    async with serving(in_turn(answers)) as server, Tailrace(server.url, patience=QUICK) as client:
        return await client.create("g", {"n": 1}, idempotency_key=key), server.asked


@pytest.mark.parametrize("trouble", [LOST, AWAY, problem(502, "about:blank", "Bad Gateway")])
async def test_a_creation_without_an_answer_is_sent_again_under_the_same_key(trouble: Answer):
    job, asked = await created([trouble, trouble, ACCEPTED])
    assert job.id == JOB
    assert len(asked) == 3
    assert len({(a.headers["idempotency-key"], a.body) for a in asked}) == 1


async def test_every_job_has_a_key_of_its_own_unless_one_is_given():
    keys = {(await created([ACCEPTED]))[1][0].headers["idempotency-key"] for _ in range(3)}
    assert len(keys) == 3
    _, [asked] = await created([ACCEPTED], key="order-42")
    assert asked.headers["idempotency-key"] == "order-42"


@pytest.mark.parametrize("status", [400, 401, 409, 422, 500])
async def test_a_refusal_is_not_sent_again(status: int):
    with pytest.raises(ApiError) as refused:
        await created([problem(status, "some-type", "No"), ACCEPTED])
    assert refused.value.status == status


async def test_a_creation_is_given_up_after_so_many_posts():
    with pytest.raises(Unreachable):
        await created([LOST] * QUICK.posts + [ACCEPTED])
    with pytest.raises(ApiError, match="503"):
        await created([AWAY] * QUICK.posts + [ACCEPTED])


async def test_a_key_that_no_header_can_carry_is_not_sent():
    with pytest.raises(NotSent, match="idempotency key"):
        await created([ACCEPTED], key="a\nb")


def test_an_error_tells_how_long_to_stay_away():
    answers = [httpx.Response(503, headers=h) for h in ({"Retry-After": "7"}, {})]
    for answer in answers:
        answer.request = httpx.Request("POST", "http://service/jobs")
    assert [api_error(answer).retry_after_s for answer in answers] == [7, 0]


async def test_an_answer_is_sent_as_the_protocol_says():
    answers = [ACCEPTED, ACCEPTED, ACCEPTED]
    async with serving(in_turn(answers)) as server, Tailrace(server.url) as client:
        await client.resume(JOB, None, after=5)
        await client.resume_each(JOB, {"i-1": {"a": 1}}, after=6)
        await client.resume(JOB, after=7)
    assert {(a.method, a.path) for a in server.asked} == {("POST", f"/jobs/{JOB}/resume")}
    bodies = [a.body for a in server.asked]
    assert bodies == [
        b'{"value":null,"after":5}',
        b'{"values":{"i-1":{"a":1}},"after":6}',
        b'{"after":7}',
    ]


STOPPED = {
    "status": "waiting",
    "interrupts": [{"id": "i-1", "value": "Go on?"}],
    "next": ["ask"],
    "after": 5,
}
WAITING = json_answer(RECORD | STOPPED | {"urls": URLS})


async def test_an_answer_names_the_stop_at_which_the_job_waits():
    async with serving(in_turn([WAITING, ACCEPTED])) as server, Tailrace(server.url) as client:
        await client.resume(JOB, True)
    assert [(a.method, a.path) for a in server.asked] == [
        ("GET", f"/jobs/{JOB}"),
        ("POST", f"/jobs/{JOB}/resume"),
    ]
    assert server.asked[1].body == b'{"value":true,"after":5}'


@pytest.mark.parametrize("trouble", [LOST, AWAY])
async def test_an_answer_that_names_its_stop_is_sent_again(trouble: Answer):
    answers = [trouble, trouble, ACCEPTED]
    async with serving(in_turn(answers)) as server, Tailrace(server.url, patience=QUICK) as client:
        await client.resume(JOB, True, after=5)
    assert [a.body for a in server.asked] == [b'{"value":true,"after":5}'] * 3


async def test_an_answer_to_a_job_that_has_gone_on_is_sent_once():
    answers = [ACCEPTED, LOST, ACCEPTED]
    async with serving(in_turn(answers)) as server, Tailrace(server.url, patience=QUICK) as client:
        with pytest.raises(Unreachable):
            await client.resume(JOB, True)
    assert [a.body for a in server.asked[1:]] == [b'{"value":true}']


async def test_nothing_is_sent_to_let_a_job_go_on_that_does_not_wait():
    async with serving(in_turn([ACCEPTED])) as server, Tailrace(server.url) as client:
        with pytest.raises(NotSent, match="is not waiting"):
            await client.resume(JOB)
    assert [a.method for a in server.asked] == ["GET"]


async def test_what_else_a_job_is_asked_for_is_sent_and_what_is_left_open_is_not():
    async with serving(in_turn([ACCEPTED])) as server, Tailrace(server.url) as client:
        await client.create(
            "g", 1, stream=None, interrupt_before=["send"], context={"user": "u"}, timeout_s=5
        )
    assert orjson.loads(server.asked[0].body) == {
        "graph": "g",
        "input": 1,
        "interrupt_before": ["send"],
        "context": {"user": "u"},
        "timeout_s": 5,
    }


async def test_a_waiting_job_tells_what_it_asks_and_where_it_stopped():
    async with serving(in_turn([WAITING])) as server, Tailrace(server.url) as client:
        job = await client.job(JOB)
    assert job.interrupts == (Interrupt(id="i-1", value="Go on?"),)
    assert (job.next, job.after) == (("ask",), 5)
