"""The event stream as raw bytes: headers, frames, cursors, checks and their order."""

import re

import pytest

from tailrace.api.settings import ApiSettings
from tailrace.shared.jobs import JobError, new_job_id
from tailrace.shared.redis import keys
from tests.support.service import Api, Logs, serving
from tests.support.wire import HEARTBEAT, Exchange, answered, ask, asking, connected, request

SENTENCES = [{"text": "one\ntwo"}, "\u2028\u2029\u0085\r\n", {"é": None}, [1, 2.5, True]]


def fields(exchange: Exchange) -> dict[str, str]:
    """The headers but those that HTTP itself needs."""
    hop = {"date", "connection", "transfer-encoding"}
    assert len({name for name, _ in exchange.head.fields}) == len(exchange.head.fields)
    return {name: value for name, value in exchange.head.fields if name not in hop}


def without_heartbeats(exchange: Exchange) -> list[bytes]:
    return [chunk for chunk in exchange.chunks if chunk not in (b"", HEARTBEAT)]


async def test_a_stream_has_exactly_these_headers(api: Api, logs: Logs):
    job = await logs.ended()
    exchange = await ask(api.port, "GET", job.events_path)
    assert exchange.head.status == 200
    assert fields(exchange) == {
        "content-type": "text/event-stream",
        "cache-control": "no-store, no-transform",
        "x-accel-buffering": "no",
        "x-content-type-options": "nosniff",
    }
    assert exchange.head.one("transfer-encoding") == "chunked"


async def test_a_whole_log_is_its_frames_and_then_a_clean_end(api: Api, logs: Logs):
    job = await logs.ended(*SENTENCES)
    exchange = await ask(api.port, "GET", job.events_path)
    assert exchange.frames == await job.frames()
    assert exchange.ending == "clean"
    lines = exchange.frames.decode().splitlines()
    frame = [r"event: \w+", r"data: [\[{\"].*", r"id: \d+", r""]
    closing = [r"event: end", r"data: \{.*\}", r"retry: 86400000", rf"id: {job.seq}", r""]
    form = frame * (job.seq - 1) + closing
    assert len(lines) == len(form)
    assert all(re.fullmatch(want, line) for want, line in zip(form, lines, strict=True))


async def test_numbers_are_dense_from_one(api: Api, logs: Logs):
    job = await logs.ended(*range(600))
    exchange = await ask(api.port, "GET", job.events_path)
    numbers = [int(n) for n in re.findall(rb"^id: (\d+)$", exchange.body, re.MULTILINE)]
    assert numbers == list(range(1, 604))


async def test_a_failed_job_ends_as_cleanly(api: Api, logs: Logs):
    job = await logs.opened()
    await job.close("failed", error=JobError("timeout", "Too long.", retryable=True))
    exchange = await ask(api.port, "GET", job.events_path, "Last-Event-ID: 2")
    assert exchange.body == (
        b'event: end\ndata: {"status":"failed","error":'
        b'{"type":"timeout","detail":"Too long.","retryable":true}}\nretry: 86400000\nid: 3\n\n'
    )
    assert exchange.ending == "clean"


async def test_events_arrive_as_they_are_written_each_in_one_chunk(api: Api, logs: Logs):
    job = await logs.opened()
    async with asking(api.port, "GET", job.events_path, "Last-Event-ID: 2") as exchange:
        for n in range(3, 6):
            await job.append(n)
            await exchange.until(b"id: %d\n\n" % n)
        await job.close()
        await exchange.rest()
    frames = without_heartbeats(exchange)
    assert b"".join(frames) == await job.frames(after=2)
    assert all(chunk.startswith(b"event: ") and chunk.endswith(b"\n\n") for chunk in frames)
    assert exchange.ending == "clean"


async def test_an_idle_stream_beats_and_says_nothing_else(api: Api, logs: Logs):
    job = await logs.opened()
    async with asking(api.port, "GET", job.events_path, "Last-Event-ID: 2") as exchange:
        assert await exchange.until(b": hb\n" * 3) == b": hb\n" * 3
        assert exchange.chunks == [b": hb\n"] * 3


async def test_a_large_event_is_sent_whole(api: Api, logs: Logs):
    job = await logs.ended("x" * 300_000, "small")
    exchange = await ask(api.port, "GET", job.events_path)
    assert exchange.frames == await job.frames()
    assert all(chunk.endswith(b"\n\n") for chunk in without_heartbeats(exchange))


FROM_THE_START = ["", "0", "-1"]


@pytest.mark.parametrize("cursor", FROM_THE_START)
@pytest.mark.parametrize("form", ["Last-Event-ID: {}", "?after={}", "?last_event_id={}"])
async def test_three_cursors_mean_from_the_start(api: Api, logs: Logs, form: str, cursor: str):
    job = await logs.ended(1)
    exchange = await resume(api, job.events_path, form.format(cursor))
    assert exchange.frames == await job.frames()


@pytest.mark.parametrize("form", ["Last-Event-ID: {}", "?after={}", "?last_event_id={}"])
@pytest.mark.parametrize("seq", [1, 2, 3, 4, 5])
async def test_a_stream_goes_on_behind_the_cursor(api: Api, logs: Logs, form: str, seq: int):
    job = await logs.ended(1, 2, 3)
    exchange = await resume(api, job.events_path, form.format(seq))
    assert exchange.frames == await job.frames(after=seq)
    assert exchange.ending == "clean"


async def test_the_header_wins_over_the_query(api: Api, logs: Logs):
    job = await logs.ended(1, 2, 3)
    for query in ("?after=1", "?last_event_id=999", "?after=words"):
        exchange = await ask(api.port, "GET", job.events_path + query, "Last-Event-ID: 4")
        assert exchange.frames == await job.frames(after=4)


