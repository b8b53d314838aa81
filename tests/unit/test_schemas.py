import re
from typing import Any
from urllib.parse import unquote

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.api.errors import InvalidBody
from tailrace.api.schemas import CreateJob, job_body, parse, pointer
from tailrace.api.settings import ApiSettings
from tailrace.shared.jobs import Job, JobError, JobId, JobRequest, Pause

JOB_ID = JobId("0197a2b4-0000-7000-8000-00000000000a")
FRAGMENT = re.compile(r"#([A-Za-z0-9\-._~!$&'()*+,;=:@/?]|%[0-9A-F]{2})*")
"""What RFC 3986 allows in a fragment."""


def test_a_graph_and_an_input_are_enough():
    request = parse(CreateJob, {"graph": "any", "input": None}).request(ApiSettings())
    assert request.graph == "any"
    assert request.input is None
    assert request.stream == ("updates", "messages", "custom")
    assert "recursion_limit" not in request.config  # the graph's own is not overruled
    assert (request.interrupt_before, request.interrupt_after, request.context) == ((), (), None)


def test_everything_a_caller_says_reaches_the_request():
    body = {
        "graph": "any",
        "input": {"a": [1, None]},
        "config": {"configurable": {"user": "u"}, "tags": ["t"], "recursion_limit": 7},
        "stream": ["values", "debug"],
        "metadata": {"m": True},
        "interrupt_before": ["send", "pay"],
        "interrupt_after": "*",
        "context": {"user": "u"},
    }
    request = parse(CreateJob, body).request(ApiSettings())
    assert request.input == body["input"]
    assert request.config == body["config"]
    assert request.stream == ("values", "debug")
    assert request.metadata == {"m": True}
    assert (request.interrupt_before, request.interrupt_after) == (("send", "pay"), "*")
    assert request.context == {"user": "u"}


GIVEN: dict[str, Any] = {"graph": "any", "input": {"a": 1, "b": [{"c": 1, "d": None}]}}


WRITTEN: list[dict[str, Any]] = [
    {"input": {"b": [{"d": None, "c": 1}], "a": 1}, "graph": "any"},
    GIVEN | {"metadata": {}, "stream": ["updates", "messages", "custom"]},
    GIVEN | {"config": {"recursion_limit": 100}, "max_attempts": None},
    GIVEN | {"interrupt_before": [], "interrupt_after": [], "context": None},
]


DIGESTS: list[tuple[dict[str, Any], str]] = [
    ({}, "55db2b314f14bb6e7eeda5d09712fb01a6131e26fc79fe4e005c78e28966fa04"),
    (
        {"config": {"recursion_limit": 100, "tags": ["t"]}},
        "b8522a5482e375fb0fef2220be38a48babc62beadf40a196afcc498b8d35beae",
    ),
]


@pytest.mark.parametrize(("more", "digest"), DIGESTS)
def test_a_key_of_before_an_upgrade_still_stands_for_its_body(more: dict[str, Any], digest: str):
    assert parse(CreateJob, GIVEN | more).digest() == digest


@pytest.mark.parametrize("written", WRITTEN)
def test_a_digest_tells_what_is_asked_for_and_not_how_it_is_written(written: dict[str, Any]):
    assert parse(CreateJob, written).digest() == parse(CreateJob, GIVEN).digest()


def test_every_field_and_the_order_of_lists_count_for_the_digest():
    changes: list[dict[str, Any]] = [
        {},
        {"graph": "other"},
        {"input": {"a": 1}},
        {"input": {"a": 1.0, "b": GIVEN["input"]["b"]}},
        {"input": {"a": True, "b": GIVEN["input"]["b"]}},
        {"config": {"tags": ["t"]}},
        {"stream": ["custom"]},
        {"stream": ["messages", "updates", "custom"]},
        {"metadata": {"m": 1}},
        {"max_attempts": 3},
        {"timeout_s": 5},
        {"interrupt_before": ["a"]},
        {"interrupt_before": ["b"]},
        {"interrupt_before": "*"},
        {"interrupt_after": ["a"]},
        {"context": {}},
        {"context": {"a": 1}},
    ]
    assert len({parse(CreateJob, GIVEN | change).digest() for change in changes}) == len(changes)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"graph": 5}, "#/graph"),
        ({"graph": None}, "#/graph"),
        ({"colour": "red"}, "#/colour"),
        ({"webhook": "https://a.example"}, "#/webhook"),
        ({"stream": []}, "#/stream"),
        ({"stream": "values"}, "#/stream"),
        ({"stream": ["custom", "custom"]}, "#/stream"),
        ({"stream": ["custom", "end"]}, "#/stream/1"),
        ({"metadata": []}, "#/metadata"),
        ({"config": {"recursion_limit": 0}}, "#/config/recursion_limit"),
        ({"config": {"recursion_limit": 1001}}, "#/config/recursion_limit"),
        ({"config": {"recursion_limit": "5"}}, "#/config/recursion_limit"),
        ({"config": {"recursion_limit": True}}, "#/config/recursion_limit"),
        ({"config": {"recursion_limit": 5.0}}, "#/config/recursion_limit"),
        ({"config": {"tags": ["t" * 129]}}, "#/config/tags/0"),
        ({"config": {"callbacks": []}}, "#/config/callbacks"),
        ({"config": {"configurable": {"thread_id": "x"}}}, "#/config/configurable"),
        ({"config": {"configurable": {"checkpoint_ns": ""}}}, "#/config/configurable"),
        ({"config": {"configurable": {"__pregel_x": 1}}}, "#/config/configurable"),
        ({"config": {"configurable": {"run_id": "x"}}}, "#/config/configurable"),
        ({"config": {"configurable": {"graph_id": "x"}}}, "#/config/configurable"),
        ({"config": {"configurable": {"tenant": "x"}}}, "#/config/configurable"),
        ({"config": {"configurable": {"langgraph_auth_user": {}}}}, "#/config/configurable"),
        ({"context": []}, "#/context"),
        ({"context": "u"}, "#/context"),
        ({"interrupt_before": "send"}, "#/interrupt_before"),
        ({"interrupt_before": [5]}, "#/interrupt_before/0"),
        ({"interrupt_after": {"a": 1}}, "#/interrupt_after"),
        ({"a/b~c": 1}, "#/a~1b~0c"),
        ({"a b": 1}, "#/a%20b"),
    ],
)
def test_a_wrong_field_is_named_by_its_pointer(change: dict[str, Any], place: str):
    with pytest.raises(InvalidBody) as refusal:
        parse(CreateJob, {"graph": "any", "input": {}} | change)
    assert place in {error.pointer for error in refusal.value.errors}


