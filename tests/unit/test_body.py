import json
import sys
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.types import Message

from tailrace.api.errors import BodyTooLarge, InvalidJson, Refusal, UnsupportedMediaType
from tailrace.api.http.body import parse, read_json
from tailrace.api.settings import ApiSettings

SETTINGS = ApiSettings(max_body_bytes=100)


def parsed(data: bytes) -> Any:
    return parse(data, max_depth=32, max_keys=10_000)


def nested(depth: int, opening: str = "[", closing: str = "]") -> bytes:
    return (opening * depth + closing * depth).encode()


@pytest.mark.parametrize(
    ("data", "value"),
    [
        (b"null", None),
        (b' {"a": [1, -2.5e3, true, "\\u00e9"]} ', {"a": [1, -2500.0, True, "é"]}),
        (b'"\\ud83d\\ude00"', "😀"),
        (str(2**64 - 1).encode(), 2**64 - 1),
        (str(-(2**63)).encode(), -(2**63)),
    ],
)
def test_one_json_value_is_taken_as_it_is(data: bytes, value: object):
    assert parsed(data) == value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{",
        b'{"a": 1',
        b"1 2",
        b"{} {}",
        b"[1,]",
        b"{'a': 1}",
        b"nul",
        b"\xef\xbb\xbf{}",
        b'{"a": 1, "a": 2}',
        b'[{"x": {"a": 1, "a": 1}}]',
        b"NaN",
        b"[Infinity]",
        b"-Infinity",
        b"1e400",
        b"9" * 5000,
        str(2**64).encode(),
        str(-(2**63) - 1).encode(),
        b'"\xff"',
        b'"\xed\xa0\x80"',
        b'"\\ud800"',
        b'{"\\udfff": 1}',
        b'"\\u0000"',
        b'{"a\\u0000b": 1}',
        b'"a\nb"',
        nested(33),
        nested(1000),
        nested(100_000),
        b'{"a":' * 33 + b"1" + b"}" * 33,
    ],
)
def test_what_not_every_reader_takes_for_the_same_is_invalid_json(data: bytes):
    with pytest.raises(InvalidJson):
        parsed(data)


def test_the_deepest_allowed_value_is_taken():
    assert parsed(nested(32)) is not None


def test_as_many_names_as_allowed_are_taken_and_one_more_is_not():
    def names(count: int) -> bytes:
        return json.dumps([{"a": 0}] * (count // 2) + [{"b": 0}] * (count - count // 2)).encode()

    assert len(parsed(names(10_000))) == 10_000
    with pytest.raises(InvalidJson):
        parsed(names(10_001))


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc~/ü\n"), inner),
    max_leaves=20,
)


@given(JSON)
def test_every_value_within_the_limits_comes_back(value: object):
    assert parsed(json.dumps(value).encode()) == value


@given(st.binary() | st.text().map(str.encode) | st.text('[]{}",:0.e-tfn\\ud8').map(str.encode))
def test_no_bytes_raise_anything_but_invalid_json(data: bytes):
    with suppress(InvalidJson):
        parsed(data)


def test_the_recursion_limit_is_left_alone():
    limit = sys.getrecursionlimit()
    with pytest.raises(InvalidJson):
        parsed(nested(10_000))
    assert sys.getrecursionlimit() == limit


def post(*parts: bytes, **headers: str) -> Request:
    """A request as a server would hand it to the app."""
    messages: list[Message] = [
        {"type": "http.request", "body": part, "more_body": n < len(parts)}
        for n, part in enumerate(parts, 1)
    ]

    async def receive() -> Message:
        return messages.pop(0)

    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "headers": raw}, receive)


@pytest.mark.parametrize(
    "content_type",
    [
        "application/json",
        "Application/JSON",
        "application/json; charset=utf-8",
        'application/json;charset="UTF-8"',
    ],
)
async def test_json_in_utf_8_is_read(content_type: str):
    request = post(b'{"a"', b": 1}", content_type=content_type)
    assert await read_json(request, SETTINGS) == {"a": 1}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content_type": ""},
        {"content_type": "text/plain"},
        {"content_type": "application/jsonp"},
        {"content_type": "application/json; charset=utf-16"},
        {"content_type": "application/x-www-form-urlencoded"},
        {"content_type": "multipart/form-data; boundary=x"},
        {"content_type": "application/json", "content_encoding": "gzip"},
        {"content_type": "application/json", "content_encoding": "identity, br"},
    ],
)
async def test_another_media_type_or_a_coding_is_refused(headers: dict[str, str]):
    with pytest.raises(UnsupportedMediaType):
        await read_json(post(b"{}", **headers), SETTINGS)


@pytest.mark.parametrize("declared", ["101", "9" * 30])
async def test_a_body_declared_too_large_is_refused_unread(declared: str):
    request = post(content_type="application/json", content_length=declared)
    with pytest.raises(BodyTooLarge):
        await read_json(request, SETTINGS)


async def test_a_body_that_grows_too_large_is_refused_while_it_is_read():
    request = post(b" " * 60, b" " * 60, b"never read", content_type="application/json")
    with pytest.raises(BodyTooLarge):
        await read_json(request, SETTINGS)
    assert await anext(remaining(request)) == b"never read"


async def remaining(request: Request) -> AsyncIterator[bytes]:
    message = await request.receive()
    yield message["body"]


@given(st.text(), st.text(), st.binary(max_size=200))
async def test_no_header_raises_anything_but_a_refusal(kind: str, coding: str, body: bytes):
    headers = {"content_type": f"application/json{kind}", "content_encoding": coding}
    with suppress(Refusal):
        await read_json(post(body, **headers), SETTINGS)
