import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.api.errors import InvalidCursor
from tailrace.api.relay.cursor import Cursor, parse_cursor

LARGEST = 2**63 - 1


@pytest.mark.parametrize("text", ["", "0", "-1"])
def test_three_forms_mean_from_the_start(text: str):
    assert parse_cursor([text], []) == Cursor(0, from_header=True)
    assert parse_cursor([], [text]) == Cursor(0, from_header=False)


def test_without_a_cursor_a_stream_begins_at_the_start():
    assert parse_cursor([], []) == Cursor(0, from_header=False)


def test_the_header_wins():
    assert parse_cursor(["7"], ["3"]) == Cursor(7, from_header=True)
    assert parse_cursor([""], ["3"]) == Cursor(0, from_header=True)
    assert parse_cursor(["7"], ["words"]) == Cursor(7, from_header=True)


BAD = [
    "$",
    ">",
    "+",
    "-",
    "*",
    "-2",
    "+1",
    " 1",
    "1 ",
    "1\n",
    "1.0",
    "1e3",
    "0x1",
    "1_0",
    "1-0",
    "1,2",
    "[1]",
    "last",
    "NaN",
    "\uff11\uff12",
    "\u0663",
    "\u00b2",
    "\0",
    str(LARGEST + 1),
    "9" * 19,
    "0" * 20,
    "9" * 5000,
]


@pytest.mark.parametrize("text", BAD)
def test_what_is_no_number_of_an_event_is_refused(text: str):
    with pytest.raises(InvalidCursor):
        parse_cursor([text], [])
    with pytest.raises(InvalidCursor):
        parse_cursor([], [text])


@pytest.mark.parametrize(("headers", "queries"), [(["1", "1"], []), ([], ["1", "2"])])
def test_two_cursors_are_refused(headers: list[str], queries: list[str]):
    with pytest.raises(InvalidCursor):
        parse_cursor(headers, queries)


@given(st.integers(0, LARGEST))
def test_every_number_an_event_could_have_is_taken(seq: int):
    assert parse_cursor([str(seq)], []).seq == seq


@given(st.text())
def test_any_text_is_a_number_of_ascii_digits_or_refused(text: str):
    try:
        seq = parse_cursor([text], []).seq
    except InvalidCursor:
        return
    assert text in ("", "-1") or (text.isascii() and int(text) == seq <= LARGEST)