@pytest.mark.parametrize("body", [None, [], "text", 5, True])
def test_a_body_that_is_no_object_is_refused(body: object):
    with pytest.raises(InvalidBody) as refusal:
        parse(CreateJob, body)
    assert [error.pointer for error in refusal.value.errors] == ["#"]


def test_missing_fields_are_all_named():
    with pytest.raises(InvalidBody) as refusal:
        parse(CreateJob, {})
    assert {error.pointer for error in refusal.value.errors} == {"#/graph", "#/input"}


def test_a_body_full_of_wrong_fields_gets_a_short_answer():
    with pytest.raises(InvalidBody) as refusal:
        parse(CreateJob, {f"field-{n}": 0 for n in range(10_000)})
    assert len(refusal.value.errors) <= 20


@given(st.lists(st.text(max_size=30) | st.integers(0, 99)))
def test_a_pointer_is_a_uri_fragment_that_leads_back_to_its_place(path: list[str | int]):
    fragment = pointer(tuple(path))
    assert FRAGMENT.fullmatch(fragment)
    parts = unquote(fragment[1:]).split("/")[1:]
    assert [p.replace("~1", "/").replace("~0", "~") for p in parts] == [str(p) for p in path]


@pytest.mark.parametrize("name", ["~" * 300, "é" * 300, "%" * 300])
def test_a_long_name_is_cut_without_breaking_the_pointer(name: str):
    fragment = pointer((name,))
    assert FRAGMENT.fullmatch(fragment)
    assert len(fragment) < 1000
    assert name.startswith(unquote(fragment[2:]).replace("~1", "/").replace("~0", "~"))


def job(**changes: Any) -> Job:
    base = Job(JOB_ID, "ann", JobRequest("any", {"x": 1}), "queued", 0, 1, "2026-01-01T00:00:00Z")
    return Job(**{name: getattr(base, name) for name in Job.__slots__} | changes)


def test_a_queued_job_looks_as_the_protocol_says():
    assert orjson.loads(job_body(job(), f"/jobs/{JOB_ID}/events", "")) == {
        "id": JOB_ID,
        "graph": "any",
        "status": "queued",
        "attempt": 0,
        "created_at": "2026-01-01T00:00:00Z",
        "urls": {
            "self": f"/jobs/{JOB_ID}",
            "events": f"/jobs/{JOB_ID}/events",
            "cancel": f"/jobs/{JOB_ID}/cancel",
        },
    }


def test_a_waiting_job_shows_where_it_stopped_and_what_comes_next():
    body = orjson.loads(job_body(job(status="waiting", seq=7, pause=Pause(next=("send",))), "", ""))
    assert (body["interrupts"], body["next"], body["after"]) == ([], ["send"], 7)


@pytest.mark.parametrize("status", ["queued", "running", "succeeded", "failed", "cancelled"])
def test_a_job_that_does_not_wait_shows_nothing_of_its_last_stop(status: Any):
    body = orjson.loads(job_body(job(status=status, seq=7, pause=Pause(next=("send",))), "", ""))
    assert body.keys().isdisjoint({"interrupts", "next", "after"})


def test_a_result_travels_as_it_is_also_null():
    assert orjson.loads(job_body(job(status="succeeded", result=b"null"), "", ""))["result"] is None
    assert orjson.loads(job_body(job(result=b'{"a":1}'), "", ""))["result"] == {"a": 1}


def test_an_error_is_shown_with_its_type():
    body = orjson.loads(
        job_body(job(status="failed", error=JobError("timeout", "Too long.")), "", "")
    )
    assert body["error"] == {"type": "timeout", "detail": "Too long.", "retryable": False}


def test_neither_input_nor_tenant_is_shown():
    body = orjson.loads(job_body(job(), "", ""))
    assert not {"input", "tenant", "seq", "token"} & set(body)
