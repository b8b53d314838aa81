import pytest
from hypothesis import given
from hypothesis import strategies as st

from tailrace.api.relay.frames import (
    EVENT_STREAM,
    MAX_WRITE_BYTES,
    NDJSON,
    StreamFormat,
    frame,
    line,
    retry_hint,
)
from tailrace.api.relay.window import Window, write_of
from tailrace.shared.events import LoggedEvent, gap_event


def event(seq: int, size: int = 1) -> LoggedEvent:
    return LoggedEvent(seq, "custom", b"x" * size)


def window(*events: LoggedEvent, base: int = 0) -> Window:
    made = Window(EVENT_STREAM, base)
    made.add(events)
    return made


def written(source: Window, seq: int) -> bytes:
    """Everything that a listener gets that has `seq`."""
    data = b""
    while (write := source.after(seq)) is not None:
        data += write.data
        seq = write.last
        if write.ends:
            break
    return data


@given(st.lists(st.integers(1, 2 * MAX_WRITE_BYTES), min_size=1, max_size=8), st.integers(0, 8))
def test_a_listener_gets_the_frames_behind_its_number_and_nothing_else(sizes: list[int], seq: int):
    events = [event(n, size) for n, size in enumerate(sizes, 1)]
    assert written(window(*events), seq) == b"".join(frame(e) for e in events if e.seq > seq)


@given(st.lists(st.integers(1, 2 * MAX_WRITE_BYTES), min_size=1, max_size=8))
def test_a_write_holds_whole_frames_up_to_64_kib_or_one_larger_frame(sizes: list[int]):
    source, seq = window(*(event(n, size) for n, size in enumerate(sizes, 1))), 0
    while (write := source.after(seq)) is not None:
        assert write.data.endswith(b"id: %d\n\n" % write.last)
        assert len(write.data) <= MAX_WRITE_BYTES or write.last == seq + 1
        seq = write.last
    assert seq == len(sizes)


def test_listeners_with_the_same_number_share_one_write():
    source = window(event(1), event(2), event(3))
    assert source.after(1) is source.after(1)


def test_a_number_below_the_window_is_not_covered():
    source = window(event(8), base=7)
    assert not source.covers(6)
    assert source.after(6) is None
    assert source.covers(7)


def test_a_listener_that_has_more_than_the_window_gets_nothing():
    assert window(event(1)).after(5) is None


def test_missing_numbers_are_announced():
    assert written(window(event(4), base=1), 1) == frame(gap_event(2, 3, "trimmed")) + frame(
        event(4)
    )


def test_numbers_that_the_store_has_lost_are_told_from_trimmed_ones():
    again = LoggedEvent(9, "status", b'{"status":"running","attempt":2,"reason":"store_lost"}')
    assert frame(gap_event(3, 8, "lost")) in written(window(event(1), event(2), again), 0)


def test_what_is_known_already_is_not_taken_twice():
    source = window(event(1), event(2))
    source.add([event(2), event(3)])
    assert written(source, 0) == frame(event(1)) + frame(event(2)) + frame(event(3))


def test_a_page_that_goes_on_where_the_window_stops_is_taken_over():
    source, page = window(event(1), event(2)), window(event(2), event(3), event(4), base=1)
    source.take(page)
    assert written(source, 1) == frame(event(2)) + frame(event(3)) + frame(event(4))


@pytest.mark.parametrize("base", [3, 9])
def test_a_page_behind_a_hole_is_not_taken_over(base: int):
    source = window(event(1), event(2))
    source.take(window(event(base + 1), base=base))
    assert source.last == 2


def test_the_end_ends_and_is_given_again_to_who_has_its_number():
    end = LoggedEvent(2, "end", b"{}")
    source = window(event(1), end)
    assert source.after(1) == write_of(frame(end), 2, ends=True)
    assert source.after(0) == write_of(frame(event(1)) + frame(end), 2, ends=True)
    for seq in (2, 3, 1000):
        assert source.after(seq) == write_of(frame(end), 2, ends=True)


def test_the_oldest_frames_are_dropped_and_the_newest_never():
    source = window(*(event(n, 1000) for n in range(1, 101)))
    source.trim(20_000)
    assert source.size <= 10_000
    assert source.last == 100
    assert not source.covers(1)
    assert written(source, 95) == b"".join(frame(event(n, 1000)) for n in range(96, 101))
    source.trim(1)
    assert len(source) == 1
    assert source.after(99) == write_of(frame(event(100, 1000)), 100)


def test_lines_of_json_are_joined_like_frames():
    source = Window(NDJSON, 0)
    source.add([LoggedEvent(1, "custom", b'{"a":1}'), LoggedEvent(2, "end", b"{}")])
    lines = b'{"id":1,"event":"custom","data":{"a":1}}\n{"id":2,"event":"end","data":{}}\n'
    assert source.after(0) == write_of(lines, 2, ends=True)


def test_a_write_has_a_chunk_where_it_is_small_and_not_the_last() -> None:
    assert write_of(b"x" * 26, 1).chunk == b"1a\r\n" + b"x" * 26 + b"\r\n"
    assert write_of(b"x" * 5000, 1).chunk == b""
    assert write_of(b"x", 1, ends=True).chunk == b""


class Counting:
    """An encoder whose frames tell how many came before."""

    def __init__(self, count: int = 0) -> None:
        self.count = count

    def __call__(self, event: LoggedEvent) -> bytes:
        self.count += 1
        return b"%d of %d;" % (self.count, event.seq)

    def copy(self) -> "Counting":
        return Counting(self.count)


def asks(event: LoggedEvent) -> bool:
    return event.name in ("ask", "end")


COUNTED = StreamFormat("text/plain", line, b"", retry_hint, asks, Counting)


def numbered(*numbers: int, name: str = "custom") -> list[LoggedEvent]:
    return [LoggedEvent(n, name, b"{}") for n in numbers]


def test_a_stream_may_end_before_the_log_does():
    seen = Window(COUNTED, 0, Counting())
    seen.add([*numbered(1), *numbered(2, name="ask"), *numbered(3), *numbered(4, name="end")])
    first, second = seen.after(0), seen.after(2)
    assert first is not None
    assert second is not None
    assert (first.data, first.last, first.ends) == (b"1 of 1;2 of 2;", 2, True)
    assert (second.data, second.last, second.ends) == (b"3 of 3;4 of 4;", 4, True)


def test_a_window_that_does_not_know_what_came_before_only_moves_on():
    blind = Window(COUNTED, 5)
    assert blind.blind
    blind.add(numbered(6, 7))
    assert (blind.last, len(blind), blind.after(6)) == (7, 0, None)
    assert not blind.covers(6)


def test_a_blind_window_sees_with_the_page_that_continues_it():
    blind, page = Window(COUNTED, 2), Window(COUNTED, 0, Counting())
    page.add(numbered(1, 2, 3))
    blind.take(page)
    assert not blind.blind
    blind.add(numbered(4))
    page.add(numbered(4))
    assert written(blind, 2) == written(page, 2) == b"3 of 3;4 of 4;"


def test_a_blind_window_sees_with_a_page_that_stops_where_it_stops():
    blind, page = Window(COUNTED, 3), Window(COUNTED, 0, Counting())
    page.add(numbered(1, 2))
    blind.take(page)
    assert blind.blind
    page.add(numbered(3))
    blind.take(page)
    assert not blind.blind
    blind.add(numbered(4))
    assert written(blind, 3) == b"4 of 4;"


def test_a_write_of_nothing_is_no_chunk():
    assert write_of(b"", 1).chunk == b""
    assert write_of(b"x", 1).chunk == b"1\r\nx\r\n"