@pytest.mark.parametrize("beyond", [0, 1, 1000])
async def test_a_reconnect_at_the_end_gets_204(api: Api, logs: Logs, beyond: int):
    job = await logs.ended(1)
    exchange = await ask(api.port, "GET", job.events_path, f"Last-Event-ID: {job.seq + beyond}")
    assert exchange.head.status == 204
    assert fields(exchange) == {
        "cache-control": "no-store, no-transform",
        "x-content-type-options": "nosniff",
    }


@pytest.mark.parametrize("beyond", [0, 1, 1000])
@pytest.mark.parametrize("name", ["after", "last_event_id"])
async def test_a_reloaded_page_at_the_end_gets_the_end_again(
    api: Api, logs: Logs, name: str, beyond: int
):
    job = await logs.ended(1)
    exchange = await ask(api.port, "GET", f"{job.events_path}?{name}={job.seq + beyond}")
    assert exchange.head.status == 200
    assert exchange.frames == await job.frames(after=job.seq - 1)
    assert exchange.ending == "clean"


BAD_CURSORS = ["$", "%3E", "%2B", "-", "-2", "%2B5", "5%20", "1-0", "1.0", "last", "9" * 19, "[1]"]


@pytest.mark.parametrize("cursor", [*BAD_CURSORS, "%EF%BC%91%EF%BC%92", "%FF", "1&after=2"])
async def test_a_query_cursor_that_is_no_number_is_400(api: Api, logs: Logs, cursor: str):
    job = await logs.opened()
    exchange = await ask(api.port, "GET", f"{job.events_path}?after={cursor}")
    assert exchange.head.status == 400
    assert b'"type":"invalid-cursor"' in exchange.body


@pytest.mark.parametrize(
    "cursor", ["$", ">", "+", "-", "-2", "1,2", "words", "\u00b2", "1\r\nLast-Event-ID: 1"]
)
async def test_a_header_cursor_that_is_no_number_is_400(api: Api, logs: Logs, cursor: str):
    job = await logs.opened()
    exchange = await ask(api.port, "GET", job.events_path, f"Last-Event-ID: {cursor}")
    assert exchange.head.status == 400
    assert exchange.head.one("content-type") == "application/problem+json"


async def test_expired_events_are_410_while_the_record_lives(api: Api, logs: Logs):
    job = await logs.ended(1)
    await logs.store.unlink(keys.log(job.job_id))
    for target in ("", "?after=1", f"?after={job.seq}"):
        exchange = await ask(api.port, "GET", job.events_path + target)
        assert exchange.head.status == 410
        assert b'"type":"events-expired"' in exchange.body
    assert (await ask(api.port, "GET", f"/jobs/{job.job_id}")).head.status == 200


async def test_the_checks_come_in_their_order(store_url: str, logs: Logs):
    job = await logs.ended(1, tenant="ann")
    await logs.store.unlink(keys.log(job.job_id))
    good, unknown = f"/jobs/{job.job_id}/events", f"/jobs/{new_job_id()}/events"
    key, bad, end = "Authorization: Bearer k", "Last-Event-ID: x", f"Last-Event-ID: {job.seq}"
    hashed = "8254c329a92850f6d539dd376f4816ee2764517da5e0235514af433164480d7a"
    async with serving(ApiSettings(redis_url=store_url, api_keys={hashed: "ann"})) as api:
        for status, target, headers in (
            (401, unknown, [bad]),
            (401, "/jobs/malformed/events", [bad]),
            (401, "/jobs/malformed/events?ticket=forged", [bad]),
            (404, unknown, [key, bad]),
            (400, good, [key, bad]),
            (204, good, [key, end]),
            (410, good, [key, "Last-Event-ID: 1"]),
        ):
            exchange = await ask(api.port, "GET", target, *headers)
            assert exchange.head.status == status, (target, headers)


@pytest.mark.parametrize("state", ["opened", "ended"])
async def test_head_never_streams(api: Api, logs: Logs, state: str):
    job = await (logs.ended() if state == "ended" else logs.opened())
    async with connected(api.port) as (reader, writer):
        writer.write(request("HEAD", job.events_path))
        head = await answered(reader, "HEAD")
        assert head.head.status == 200
        assert fields(head)["content-type"] == "text/event-stream"
        # The connection is free for the next request, and no byte of a stream stands before it.
        writer.write(request("GET", "/livez"))
        assert (await (await answered(reader)).rest()) == b'{"status":"alive"}'


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
async def test_another_method_is_405(api: Api, logs: Logs, method: str):
    job = await logs.opened()
    exchange = await ask(api.port, method, job.events_path)
    assert exchange.head.status == 405
    assert set(exchange.head.one("allow").split(", ")) == {"GET", "HEAD"}
    assert exchange.head.one("content-type") == "application/problem+json"


@pytest.mark.parametrize("accept", ["text/plain", "application/json"])
async def test_another_form_of_the_stream_is_refused(api: Api, logs: Logs, accept: str):
    job = await logs.ended()
    exchange = await ask(api.port, "GET", job.events_path, f"Accept: {accept}")
    assert exchange.head.status == 406


@pytest.mark.parametrize("accept", ["text/event-stream", "*/*", "text/*", "Text/Event-Stream;q=1"])
async def test_whoever_takes_event_streams_gets_one(api: Api, logs: Logs, accept: str):
    job = await logs.ended()
    exchange = await ask(api.port, "GET", job.events_path, f"Accept: {accept}")
    assert exchange.head.status == 200


async def resume(api: Api, path: str, cursor: str) -> Exchange:
    """Go on behind a cursor given as a header or as a query."""
    if cursor.startswith("?"):
        return await ask(api.port, "GET", path + cursor)
    return await ask(api.port, "GET", path, cursor)
