import json
from typing import Any, get_args

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tailrace.shared.events import (
    EventName,
    decode,
    encode,
    end_event,
    gap_event,
    status_event,
)
from tailrace.shared.jobs import Interrupt, JobError, Pause

# A machine under load is no failure.
unhurried = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NUMBERS = st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False, allow_infinity=False)
JSON = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


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
