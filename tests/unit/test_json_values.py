"""JSON as the client writes and reads it: nothing is changed, and nothing is taken for granted."""

import json
from dataclasses import dataclass

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailrace.json_values import JsonValue, decode, encode, parse

leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**64 - 1),
    st.floats(allow_nan=False, allow_infinity=False),
    st.text(st.characters(exclude_categories=["Cs"])),
)
values = st.recursive(
    leaves, lambda parts: st.lists(parts) | st.dictionaries(st.text("ab\n é"), parts)
)


@dataclass(frozen=True)
class Part:
    name: str


@dataclass(frozen=True)
class Whole:
    self_: str
    many: tuple[Part, ...]
    one: Part | None = None
    count: int | None = None
    extra: JsonValue = None


@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(values)
def test_what_is_written_is_what_another_reader_reads(value: object) -> None:
    assert orjson.loads(encode(value)) == value
    assert decode(encode(value)) == value


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), 2**64, -(2**63) - 1, {1: "a"}, [{None: 1}], {"a": {1}}, "\ud800"],
)
def test_what_would_change_on_its_way_is_not_written(value: object) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has words of its own
        encode(value)


def test_a_value_without_a_bottom_is_not_written() -> None:
    endless: list[object] = []
    endless.append(endless)
    with pytest.raises(ValueError, match="recursion"):
        encode(endless)


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", "{", "", b"\xff", "[" * 100_000])
def test_what_is_no_json_is_not_read(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - each has words of its own
        decode(text)


def test_an_object_is_read_into_its_dataclass() -> None:
    text = (
        '{"self": "/x", "many": [{"name": "a", "new": 1}], "count": 3, "extra": [1, {"a": null}]}'
    )
    assert parse(Whole, text) == Whole("/x", (Part("a"),), None, 3, [1, {"a": None}])


WRONG: list[object] = [
    {"self": 1},
    {"self": None},
    {"self": "", "many": {}},
    {"self": "", "many": [1]},
    {"self": "", "many": [{}]},
    {"self": "", "many": [], "one": {"name": 1}},
    {"self": "", "many": [], "count": "3"},
    {"self": "", "many": [], "count": True},
    {"self": "", "many": [], "count": 1.5},
    [],
    None,
]


@pytest.mark.parametrize("wrong", WRONG)
def test_a_value_of_another_type_is_refused(wrong: object) -> None:
    with pytest.raises(ValueError, match=r"missing|not |no type"):
        parse(Whole, json.dumps(wrong))
