"""`Prefer: wait`, as RFC 7240 writes it and as it is written wrongly."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.requests import Request

from tailrace.api.http.negotiation import preferred_wait_s


def preferring(*prefer: str) -> Request:
    headers = [(b"prefer", value.encode("latin-1")) for value in prefer]
    return Request({"type": "http", "headers": headers})


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [
        ([], None),
        (["wait=5"], 5),
        (["Wait = 5"], 5),
        (['wait="5"'], 5),
        (["wait=0"], 0),
        (["wait=5; strict"], 5),
        (["respond-async, wait=10"], 10),
        (["respond-async", "wait=10"], 10),
        (["wait=1, wait=2"], 1),
        (['foo="a, wait=9", wait=3'], 3),
        (['foo; bar="wait=9, wait=9";baz, wait=3'], 3),
        (["foo; wait=9"], None),
        (["await=9"], None),
        (["wait"], None),
        (["wait="], None),
        (["wait=x"], None),
        (["wait=-1"], None),
        (["wait=1.5"], None),
        (["wait=1e3"], None),
        (["wait=\xb2"], None),
        (["wait=9999999999"], None),
    ],
)
def test_the_first_wait_counts_and_what_is_no_whole_number_is_none(
    prefer: list[str], seconds: int | None
):
    assert preferred_wait_s(preferring(*prefer)) == seconds


@settings(deadline=None)
@given(st.text(st.characters(codec="latin-1", exclude_categories=["Cc"]), max_size=300))
def test_anything_at_all_is_read_or_ignored(prefer: str):
    seconds = preferred_wait_s(preferring(prefer))
    assert seconds is None or str(seconds) in prefer


@pytest.mark.timeout(5)
@pytest.mark.parametrize("part", ['"', '\\"', "a=", ",a", ' "a\\', "a; "])
def test_a_long_header_is_read_in_no_time(part: str):
    assert preferred_wait_s(preferring(part * 20_000)) is None
