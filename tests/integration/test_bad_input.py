"""Bad input: one right answer each, and never a 500."""

import json
from collections.abc import Iterator

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.posting import GOOD, JSON, assert_problem, post
from tests.support.service import Api, Logs
from tests.support.wire import answered, ask, connected, request


@pytest.fixture(autouse=True)
async def graphs(logs: Logs) -> None:
    """A worker has announced a graph that takes anything and one that takes a number."""
    await logs.announce()


SYNTAX = [b"", b"{", b"{} {}", b"[1,]", b'{"graph":1,"graph":2}', b"NaN", b'{"a":Infinity}']
LIMITS = [b"9" * 5000, b'"\xff"', b"[" * 33 + b"]" * 33, b'"\\ud800"', b'"\\u0000"', b"1e999"]


@pytest.mark.parametrize("body", [*SYNTAX, *LIMITS, json.dumps([{"a": 0}] * 10_001).encode()])
async def test_what_is_not_json_is_400(api: Api, body: bytes):
    assert_problem(await post(api, body), 400, "invalid-json")


@pytest.mark.parametrize(
    "body",
    [
        b"null",
        b"[]",
        b'"text"',
        b"{}",
        b'{"graph":"any"}',
        b'{"graph":5,"input":{}}',
        b'{"graph":"any","input":{},"priority":1}',
        b'{"graph":"any","input":{},"stream":["end"]}',
        b'{"graph":"any","input":{},"config":{"recursion_limit":"5"}}',
        b'{"graph":"any","input":{},"config":{"configurable":{"thread_id":"x"}}}',
    ],
)
async def test_wrong_fields_are_422_with_their_places(api: Api, body: bytes):
    problem = assert_problem(await post(api, body), 422, "invalid-body")
    assert all(error["pointer"].startswith("#") for error in problem["errors"])


@pytest.mark.parametrize(
    "graph", ["", "nobody", "os:system", "../../etc/passwd", "a\nb", "\u202e", "g" * 10_000]
)
async def test_a_graph_that_nobody_serves_is_422_and_not_echoed(api: Api, graph: str):
    exchange = await post(api, {"graph": graph, "input": {}})
    assert_problem(exchange, 422, "unknown-graph")
    assert len(exchange.body) < 300


@pytest.mark.parametrize(
    ("value", "place"),
    [({}, "#/input"), ({"n": 0}, "#/input/n"), ({"n": "1"}, "#/input/n"), (5, "#/input")],
)
async def test_an_input_that_the_graph_refuses_is_422(api: Api, value: object, place: str):
    problem = assert_problem(
        await post(api, {"graph": "number", "input": value}), 422, "invalid-input"
    )
    assert [error["pointer"] for error in problem["errors"]] == [place]


async def test_a_body_declared_too_large_is_refused_on_its_header_alone(api: Api):
    async with connected(api.port) as (reader, writer):
        head = ["POST /jobs HTTP/1.1", "Host: x", JSON, "Content-Length: 1048577", "", ""]
        writer.write("\r\n".join(head).encode())
        exchange = await answered(reader)
        await exchange.rest()
    assert_problem(exchange, 413, "body-too-large")


async def test_a_body_that_grows_too_large_is_refused_while_it_comes(api: Api):
    def chunks() -> Iterator[bytes]:
        for _ in range(17):
            yield b"10000\r\n" + b" " * 65536 + b"\r\n"

    async with connected(api.port) as (reader, writer):
        head = ["POST /jobs HTTP/1.1", "Host: x", JSON, "Transfer-Encoding: chunked", "", ""]
        writer.write("\r\n".join(head).encode())
        for chunk in chunks():
            writer.write(chunk)
        exchange = await answered(reader)
        await exchange.rest()
    assert_problem(exchange, 413, "body-too-large")


async def test_who_waits_for_100_continue_gets_it_only_if_the_body_is_wanted(api: Api):
    for length, status in (("26", 100), ("9999999", 413)):
        async with connected(api.port) as (reader, writer):
            headers = (JSON, f"Content-Length: {length}", "Expect: 100-continue")
            writer.write(request("POST", "/jobs", *headers))
            first = await answered(reader, "HEAD")
            assert first.head.status == status
            if status == 100:
                writer.write(GOOD)
                assert (await answered(reader)).head.status == 202


@pytest.mark.parametrize(
    "headers",
    [
        ["Content-Type: text/plain"],
        ["Accept: */*"],
        ["Content-Type: application/json; charset=latin-1"],
        [JSON, "Content-Encoding: gzip"],
    ],
)
async def test_what_is_not_plain_json_is_415(api: Api, headers: list[str]):
    assert_problem(await post(api, GOOD, *headers), 415, "unsupported-media-type")


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
BODIES = st.fixed_dictionaries(
    {},
    optional={
        "graph": st.sampled_from(["any", "number", "nobody"]) | VALUES,
        "input": st.fixed_dictionaries({"n": VALUES}) | VALUES,
        "config": st.dictionaries(
            st.sampled_from(["configurable", "tags", "recursion_limit"]), VALUES
        ),
        "stream": st.lists(st.sampled_from(["values", "custom"]) | VALUES),
        "metadata": VALUES,
        "anything": VALUES,
    },
)


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.binary(max_size=60) | BODIES.map(lambda body: json.dumps(body).encode()))
async def test_no_body_gives_a_500(api: Api, body: bytes):
    exchange = await post(api, body or b" ")
    assert exchange.head.status in (202, 400, 422), exchange.body
    if exchange.head.status != 202:
        assert_problem(exchange, exchange.head.status, orjson.loads(exchange.body)["type"])


SEGMENT = st.text(st.characters(codec="ascii", exclude_categories=["Cc"], exclude_characters=" "))


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.sampled_from(["GET", "POST", "HEAD"]),
    SEGMENT,
    SEGMENT,
    st.lists(st.binary(max_size=8).map(lambda b: "%" + b.hex("%")), max_size=2),
)
async def test_no_path_query_or_cursor_gives_a_500(
    api: Api, method: str, segment: str, cursor: str, escapes: list[str]
):
    target = f"/jobs/{segment}{''.join(e for e in escapes if len(e) > 1)}/events?after={cursor}"
    exchange = await ask(api.port, method, target, f"Last-Event-ID: {cursor}")
    assert 200 <= exchange.head.status < 500
