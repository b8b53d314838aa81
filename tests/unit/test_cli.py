"""The command line against a server that sends exact bytes; the real one is met in the e2e tier."""

import asyncio
import hashlib
import io
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from blockbuster import BlockBuster

from tailrace.cli import main
from tests.support.hostile import HOSTILE, assert_harmless
from tests.support.sse_server import (
    Answer,
    Asked,
    event_stream,
    frame,
    in_turn,
    json_answer,
    problem,
    serving,
)

JOB = "0198c0de-0000-7000-8000-000000000001"


@dataclass(frozen=True, slots=True)
class Outcome:
    code: int
    out: str
    err: str


Tailrace = Callable[..., Awaitable[Outcome]]
"""Calls the command line on a service's URL with arguments."""


@pytest.fixture(autouse=True)
def printing_may_block(blocking_is_an_error: BlockBuster) -> None:
    """A command line has one listener: whoever waits for its output."""
    blocking_is_an_error.deactivate()


@pytest.fixture
def tailrace(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Tailrace:
    async def call(url: str, *arguments: str) -> Outcome:
        monkeypatch.setenv("TAILRACE_URL", url)
        with pytest.raises(SystemExit) as left:
            await asyncio.to_thread(main, arguments)
        assert isinstance(left.value.code, int)
        printed = capsys.readouterr()
        return Outcome(left.value.code, printed.out, printed.err)

    return call


def record(status: str) -> Answer:
    urls = {
        "self": f"/jobs/{JOB}",
        "events": f"/jobs/{JOB}/events",
        "cancel": f"/jobs/{JOB}/cancel",
    }
    job = {"id": JOB, "graph": "g", "status": status, "attempt": 1, "created_at": "t", "urls": urls}
    ended = status in {"succeeded", "failed", "cancelled"}
    return json_answer(job | ({"ended_at": "t"} if ended else {}))


@pytest.mark.parametrize(("status", "code"), [("succeeded", 0), ("failed", 1), ("cancelled", 3)])
async def test_the_exit_code_of_run_tells_the_outcome(tailrace: Tailrace, status: str, code: int):
    stream = event_stream(frame(1, "end", f'{{"status":"{status}"}}'))
    async with serving(in_turn([record("queued"), stream])) as server:
        outcome = await tailrace(server.url, "run", "g", "--input", '{"n": 1}')
    assert outcome.code == code
    assert status in outcome.out
    assert JOB in outcome.err
    assert server.asked[0].body == b'{"graph":"g","input":{"n":1}}'


async def test_json_prints_the_log_and_nothing_else(tailrace: Tailrace):
    log = frame(1, "custom", '{"ns":[],"data":1.50}') + frame(2, "end", '{"status":"succeeded"}')
    async with serving(in_turn([record("queued"), event_stream(log)])) as server:
        outcome = await tailrace(server.url, "run", "g", "--json", "--stream", "custom")
    assert outcome.out == (
        '{"id":1,"event":"custom","data":{"ns":[],"data":1.50}}\n'
        '{"id":2,"event":"end","data":{"status":"succeeded"}}\n'
    )
    assert server.asked[0].body == b'{"graph":"g","input":{},"stream":["custom"]}'


async def test_a_cut_is_noted_beside_the_output(tailrace: Tailrace):
    first = event_stream(frame(1, "custom", '{"ns":[],"data":1}'), ending="rst")
    second = event_stream(frame(2, "end", '{"status":"succeeded"}'))
    async with serving(in_turn([record("running"), first, second])) as server:
        outcome = await tailrace(server.url, "follow", JOB, "--json")
    assert outcome.code == 0
    assert "resuming after event 1" in outcome.err
    assert [json.loads(line)["id"] for line in outcome.out.splitlines()] == [1, 2]


async def test_follow_goes_on_behind_the_number_given(tailrace: Tailrace):
    end = event_stream(frame(8, "end", '{"status":"succeeded"}'))
    async with serving(in_turn([record("running"), end])) as server:
        outcome = await tailrace(server.url, "follow", JOB, "--after", "7")
    assert outcome.code == 0
    assert server.asked[1].after == 7


@pytest.mark.parametrize(("status", "code"), [("succeeded", 0), ("failed", 1), ("running", 4)])
async def test_following_behind_the_end_tells_the_recorded_outcome(
    tailrace: Tailrace, status: str, code: int
):
    def respond(asked: Asked) -> Answer:
        return Answer(status=204) if asked.path.endswith("/events") else record(status)

    async with serving(respond) as server:
        outcome = await tailrace(server.url, "follow", JOB, "--after", "9")
    assert outcome.code == code
    assert outcome.out == ""


async def test_detach_prints_the_id_only(tailrace: Tailrace):
    async with serving(in_turn([record("queued")])) as server:
        outcome = await tailrace(server.url, "run", "g", "--detach")
    assert outcome == Outcome(0, f"{JOB}\n", "")


async def test_cancel_prints_the_status(tailrace: Tailrace):
    async with serving(in_turn([record("cancelled")])) as server:
        outcome = await tailrace(server.url, "cancel", JOB)
    assert outcome == Outcome(0, "cancelled\n", "")
    assert (server.asked[0].method, server.asked[0].path) == ("POST", f"/jobs/{JOB}/cancel")


async def test_answer_sends_the_value_and_prints_the_status(tailrace: Tailrace):
    async with serving(in_turn([record("queued")])) as server:
        outcome = await tailrace(
            server.url, "answer", JOB, "--value", '{"yes": true}', "--after", "5"
        )
    assert outcome == Outcome(0, "queued\n", "")
    assert (server.asked[0].method, server.asked[0].path) == ("POST", f"/jobs/{JOB}/resume")
    assert server.asked[0].body == b'{"value":{"yes":true},"after":5}'


@pytest.mark.parametrize(
    ("options", "body"),
    [
        ((), b'{"after":5}'),
        (("--values", '{"i": 1}'), b'{"values":{"i":1},"after":5}'),
    ],
)
async def test_answer_takes_no_value_or_several(
    tailrace: Tailrace, options: tuple[str, ...], body: bytes
):
    async with serving(in_turn([record("queued")])) as server:
        outcome = await tailrace(server.url, "answer", JOB, *options, "--after", "5")
    assert outcome == Outcome(0, "queued\n", "")
    assert server.asked[0].body == body


async def test_run_asks_for_a_context_and_for_stops(tailrace: Tailrace):
    async with serving(in_turn([record("queued")])) as server:
        stops = ("--interrupt-before", "a", "--interrupt-before", "b", "--interrupt-after", "*")
        await tailrace(server.url, "run", "g", "--context", '{"user": "u"}', *stops, "--detach")
    assert json.loads(server.asked[0].body) == {
        "graph": "g",
        "input": {},
        "context": {"user": "u"},
        "interrupt_before": ["a", "b"],
        "interrupt_after": ["*"],
    }


async def test_a_context_that_is_no_object_is_wrong_usage(tailrace: Tailrace):
    outcome = await tailrace("http://127.0.0.1:9", "run", "g", "--context", "[1]")
    assert (outcome.code, outcome.out) == (2, "")
    assert "not a JSON object" in outcome.err


async def test_who_watches_a_job_that_stops_without_a_question_is_told_how_to_go_on(
    tailrace: Tailrace,
):
    stops = '{"status":"waiting","attempt":1,"at":"t","interrupts":[],"next":["send"]}'
    log = frame(1, "status", stops) + frame(2, "end", '{"status":"cancelled"}')
    async with serving(in_turn([record("running"), event_stream(log)])) as server:
        outcome = await tailrace(server.url, "follow", JOB)
    assert 'next: ["send"]' in outcome.out
    assert f"tailrace answer {JOB} --after 1" in outcome.err


async def test_who_watches_a_job_that_asks_is_told_how_to_answer(tailrace: Tailrace):
    asks = '{"status":"waiting","attempt":1,"at":"t","interrupts":[{"id":"i","value":"Go on?"}]}'
    log = frame(1, "status", asks) + frame(2, "end", '{"status":"cancelled"}')
    async with serving(in_turn([record("running"), event_stream(log)])) as server:
        outcome = await tailrace(server.url, "follow", JOB)
    assert "Go on?" in outcome.out
    assert f"tailrace answer {JOB} --value JSON" in outcome.err


async def test_graphs_lists_names_and_fields(tailrace: Tailrace):
    fields: dict[str, object] = {"count": {}, "tag": {}}
    schema = {"properties": fields, "required": ["count"]}
    spec = {"name": "counter", "description": f"Counts.{HOSTILE}\nMore.", "input_schema": schema}
    async with serving(in_turn([json_answer({"graphs": [spec]})])) as server:
        outcome = await tailrace(server.url, "graphs")
    assert "counter" in outcome.out
    assert "count*, tag" in outcome.out
    assert "More" not in outcome.out
    assert_harmless(outcome.out)


async def test_graphs_says_which_cannot_be_run(tailrace: Tailrace):
    broken = {"reference": "f00d", "detail": f"It can't be loaded: f00d{HOSTILE}"}
    spec = {"name": "counter", "description": "", "input_schema": {}, "broken": broken}
    async with serving(in_turn([json_answer({"graphs": [spec]})])) as server:
        outcome = await tailrace(server.url, "graphs")
    assert "can't be run: It can't be loaded: f00d" in " ".join(outcome.out.split())
    assert_harmless(outcome.out)


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (problem(422, "unknown-graph", "No", detail=f"Nobody{HOSTILE}\nserves it."), "Nobody"),
        (problem(401, "unauthorized", "No credentials"), "No credentials"),
        (Answer((b"<html>",), status=404, content_type="text/html"), "like a Tailrace service"),
        (json_answer({"unexpected": True}), "not what was asked for: Job: id is missing"),
    ],
)
async def test_a_refusal_is_one_line_and_code_4(tailrace: Tailrace, answer: Answer, told: str):
    async with serving(in_turn([answer])) as server:
        outcome = await tailrace(server.url, "run", "g")
    assert outcome.code == 4
    assert outcome.out == ""
    assert outcome.err.count("\n") == 1
    assert outcome.err.startswith("tailrace: ")
    assert told in outcome.err
    assert_harmless(outcome.err)


