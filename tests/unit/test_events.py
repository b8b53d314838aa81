import json
from collections import OrderedDict, deque
from dataclasses import dataclass
from decimal import Decimal
from pathlib import PurePosixPath
from types import MappingProxyType
from typing import Any, NamedTuple, get_args

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from langchain_core.messages import HumanMessage
from pydantic import BaseModel, field_serializer

from tailrace.shared.errors import Unserializable
from tailrace.shared.events import EventName, decode, encode, end_event, gap_event, status_event
from tailrace.shared.jobs import Interrupt, JobError, Pause

SECRET = "sk-secret"

# A machine under load is no failure.
unhurried = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


class Point(NamedTuple):
    x: int
    y: int


@dataclass
class Gate:
    width: int
    open: bool


class Mill(BaseModel):
    name: str
    gates: list[Gate]


class Untellable(BaseModel):
    name: str

    @field_serializer("name")
    def _refuse(self, value: str) -> str:
        raise ValueError(f"no words for {value}")


@unhurried
@given(JSON)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    assert decode(encode(value)) == value


@unhurried
@given(JSON)
def test_encoded_is_one_line_for_every_reader(value: Any) -> None:
    data = encode(value)

    assert len(data.splitlines()) == 1
    assert len(data.decode().splitlines()) == 1


@unhurried
@given(st.lists(st.sampled_from(["\n", "\r", "\v", "\f", "\x1c", "\x85", "\u2028", "\u2029", "x"])))
def test_no_line_break_of_any_kind_is_written_raw(breaks: list[str]) -> None:
    text = "".join(breaks)
    data = encode({text: text})

    assert len(data.decode().splitlines()) == 1
    assert json.loads(data) == {text: text}


def test_the_line_breaks_that_json_allows_are_escaped() -> None:
    assert encode("\u2028\u2029\x85\n") == rb'"\u2028\u2029\u0085\n"'


def test_letters_that_share_bytes_with_line_breaks_stay_as_they_are() -> None:
    text = "\u2027\u202a\u0084\u0086\u0145\u5085"

    assert encode(text) == f'"{text}"'.encode()


PLAIN: list[tuple[Any, Any]] = [
    ({3}, [3]),
    (frozenset({3}), [3]),
    (deque([1, 2]), [1, 2]),
    (Point(1, 2), [1, 2]),
    (OrderedDict(a=1), {"a": 1}),
    (MappingProxyType({"a": 1}), {"a": 1}),
    (Decimal("1.10"), "1.10"),
    (PurePosixPath("a/b"), "a/b"),
    (Gate(3, open=True), {"width": 3, "open": True}),
    (
        Mill(name="m", gates=[Gate(1, False)]),
        {"name": "m", "gates": [{"width": 1, "open": False}]},
    ),
    ({1: "a", None: "b"}, {"1": "a", "null": "b"}),
    (float("nan"), None),
    (2**64 - 1, 2**64 - 1),
]


@pytest.mark.parametrize(("value", "plain"), PLAIN, ids=lambda value: type(value).__name__)
def test_what_graphs_use_is_written_as_its_plain_counterpart(value: Any, plain: Any) -> None:
    assert json.loads(encode({"v": value})) == {"v": plain}


def test_a_message_is_written_whole() -> None:
    written = json.loads(encode(HumanMessage("hello", id="m1")))

    assert {"type": "human", "id": "m1", "content": "hello"}.items() <= written.items()


def test_an_exception_is_written_as_the_name_of_its_class_alone() -> None:
    assert encode([ValueError(SECRET)]) == b'["ValueError"]'


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


def ring() -> list[Any]:
    value: list[Any] = []
    value.append(value)
    return value


def ring_of_sets() -> list[Any]:
    value: list[Any] = []
    value.append(deque([value]))
    return value


class Anonymous:
    def __repr__(self) -> str:
        return SECRET


UNSERIALIZABLE = {
    "bytes": (SECRET.encode(), "bytes"),
    "a big number": (2**64, "64-bit"),
    "a small number": (-(2**63) - 1, "64-bit"),
    "a lone surrogate": ("\ud800" + SECRET, "surrogate"),
    "a lone surrogate in a key": ({"\udfff" + SECRET: 1}, "surrogate"),
    "a cycle": (ring(), "ecursion"),
    "a cycle through a deque": (ring_of_sets(), "ecursion"),
    "a deep list": (nested(100_000), "ecursion"),
    "a tuple as a key": ({(SECRET, 1): 1}, "ey"),
    "an object": (Anonymous(), "Anonymous"),
    "a class": (Mill, ""),
    "a function": (encode, "function"),
    "a generator": ((x for x in SECRET), "generator"),
}


@pytest.mark.parametrize(("value", "named"), UNSERIALIZABLE.values(), ids=UNSERIALIZABLE)
def test_what_json_cannot_hold_is_refused_by_type_and_never_shown(value: Any, named: str) -> None:
    with pytest.raises(Unserializable) as caught:
        encode({"deep": [value]})

    assert named in str(caught.value)
    assert SECRET not in str(caught.value)


def test_the_words_of_a_model_that_fails_to_serialize_are_not_shown() -> None:
    with pytest.raises(Unserializable) as caught:
        encode(Untellable(name=SECRET))

    assert SECRET not in str(caught.value)


def test_a_status_event_says_status_attempt_and_time() -> None:
    event = status_event("queued", 0, "2026-01-01T00:00:00.000Z")

    assert event.name == "status"
    assert event.data == b'{"status":"queued","attempt":0,"at":"2026-01-01T00:00:00.000Z"}'


def test_a_status_event_says_why_and_what_is_asked_where_there_is_something_to_say() -> None:
    again = status_event("queued", 1, "t", reason="retry")
    waiting = status_event(
        "waiting", 1, "t", pause=Pause((Interrupt("i1", {"ask": "?"}),), ("ask",))
    )

    assert again.data == b'{"status":"queued","attempt":1,"at":"t","reason":"retry"}'
    assert decode(waiting.data)["interrupts"] == [{"id": "i1", "value": {"ask": "?"}}]
    assert decode(waiting.data)["next"] == ["ask"]


def test_end_carries_the_result_as_it_is() -> None:
    assert (
        end_event("succeeded", result=b"[1, 2]").data == b'{"status":"succeeded","result":[1, 2]}'
    )


def test_end_of_a_job_that_succeeded_with_null_says_so() -> None:
    assert end_event("succeeded", result=b"null").data == b'{"status":"succeeded","result":null}'


def test_end_carries_the_error_in_three_fields() -> None:
    error = JobError("timeout", "too long", retryable=True)

    assert decode(end_event("failed", error=error).data) == {
        "status": "failed",
        "error": {"type": "timeout", "detail": "too long", "retryable": True},
    }


def test_end_without_result_and_error_has_the_status_alone() -> None:
    assert end_event("cancelled").data == b'{"status":"cancelled"}'


def test_a_gap_has_the_number_of_the_last_event_that_is_missing() -> None:
    gap = gap_event(4, 9, "trimmed")

    assert (gap.seq, gap.name) == (9, "gap")
    assert decode(gap.data) == {"from": 4, "to": 9, "reason": "trimmed"}


def test_no_event_has_a_name_that_collides_with_those_of_event_source() -> None:
    assert not {"error", "open", "message"} & set(get_args(EventName))
