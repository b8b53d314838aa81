"""A job's events through the client, from a server that sends exact bytes and cuts anywhere."""

import asyncio
from contextlib import aclosing
from dataclasses import replace
from itertools import cycle

import pytest

from tailrace import (
    ApiError,
    EventsExpired,
    JobNotFound,
    Patience,
    ProtocolBroken,
    ReceivedEvent,
    Reconnect,
    Tailrace,
    Unauthorized,
    Unreachable,
)
from tests.support.processes import free_port
from tests.support.sse_server import (
    Answer,
    Asked,
    Ending,
    event_stream,
    frame,
    in_turn,
    json_answer,
    problem,
    serving,
)

HURRIED = Patience(response_s=5, silence_s=5, outage_s=0.2, first_wait_s=0.001, longest_wait_s=0.01)
UNHURRIED = replace(HURRIED, outage_s=5)
"""For what never is an outage, also on a machine that does other things."""
JOB = "0198c0de-0000-7000-8000-000000000001"
LOG = (
    ReceivedEvent(1, "status", '{"status":"queued"}'),
    ReceivedEvent(2, "custom", '{"ns":[],"data":"caf\u00e9 \u2028 \U0001f3de"}'),
    ReceivedEvent(3, "end", '{"status":"succeeded","result":{"n":1}}'),
)
WIRE = b"".join(frame(event.seq, event.name, event.data) for event in LOG)


async def read(url: str, after: int = 0, patience: Patience = HURRIED) -> list[ReceivedEvent]:
    events, _ = await read_noting(url, after, patience)
    return events


async def read_noting(
    url: str, after: int = 0, patience: Patience = HURRIED
) -> tuple[list[ReceivedEvent], list[Reconnect]]:
    notes: list[Reconnect] = []
    async with (
        Tailrace(url, patience=patience) as client,
        aclosing(client.events(JOB, after, notes.append)) as events,
    ):
        return [event async for event in events], notes


def rest_of_log(asked: Asked) -> bytes:
    return b"".join(frame(e.seq, e.name, e.data) for e in LOG if e.seq > asked.after)


@pytest.mark.parametrize("ending", ["clean", "fin", "rst"])
async def test_a_cut_at_any_byte_loses_and_repeats_nothing(ending: Ending):
    cuts = iter(range(len(WIRE)))
    every_second = cycle([True, False])

    def respond(asked: Asked) -> Answer:
        if next(every_second):
            return event_stream(WIRE[: next(cuts)], ending=ending)
        return event_stream(rest_of_log(asked))

    async with serving(respond) as server, Tailrace(server.url, patience=UNHURRIED) as client:
        for byte in range(len(WIRE)):
            async with aclosing(client.events(JOB)) as events:
                assert [event async for event in events] == list(LOG), f"cut at byte {byte}"
    assert len(server.asked) == 2 * len(WIRE)


async def test_writes_of_one_byte_each_give_the_same_events():
    async with serving(in_turn([event_stream(*(bytes([b]) for b in WIRE))])) as server:
        assert await read(server.url) == list(LOG)


async def test_a_reconnect_asks_for_what_follows_the_last_event():
    whole = frame(1, "status", "{}") + frame(2, "custom", "{}")
    answers = [
        event_stream(whole + b"event: cus", ending="fin"),
        event_stream(frame(3, "end", "{}")),
    ]
    async with serving(in_turn(answers)) as server:
        events, notes = await read_noting(server.url)
    assert [event.seq for event in events] == [1, 2, 3]
    assert [asked.headers.get("last-event-id") for asked in server.asked] == [None, "2"]
    assert [(note.after, note.cause) for note in notes] == [(2, "the connection ended early")]


async def test_heartbeats_are_no_events():
    body = b": hb\n" + frame(1, "status", "{}") + b": hb\n: hb\n" + frame(2, "end", "{}")
    async with serving(in_turn([event_stream(body)])) as server:
        assert [event.seq for event in await read(server.url)] == [1, 2]


async def test_nothing_is_read_behind_the_end():
    body = frame(1, "end", "{}") + frame(2, "custom", "{}")
    async with serving(in_turn([event_stream(body, ending="silence")])) as server:
        assert [event.seq for event in await read(server.url)] == [1]


async def test_an_answer_without_content_means_that_nothing_is_left():
    async with serving(in_turn([Answer(status=204)])) as server:
        assert await read(server.url, after=3) == []
    assert server.asked[0].headers["last-event-id"] == "3"


async def test_a_bare_retry_line_is_obeyed():
    answers = [event_stream(b"retry: 40\n", ending="fin"), event_stream(WIRE)]
    async with serving(in_turn(answers)) as server:
        events, notes = await read_noting(server.url)
    assert events == list(LOG)
    assert [note.wait_s for note in notes] == [0.04]


async def test_the_retry_of_a_cut_end_frame_is_not_obeyed():
    cut = WIRE[: WIRE.index(b"retry: 86400000\n") + len(b"retry: 86400000\n")]
    answers = [event_stream(cut, ending="rst"), event_stream(frame(3, "end", "{}"))]
    async with serving(lambda asked: answers[1 if asked.after else 0]) as server:
        _, notes = await read_noting(server.url)
    assert all(note.wait_s < 1 for note in notes)


