"""The event stream as lines of JSON: `Accept: application/x-ndjson`."""

import asyncio

import orjson
import pytest

from tailrace.shared.redis import keys
from tests.support.service import Api, Attempt, Logs
from tests.support.wire import Exchange, answered, ask, asking, connected, request

ACCEPT = "Accept: application/x-ndjson"


async def lines(job: Attempt, after: int = 0) -> bytes:
    """What a listener that has everything up to `after` should get."""
    return b"".join(
        b'{"id":%d,"event":"%b","data":%b}\n' % (event.seq, event.name.encode(), event.data)
        for event in await job.events()
        if event.seq > after
    )


async def test_a_whole_log_is_a_line_an_event_and_then_a_clean_end(api: Api, logs: Logs):
    job = await logs.ended({"text": "one\ntwo"}, "\u2028\u2029\u0085\r\n", {"é": None}, [1, True])
    exchange = await ask(api.port, "GET", job.events_path, ACCEPT)
    assert exchange.body == await lines(job)
    assert exchange.ending == "clean"
    events = [orjson.loads(line) for line in exchange.body.decode().splitlines()]
    assert [event["id"] for event in events] == list(range(1, job.seq + 1))
    assert [list(event) for event in events] == [["id", "event", "data"]] * job.seq
    assert events[2] == {
        "id": 3,
        "event": "custom",
        "data": {"ns": [], "data": {"text": "one\ntwo"}},
    }
    assert events[-1]["event"] == "end"


async def test_its_headers_are_the_event_streams_but_for_the_type(api: Api, logs: Logs):
    job = await logs.ended()
    exchange = await ask(api.port, "GET", job.events_path, ACCEPT)
    assert exchange.head.status == 200
    assert exchange.head.one("content-type") == "application/x-ndjson"
    assert exchange.head.one("cache-control") == "no-store, no-transform"
    assert exchange.head.one("x-accel-buffering") == "no"
    assert exchange.head.one("x-content-type-options") == "nosniff"


async def test_lines_arrive_as_they_are_written_each_whole(api: Api, logs: Logs):
    job = await logs.opened()
    async with asking(api.port, "GET", f"{job.events_path}?after=2", ACCEPT) as exchange:
        for value in (1, "x" * 300_000, 3):
            await job.append(value)
            await exchange.until(b'{"id":%d,' % job.seq)
        await job.close()
        await exchange.rest()
    assert exchange.body.replace(b"\n\n", b"\n").lstrip(b"\n") == await lines(job, after=2)
    assert all(chunk.endswith(b"\n") for chunk in exchange.chunks if chunk)
    assert exchange.ending == "clean"


async def test_its_heartbeat_is_an_empty_line(api: Api, logs: Logs):
    job = await logs.opened()
    async with asking(api.port, "GET", f"{job.events_path}?after=2", ACCEPT) as exchange:
        await exchange.until(b"\n\n\n")
        assert exchange.chunks == [b"\n"] * 3


@pytest.mark.parametrize("cursor", ["Last-Event-ID: 4", "?after=4", "?last_event_id=4"])
async def test_it_goes_on_behind_the_cursor(api: Api, logs: Logs, cursor: str):
    job = await logs.ended(1, 2, 3)
    exchange = await resume(api, job, cursor)
    assert exchange.body == await lines(job, after=4)
    assert exchange.ending == "clean"


async def test_a_reconnect_at_the_end_gets_204_and_a_reload_the_end_again(api: Api, logs: Logs):
    job = await logs.ended(1)
    assert (await resume(api, job, f"Last-Event-ID: {job.seq}")).head.status == 204
    reload = await resume(api, job, f"?after={job.seq}")
    assert reload.body == await lines(job, after=job.seq - 1)
    assert reload.ending == "clean"


async def test_a_gap_is_a_line_too(api: Api, logs: Logs):
    job = await logs.ended(1, 2, 3)
    await logs.store.xtrim(keys.log(job.job_id), minid="4-0", approximate=False)
    exchange = await resume(api, job, "")
    gap = b'{"id":3,"event":"gap","data":{"from":1,"to":3,"reason":"trimmed"}}\n'
    assert exchange.body == gap + await lines(job, after=3)