async def test_a_service_that_is_away_is_one_line_and_code_4(tailrace: Tailrace):
    outcome = await tailrace("http://127.0.0.1:9", "follow", JOB)
    assert outcome.code == 4
    assert outcome.err.startswith("tailrace: no response from http://127.0.0.1:9")
    assert outcome.err.count("\n") == 1


@pytest.mark.parametrize(
    "arguments",
    [
        ("run", "g", "--input", "{"),
        ("run", "g", "--input", "@/does/not/exist"),
        ("run",),
        ("follow", JOB, "--after", "-1"),
        ("follow", "../jobs"),
        ("key", "a,b"),
        ("answer", JOB, "--value", "1", "--values", "{}"),
        ("answer", JOB, "--value", "yes"),
        ("fly",),
    ],
)
async def test_wrong_usage_is_code_2(tailrace: Tailrace, arguments: tuple[str, ...]):
    async with serving(in_turn([])) as server:
        outcome = await tailrace(server.url, *arguments)
    assert (outcome.code, outcome.out, server.asked) == (2, "", [])
    assert "Traceback" not in outcome.err


async def test_an_address_that_is_none_is_code_2(tailrace: Tailrace):
    assert (await tailrace("nowhere", "graphs")).code == 2


async def test_input_comes_from_a_file(tailrace: Tailrace, tmp_path: Path):
    (tmp_path / "input.json").write_text('{"from": "file"}')
    async with serving(in_turn([record("queued")])) as server:
        await tailrace(server.url, "run", "g", "--detach", "--input", f"@{tmp_path}/input.json")
    assert server.asked[0].body == b'{"graph":"g","input":{"from":"file"}}'


async def test_input_comes_from_stdin(tailrace: Tailrace, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"[1]")))
    async with serving(in_turn([record("queued")])) as server:
        await tailrace(server.url, "run", "g", "--detach", "--input", "-")
    assert server.asked[0].body == b'{"graph":"g","input":[1]}'


async def test_a_key_is_given_once_with_its_hash(tailrace: Tailrace):
    first, second = [await tailrace("http://127.0.0.1", "key", "acme") for _ in range(2)]
    lines = dict(line.split("=", 1) for line in first.out.splitlines())
    digest = hashlib.sha256(lines["TAILRACE_API_KEY"].encode()).hexdigest()
    assert lines["TAILRACE_API_KEYS"] == f"acme:{digest}"
    assert first.out != second.out


async def test_the_help_explains_the_exit_codes(tailrace: Tailrace):
    outcome = await tailrace("http://127.0.0.1", "run", "--help")
    assert "3 the job was cancelled" in " ".join(outcome.out.split())