async def test_waits_grow_while_connections_bring_nothing():
    answers = [*(event_stream(b": hb\n", ending="fin") for _ in range(6)), event_stream(WIRE)]
    patience = Patience(first_wait_s=0.001, longest_wait_s=0.008)
    async with serving(in_turn(answers)) as server:
        _, notes = await read_noting(server.url, patience=patience)
    assert len(notes) == 6
    assert notes[0].wait_s <= 0.001
    assert all(0.004 <= note.wait_s <= 0.008 for note in notes[3:])


async def test_silence_is_a_broken_connection():
    patience = Patience(silence_s=0.05, first_wait_s=0.001)
    answers = [
        event_stream(frame(1, "status", "{}"), ending="silence"),
        event_stream(frame(2, "end", "{}")),
    ]
    async with serving(in_turn(answers)) as server:
        events, notes = await read_noting(server.url, patience=patience)
        await asyncio.wait_for(server.hung_up.wait(), 5)
    assert [event.seq for event in events] == [1, 2]
    assert [note.cause for note in notes] == ["silence for too long"]


async def test_closing_the_iterator_hangs_up():
    answer = event_stream(frame(1, "status", "{}"), ending="silence")
    async with serving(in_turn([answer])) as server, Tailrace(server.url) as client:
        async with aclosing(client.events(JOB)) as events:
            assert (await anext(events)).seq == 1
        await asyncio.wait_for(server.hung_up.wait(), 5)


async def test_trouble_of_a_proxy_passes():
    answers = [Answer(status=502, content_type="text/html"), event_stream(WIRE)]
    async with serving(in_turn(answers)) as server:
        events, notes = await read_noting(server.url)
    assert events == list(LOG)
    assert [note.cause for note in notes] == ["the service returned 502"]


async def test_a_service_that_stays_away_is_given_up():
    with pytest.raises(Unreachable, match="no event stream for"):
        await read(f"http://127.0.0.1:{free_port()}")


@pytest.mark.parametrize(
    "body",
    [
        frame(2, "custom", "{}"),
        frame(1, "custom", "{}") + frame(1, "custom", "{}"),
        frame(1, "custom", "{}") + frame(3, "custom", "{}"),
        frame(1, "custom", "{}") + frame(3, "end", "{}"),
        frame(1, "custom", "{}") + frame(5, "gap", '{"from":3,"to":5}'),
        frame(1, "custom", "{}") + frame(5, "gap", "[]"),
        b"event: custom\ndata: {}\n\n",
        "event: custom\ndata: {}\nid: \uff11\n\n".encode(),
        b"event: custom\ndata: {}\nid: 01\n\n",
        b"event: custom\ndata: {}\ndata: {}\nid: 1\n\n",
        b"event: custom\ndata: \xff\nid: 1\n\n",
    ],
    ids=[
        "late start",
        "repeat",
        "jump",
        "jump to end",
        "jump before gap",
        "gap of no form",
        "no number",
        "number in other digits",
        "number with a zero",
        "two data lines",
        "not UTF-8",
    ],
)
async def test_what_is_not_the_log_is_an_error(body: bytes):
    async with serving(in_turn([event_stream(body)])) as server:
        with pytest.raises(ProtocolBroken):
            await read(server.url)


async def test_a_gap_explains_missing_numbers():
    body = frame(1, "status", "{}") + frame(7, "gap", '{"from":2,"to":7,"reason":"trimmed"}')
    async with serving(in_turn([event_stream(body + frame(8, "end", "{}"))])) as server:
        assert [event.seq for event in await read(server.url)] == [1, 7, 8]


@pytest.mark.parametrize("end", [5, 10, 11])
async def test_a_log_that_went_back_in_time_still_ends(end: int):
    body = frame(10, "gap", '{"from":4,"to":10,"reason":"lost"}') + frame(end, "end", "{}")
    async with serving(in_turn([event_stream(body)])) as server:
        assert [event.seq for event in await read(server.url, after=10)] == [10, end]


@pytest.mark.parametrize(
    ("status", "kind", "error"),
    [
        (401, "unauthorized", Unauthorized),
        (404, "job-not-found", JobNotFound),
        (410, "events-expired", EventsExpired),
        (400, "invalid-cursor", ApiError),
    ],
)
async def test_a_refusal_ends_the_stream(status: int, kind: str, error: type[ApiError]):
    async with serving(in_turn([problem(status, kind, "No", detail="Because.")])) as server:
        with pytest.raises(error, match="Because") as raised:
            await read(server.url)
    assert (raised.value.status, raised.value.type) == (status, kind)


async def test_an_answer_that_is_no_event_stream_is_an_error():
    async with serving(in_turn([json_answer({})])) as server:
        with pytest.raises(ProtocolBroken, match="application/json came"):
            await read(server.url)