async def test_a_cursor_beyond_an_open_log_gets_a_gap_first_and_the_end_in_any_case(
    api: Api, logs: Logs
):
    job = await logs.opened()
    async with asking(api.port, "GET", job.events_path, ACCEPT, "Last-Event-ID: 9") as exchange:
        gap = b'{"id":9,"event":"gap","data":{"from":3,"to":9,"reason":"lost"}}\n'
        assert await exchange.until(b"\n") == gap
        await job.close()
        await exchange.rest()
    assert exchange.body.removeprefix(gap).lstrip(b"\n") == await lines(job, after=2)
    assert exchange.ending == "clean"


async def test_a_stream_without_its_end_ends_dirty_and_says_nothing(api: Api, logs: Logs):
    job = await logs.opened()
    async with asking(api.port, "GET", job.events_path, ACCEPT) as exchange:
        await exchange.until(b'{"id":2,')
        before = await lines(job)
        await logs.store.unlink(keys.job(job.job_id), keys.log(job.job_id))
        await exchange.rest()
    assert exchange.body.rstrip(b"\n") == before.rstrip(b"\n")
    assert exchange.ending == "cut"


@pytest.mark.parametrize(
    ("status", "kind", "target", "headers"),
    [
        (404, "job-not-found", "/jobs/01a1fc91-6207-732d-ba47-90d83b400c90/events", []),
        (404, "job-not-found", "/jobs/malformed/events", []),
        (400, "invalid-cursor", "{}", ["Last-Event-ID: words"]),
        (400, "invalid-cursor", "{}?after=1&after=2", []),
    ],
)
async def test_errors_are_as_ever(
    api: Api, logs: Logs, status: int, kind: str, target: str, headers: list[str]
):
    job = await logs.opened()
    exchange = await ask(api.port, "GET", target.format(job.events_path), ACCEPT, *headers)
    assert exchange.head.status == status
    assert exchange.head.one("content-type") == "application/problem+json"
    assert orjson.loads(exchange.body)["type"] == kind


STREAM, LINES = "text/event-stream", "application/x-ndjson"


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        ("application/x-ndjson", LINES),
        ("Application/X-NDJSON", LINES),
        ("application/*", LINES),
        ("*/*", STREAM),
        ("text/*, application/x-ndjson;q=0.5", STREAM),
        ("text/event-stream;q=0.5, application/x-ndjson", LINES),
        ("text/event-stream;q=0, */*", LINES),
        ("application/x-ndjson;q=0, */*", STREAM),
        ("application/json, application/x-ndjson", LINES),
    ],
)
async def test_the_form_is_what_the_caller_wants_most(api: Api, logs: Logs, accept: str, form: str):
    job = await logs.ended()
    exchange = await ask(api.port, "GET", job.events_path, f"Accept: {accept}")
    assert exchange.head.status == 200
    assert exchange.head.one("content-type") == form
    assert exchange.body == (await lines(job) if form == LINES else await job.frames())


async def test_head_answers_without_a_stream(api: Api, logs: Logs):
    job = await logs.opened()
    async with connected(api.port) as (reader, writer):
        writer.write(request("HEAD", job.events_path, ACCEPT))
        head = (await answered(reader, "HEAD")).head
        assert head.status == 200
        assert head.one("content-type") == "application/x-ndjson"
        writer.write(request("GET", "/livez"))
        assert (await (await answered(reader)).rest()) == b'{"status":"alive"}'


async def test_both_forms_of_one_live_log_get_everything(api: Api, logs: Logs):
    job = await logs.opened()
    async with (
        asking(api.port, "GET", job.events_path) as stream,
        asking(api.port, "GET", job.events_path, ACCEPT) as early,
    ):
        reading = [asyncio.ensure_future(exchange.rest()) for exchange in (stream, early)]
        for n in range(50):
            await job.append(n, n)
        async with asking(api.port, "GET", job.events_path, ACCEPT, "Last-Event-ID: 40") as late:
            reading.append(asyncio.ensure_future(late.rest()))
            for n in range(50):
                await job.append(n, n)
            await job.close()
            frames, whole, rest = await asyncio.gather(*reading)
    assert frames.replace(b": hb\n", b"") == await job.frames()
    assert whole.replace(b"\n\n", b"\n") == await lines(job)
    assert rest.replace(b"\n\n", b"\n") == await lines(job, after=40)


async def resume(api: Api, job: Attempt, cursor: str) -> Exchange:
    """Ask for lines behind a cursor given as a header or as a query."""
    if cursor.startswith("Last-"):
        return await ask(api.port, "GET", job.events_path, ACCEPT, cursor)
    return await ask(api.port, "GET", job.events_path + cursor, ACCEPT)
