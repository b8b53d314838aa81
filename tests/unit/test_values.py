"""What a graph gives as JSON: PROTOCOL's forms, what has none, and that JSON stays JSON."""

import json
import re
from collections import OrderedDict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, tzinfo
from decimal import Decimal
from enum import Enum, StrEnum
from ipaddress import ip_address, ip_network
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import numpy
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langgraph.types import Send
from pydantic import BaseModel, SecretBytes, SecretStr, field_serializer

from tailrace.shared.errors import Unserializable
from tailrace.shared.events import encode, encode_value
from tests.support.markdown import ROOT
from tests.support.values import KEPT, SECRET

unhurried = settings(deadline=None, max_examples=150, suppress_health_check=[HealthCheck.too_slow])


class Colour(Enum):
    RED = "red"


class SetOf(StrEnum):
    RED = "red"


class Model(BaseModel):
    size: int


@dataclass
class Data:
    size: int


DOCUMENTED = re.findall(
    r"^\| (`.*`)(?:, a named tuple)? \| `(.*)` \|$",
    (ROOT / "PROTOCOL.md").read_text().partition("| in Python | in JSON |")[2].partition("\n\n")[0],
    re.MULTILINE,
)
NAMES: dict[str, Any] = {
    **{kind.__name__: kind for kind in (Colour, SetOf, Model, Data, SecretStr, SecretBytes, Send)},
    **{kind.__name__: kind for kind in (datetime, date, time, timedelta, ZoneInfo, UUID, Path)},
    **{f.__name__: f for f in (Decimal, deque, ip_address, ip_network, numpy.array)},
    "re": re,
    "nan": float("nan"),
    "inf": float("inf"),
}


@pytest.mark.parametrize(("shown", "text"), DOCUMENTED)
def test_a_documented_value_has_the_documented_form(shown: str, text: str) -> None:
    values = [eval(one, dict(NAMES)) for one in re.findall("`(.*?)`", shown)]

    assert [encode_value(value).decode() for value in values] == [text] * len(values)


def test_protocol_documents_more_than_a_few_values() -> None:
    assert len(DOCUMENTED) > 20


def strictly(data: bytes) -> Any:
    """The value of JSON in which no name comes twice and every number is one."""

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        assert len(dict(pairs)) == len(pairs), "a name twice"
        return dict(pairs)

    def refuse(word: str) -> None:
        raise AssertionError(word)

    return json.loads(data.decode(), object_pairs_hook=once, parse_constant=refuse)


@pytest.mark.parametrize(("value", "plain"), KEPT.values(), ids=KEPT)
def test_what_a_checkpoint_keeps_has_one_form_wherever_it_stands(value: Any, plain: Any) -> None:
    assert strictly(encode_value(value)) == plain
    # Deep within what is written with care, and beside it.
    assert strictly(encode_value({1: [value], "beside": value})) == {"1": [plain], "beside": plain}


class Naming(str):
    """A text of its own type."""


class Number(float):
    """A number of its own type."""


class Shift(tzinfo):
    """A time zone that orjson does not know."""

    def utcoffset(self, _: datetime | None) -> timedelta:
        return timedelta(hours=1)


class Uuid(UUID):
    """An id of its own type."""


MORE: list[tuple[Any, Any]] = [
    (2**64, str(2**64)),
    (-(2**63) - 1, str(-(2**63) - 1)),
    (1 + 2j, [1.0, 2.0]),
    (numpy.complex64(1 + 2j), [1.0, 2.0]),
    (numpy.float32(0.1), 0.1),
    (numpy.int8(-3), -3),
    (numpy.bool_(True), True),
    (numpy.longdouble(1.5), 1.5),
    (numpy.datetime64("2026-03-02"), "2026-03-02"),
    (numpy.datetime64("NaT", "s"), None),
    (numpy.datetime64("20201-01-01"), "20201-01-01"),
    (numpy.datetime64(1, "ns"), "1970-01-01T00:00:00.000000001"),
    (numpy.timedelta64(1, "s"), "PT1S"),
    (numpy.timedelta64(5, "ns"), "5 nanoseconds"),
    (numpy.array(["2026-03-02", "NaT"], dtype="M8[s]")[::-1], [None, "2026-03-02T00:00:00"]),
    (numpy.array([None, {"a": b"a"}, 2**70]), [None, {"a": {"$bytes": "YQ=="}}, str(2**70)]),
    (memoryview(bytes(range(4)))[::2], {"$bytes": "AAI="}),
    (MappingProxyType({"a": 1}), {"a": 1}),
    (PurePosixPath("a/b"), "a/b"),
    (Naming("a"), "a"),
    ({Naming("a"): 1}, {"a": 1}),
    (Number(1.5), 1.5),
    (Uuid(int=1), str(UUID(int=1))),
    (datetime(2026, 3, 2, tzinfo=Shift()), "2026-03-02T00:00:00+01:00"),
    ("\ud83d\ude00", "\U0001f600"),
    (dict.fromkeys(["\ud83d", "\udfff"], 1), {"\ufffd": 1, "\ufffd (2)": 1}),
    ({1: 1, "1": 2, "1 (2)": 3}, {"1": 1, "1 (2)": 2, "1 (2) (2)": 3}),
    ({float("nan"): 1, None: 2}, {"null": 1, "null (2)": 2}),
    ({frozenset({2, 1}): 1, Path("a"): 2, Decimal(1): 3}, {"[1,2]": 1, "a": 2, "1": 3}),
    ({SecretStr(SECRET): 1}, {"*" * 10: 1}),
    ({"text": 'a "$bytes": b'}, {"text": 'a "$bytes": b'}),
    (OrderedDict({"$blob": {"$bytes": b"a"}}), {"$$blob": {"$$bytes": {"$bytes": "YQ=="}}}),
    ({frozenset(["b", "a", "c"])}, [["a", "b", "c"]]),
]


