import re
from collections.abc import Iterable

import orjson
import pytest
from httpx_sse import ServerSentEvent
from httpx_sse._decoders import SSEDecoder
from hypothesis import given
from hypothesis import strategies as st

from tailrace.api.relay.frames import EVENT_STREAM, NDJSON, frame, line, retry_hint
from tailrace.shared.events import LoggedEvent, encode, gap_event

NAMES = ["status", "updates", "values", "custom", "messages", "tasks", "checkpoints", "debug"]
VALUES = st.dictionaries(st.text(max_size=5), st.text() | st.integers(0, 2**53), max_size=5)
EVENTS = st.lists(
    st.builds(LoggedEvent, st.integers(1, 2**63), st.sampled_from(NAMES), VALUES.map(encode))
)


@pytest.mark.parametrize("name", NAMES)
def test_a_frame_is_event_data_id_and_a_blank_line(name: str):
    assert frame(LoggedEvent(7, name, b'{"a":1}')) == b'event: %b\ndata: {"a":1}\nid: 7\n\n' % (
        name.encode()
    )


def test_only_the_closing_frame_asks_to_stay_away_and_does_so_behind_its_data():
    assert frame(LoggedEvent(3, "end", b'{"status":"failed"}')) == (
        b'event: end\ndata: {"status":"failed"}\nretry: 86400000\nid: 3\n\n'
    )


def test_a_gap_has_the_number_of_the_last_event_that_is_missing():
    assert frame(gap_event(2, 9, "trimmed")) == (
        b'event: gap\ndata: {"from":2,"to":9,"reason":"trimmed"}\nid: 9\n\n'
    )


def test_a_heartbeat_is_a_comment_and_ends_no_block():
    assert EVENT_STREAM.heartbeat == b": hb\n"
    assert NDJSON.heartbeat == b"\n"


def test_clients_are_asked_back_in_one_to_three_seconds_each_in_its_own():
    lines = {retry_hint() for _ in range(1000)}
    assert all(re.fullmatch(rb"retry: \d{4}\n", line) for line in lines)
    waits = [int(line.split()[1]) for line in lines]
    assert min(waits) >= 1000
    assert max(waits) <= 3000
    assert max(waits) - min(waits) > 1000


@given(EVENTS)
def test_a_line_of_json_is_the_event_and_one_line_for_every_reader(events: list[LoggedEvent]):
    for event in events:
        [text] = line(event).decode().splitlines()
        value = orjson.loads(text)
        assert value == {"id": event.seq, "event": event.name, "data": orjson.loads(event.data)}


@given(EVENTS)
def test_a_decoder_of_others_reads_the_events_back(events: list[LoggedEvent]):
    text = b"".join(EVENT_STREAM.heartbeat + frame(e) for e in events).decode()
    read = [(e.event, e.data, e.id) for e in decoded(text.splitlines())]
    assert read == [(e.name, e.data.decode(), str(e.seq)) for e in events]


def decoded(lines: Iterable[str]) -> list[ServerSentEvent]:
    decoder = SSEDecoder()
    events = [decoder.decode(line) for line in lines]
    return [event for event in events if event is not None]
