"""The client's calls, against a server that sends exact bytes."""

import pytest

from tailrace import ApiError, NotSent, Tailrace, TailraceError, Unreachable
from tests.support.processes import free_port
from tests.support.sse_server import Answer, in_turn, json_answer, problem, serving

JOB = "0198c0de-0000-7000-8000-000000000001"
RECORD = {
    "id": JOB,
    "graph": "counter",
    "status": "succeeded",
    "attempt": 1,
    "created_at": "2026-01-01T00:00:00.000Z",
    "result": {"n": 1},
    "urls": {
        "self": f"/jobs/{JOB}",
        "events": f"/jobs/{JOB}/events",
        "cancel": f"/jobs/{JOB}/cancel",
    },
}


async def test_a_job_is_made_of_what_was_asked():
    answer = json_answer(RECORD, 202)
    async with serving(in_turn([answer])) as server, Tailrace(server.url, "s3cret") as client:
        job = await client.create("counter", {"count": 3}, stream=["custom"])
    (asked,) = server.asked
    assert (job.id, job.status, job.result) == (JOB, "succeeded", {"n": 1})
    assert (asked.method, asked.path) == ("POST", "/jobs")
    assert asked.body == b'{"graph":"counter","input":{"count":3},"stream":["custom"]}'
    assert asked.headers["authorization"] == "Bearer s3cret"


async def test_address_and_key_come_from_the_environment(monkeypatch: pytest.MonkeyPatch):
    async with serving(in_turn([json_answer({"graphs": []})])) as server:
        monkeypatch.setenv("TAILRACE_URL", f"{server.url}/below/")
        monkeypatch.setenv("TAILRACE_API_KEY", "from-outside")
        async with Tailrace() as client:
            assert await client.graphs() == []
    assert server.asked[0].path == "/below/graphs"
    assert server.asked[0].headers["authorization"] == "Bearer from-outside"


async def test_graphs_tell_their_input_fields():
    fields: dict[str, object] = {"count": {}, "tag": {}}
    schema = {"properties": fields, "required": ["count"]}
    spec = {"name": "counter", "description": "Counts.", "input_schema": schema}
    answer = json_answer({"graphs": [spec]})
    async with serving(in_turn([answer])) as server, Tailrace(server.url) as client:
        (graph,) = await client.graphs()
    assert graph.fields == (("count", True), ("tag", False))


async def test_a_refused_input_names_its_places():
    places = [{"pointer": "#/input/count", "detail": "'x' is not a number"}]
    answer = problem(422, "invalid-input", "No", detail="Not taken.", errors=places)
    async with serving(in_turn([answer])) as server, Tailrace(server.url) as client:
        with pytest.raises(ApiError, match="#/input/count: 'x' is not a number"):
            await client.create("counter", {"count": "x"})


async def test_an_answer_of_something_else_says_so():
    answer = Answer((b"<html>",), status=404, content_type="text/html")
    async with serving(in_turn([answer])) as server, Tailrace(server.url) as client:
        with pytest.raises(ApiError, match="does not respond like a Tailrace service"):
            await client.job(JOB)


async def test_a_call_to_nobody_is_unreachable():
    async with Tailrace(f"http://127.0.0.1:{free_port()}") as client:
        with pytest.raises(Unreachable, match="no response from"):
            await client.job(JOB)


@pytest.mark.parametrize("url", ["nowhere", "ftp://x", "http://", "http://a\nb"])
def test_an_address_that_is_none_is_refused_before_anything_is_sent(url: str):
    with pytest.raises(NotSent):
        Tailrace(url)


@pytest.mark.parametrize("key", ["line\nbreak", "schl\u00fcssel"])
def test_a_key_that_no_header_can_carry_is_refused(key: str):
    with pytest.raises(NotSent):
        Tailrace("http://127.0.0.1", key)


@pytest.mark.parametrize("job_id", ["", "..", "a/b", "a?b", "\u0130d", "x" * 65])
async def test_what_cannot_be_a_job_id_is_not_sent(job_id: str):
    async with serving(in_turn([])) as server, Tailrace(server.url) as client:
        with pytest.raises(NotSent):
            await client.job(job_id)
    assert server.asked == []


async def test_an_input_that_json_cannot_hold_is_not_sent():
    async with serving(in_turn([])) as server, Tailrace(server.url) as client:
        with pytest.raises(TailraceError):
            await client.create("counter", {"count": 2**70})
    assert server.asked == []