@pytest.mark.parametrize(("value", "plain"), MORE)
def test_what_a_node_may_write_besides_has_a_form_too(value: Any, plain: Any) -> None:
    assert strictly(encode_value({"v": value})) == {"v": plain}


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def test_a_value_may_be_512_levels_deep() -> None:
    assert strictly(encode_value(nested(511))) == nested(511)
    with pytest.raises(Unserializable):
        encode_value(nested(512))


def ring() -> list[Any]:
    value: list[Any] = []
    value.append({"x": value})
    return value


def ring_of_deques() -> deque[Any]:
    value = deque[Any]()
    value.append(value)
    return value


class Anonymous:
    def __repr__(self) -> str:
        return SECRET


class Untellable(BaseModel):
    name: str

    @field_serializer("name")
    def _refuse(self, value: str) -> str:
        raise ValueError(f"no words for {value}")


class Elusive:
    def dict(self) -> "Elusive":
        return self


def generator() -> Any:
    return (x for x in SECRET)


UNSERIALIZABLE: dict[str, tuple[Callable[[], Any], str]] = {
    "a cycle": (ring, "deep[1][0].x: list that contains itself"),
    "a cycle that is made anew": (ring_of_deques, "list below 512 levels of others"),
    "a deep list": (lambda: nested(100_000), "[0]…[0]"),
    "an object": (Anonymous, "deep[1]: tests.unit.test_values.Anonymous"),
    "an object as a key": (lambda: {"a": 1, Anonymous(): 1}, "deep[1]: a name of type"),
    "an object behind a strange key": (
        lambda: {(1, "a"): object()},
        """deep[1]['[1,"a"]']: object""",
    ),
    "an object behind a long key": (lambda: {"-" + "k" * 1000: object()}, "k" * 63 + "']: object"),
    "a model that fails": (
        lambda: Untellable(name=SECRET),
        "Untellable, PydanticSerializationError",
    ),
    "a thing that is its own form": (Elusive, "Elusive"),
    "a class": (lambda: Model, "deep[1]: "),
    "a function": (lambda: encode, "deep[1]: function"),
    "a generator": (generator, "deep[1]: generator"),
    "a range": (lambda: range(3), "deep[1]: range"),
    "a number that Python does not write": (lambda: 1 << 40_000, "deep[1]: int, ValueError"),
}


@pytest.mark.parametrize(("make", "named"), UNSERIALIZABLE.values(), ids=UNSERIALIZABLE)
def test_what_has_no_form_is_named_by_place_and_type_and_never_shown(
    make: Callable[[], Any], named: str
) -> None:
    with pytest.raises(Unserializable) as caught:
        encode_value({"deep": ["beside", make()]})

    assert named in str(caught.value)
    assert SECRET not in str(caught.value)
    assert len(str(caught.value)) < 300


def test_what_was_read_from_json_is_written_as_it_was() -> None:
    for text in (b'{"$bytes":"YQ=="}', b"[" * 400 + b"]" * 400):
        assert encode(json.loads(text)) == text


LEAVES = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.text(st.characters(categories=["Cs", "Lu"]))
    | st.binary()
    | st.decimals()
    | st.uuids()
    | st.datetimes(timezones=st.none() | st.timezones())
    | st.dates()
    | st.timedeltas()
    | st.complex_numbers()
    | st.ip_addresses()
    | st.sampled_from([value for value, _ in KEPT.values()])
)
KEYS: Any = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
    | st.sampled_from(["$bytes", "$$blob", "1", "1 (2)", Colour.RED, "red", "\ud83d", "null"]),
    lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=2),
    max_leaves=3,
)  # fmt: skip
VALUES: Any = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.lists(inner, max_size=4).map(deque)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.builds(Data, inner)
        | st.builds(Send, st.text(), inner)
    ),
    max_leaves=12,
)


@unhurried
@given(VALUES)
def test_any_value_is_one_line_of_strict_json_and_the_same_each_time(value: Any) -> None:
    data = encode_value(value)

    strictly(data)
    assert len(data.decode().splitlines()) == 1
    assert encode_value(value) == data


@unhurried
@given(VALUES)
def test_a_value_has_the_same_form_beside_something_that_takes_care(value: Any) -> None:
    assert encode_value([value, {1: b""}]) == b"[" + encode_value(value) + b',{"1":{"$bytes":""}}]'


@unhurried
@given(st.dictionaries(st.from_regex(r"\$*(bytes|blob|ref)", fullmatch=True), st.text()))
def test_a_reader_gets_the_graphs_own_names_back(value: dict[str, str]) -> None:
    read = strictly(encode_value(value))

    assert not read.keys() & {"$bytes", "$blob"}
    assert {re.sub(r"^\$(?=\$*(bytes|blob)$)", "", name): read[name] for name in read} == value
