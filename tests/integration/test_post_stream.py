"""A POST that is answered by its job's event stream: what comes, and that nothing runs twice."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from types import SimpleNamespace
from typing import Any, cast

import orjson
import pytest
from starlette.requests import Request

from tailrace.api.auth.keys import Keyring
from tailrace.api.http.middleware import DeferredStreams
from tailrace.api.jobs.acceptance import Accepted
from tailrace.api.jobs.responses import Links, respond
from tailrace.api.jobs.submission import Streamed
from tailrace.api.relay.cursor import Cursor
from tailrace.api.relay.frames import EVENT_STREAM, frame, line
from tailrace.api.relay.relay import Relay
from tailrace.api.settings import ApiSettings
from tailrace.shared.jobs import JobId, JobRequest
from tailrace.shared.process.tasks import cancel_and_wait
from tailrace.shared.redis import keys
from tailrace.shared.redis.connection import connect
from tests.support.event_stream import EventStreamReader
from tests.support.posting import GOOD, JSON, KEY, assert_problem, post, records, reserved
from tests.support.processes import free_port
from tests.support.proxy import store_proxy
from tests.support.service import Api, Attempt, Logs, serving
from tests.support.wire import HEARTBEAT, Exchange, ask, asking

pytestmark = pytest.mark.usefixtures("graphs")

STREAM = "Accept: text/event-stream"


def posting(api: Api, *headers: str) -> AbstractAsyncContextManager[Exchange]:
    """A POST that wants the stream; its head has come."""
    return asking(api.port, "POST", "/jobs", JSON, STREAM, *headers, body=GOOD)


def job_of(exchange: Exchange) -> JobId:
    return JobId(exchange.head.one("location").removeprefix("/jobs/"))


async def taken(logs: Logs, exchange: Exchange) -> Attempt:
    """The job behind the answer, as a worker has it that has just opened its log."""
    return await logs.taken(job_of(exchange))


async def test_the_answer_is_the_whole_log_as_it_is_written(api: Api, logs: Logs):
    async with posting(api) as stream:
        await stream.until(b"id: 1\n\n")
        job = await taken(logs, stream)
        await job.append({"text": "one\ntwo"}, 2)
        await stream.until(b"id: 4\n\n")
        await job.close(result=b"1")
        await stream.rest()
    assert stream.ending == "clean"
    assert stream.frames == await job.frames()


async def test_its_head_is_a_streams_and_says_where_job_and_events_are(api: Api, logs: Logs):
    async with posting(api) as stream:
        fields = {name: value for name, value in stream.head.fields if name != "date"}
        assert stream.head.status == 200
        path = f"/jobs/{job_of(stream)}"
        assert fields == {
            "content-type": "text/event-stream",
            "cache-control": "no-store, no-transform",
            "x-accel-buffering": "no",
            "x-content-type-options": "nosniff",
            "connection": "keep-alive",
            "transfer-encoding": "chunked",
            "location": path,
            "content-location": f"{path}/events",
        }
    assert await logs.store.zscore(keys.QUEUE, keys.arq_id(job_of(stream))) is not None


async def test_the_log_comes_as_lines_of_json_to_who_wants_that(api: Api, logs: Logs):
    wants = (JSON, "Accept: application/x-ndjson", KEY)
    async with asking(api.port, "POST", "/jobs", *wants, body=GOOD) as stream:
        job = await taken(logs, stream)
        await stream.until(b'{"id":2,')
    await job.close()
    again = await post(api, GOOD, *wants, "Last-Event-ID: 1")
    assert again.head.one("content-type") == "application/x-ndjson"
    events = await job.events()
    assert again.body == b"".join(line(event) for event in events[1:])
    assert stream.chunks[0] == line(events[0])


async def test_the_job_outlives_its_listener(api: Api, logs: Logs):
    async with posting(api) as stream:
        job = await taken(logs, stream)
        await stream.until(b"id: 2\n\n")
    await job.append("nobody hears this yet")
    await job.close()
    again = await ask(api.port, "GET", job.events_path, "Last-Event-ID: 2")
    assert again.frames == await job.frames(after=2)


@pytest.mark.parametrize("last", ["3", "0", "-1", "", "x"])
async def test_a_resume_without_a_key_is_409_and_never_a_second_job(
    api: Api, logs: Logs, last: str
):
    async with posting(api) as first:
        await first.until(b"id: 1\n\n")
    again = await post(api, GOOD, JSON, STREAM, f"Last-Event-ID: {last}")
    assert_problem(again, 409, "nothing-to-resume")
    assert await records(logs) == 1


async def test_invariant_02_a_post_with_its_key_goes_on_where_it_was_cut_at_any_replica(
    api: Api, other: Api, logs: Logs
):
    heard = EventStreamReader()
    async with posting(api, KEY) as stream:
        job = await taken(logs, stream)
        await job.append(*range(5))
        heard.feed(await stream.until(b"id: 5\n\n"))
    heard.connect()
    async with posting(other, KEY, f"Last-Event-ID: {heard.last_event_id}") as again:
        assert again.head.status == 200
        assert job_of(again) == job.job_id
        await job.close()
        heard.feed(await again.rest())
    assert heard.as_frames() == await job.frames()
    assert await records(logs) == 1


async def test_invariant_04_a_post_that_comes_back_at_the_end_gets_204(api: Api, logs: Logs):
    async with posting(api, KEY) as stream:
        job = await taken(logs, stream)
        await job.close()
        await stream.rest()
    again = await post(api, GOOD, JSON, STREAM, KEY, f"Last-Event-ID: {job.seq}")
    assert again.head.status == 204
    assert job_of(again) == job.job_id


async def test_a_repeat_without_a_number_hears_the_log_from_its_start(api: Api, logs: Logs):
    async with posting(api, KEY) as stream:
        job = await taken(logs, stream)
        await job.append("running")
        async with posting(api, KEY, "Last-Event-ID: 0") as again:
            await again.until(b"id: 3\n\n")
            assert again.frames == await job.frames()
        await job.close()
    whole = await post(api, GOOD, JSON, STREAM, KEY)
    assert whole.frames == await job.frames()


async def test_the_first_event_goes_out_before_anything_is_read(api: Api, logs: Logs):
    job_id = (await reserved(logs)).job_id
    await logs.jobs.create(job_id, "default", JobRequest("any", {}))
    job = await logs.taken(job_id)
    async with posting(api, KEY) as stream:
        await stream.until(b"id: 2\n\n")
    # It would be one chunk if the log had been read first.
    chunks = [chunk for chunk in stream.chunks if chunk != HEARTBEAT]
    assert chunks[:2] == [frame(event) for event in await job.events()]


async def test_a_key_that_is_forgotten_resumes_nothing_and_starts_nothing(api: Api, logs: Logs):
    exchange = await post(api, GOOD, JSON, STREAM, KEY, "Last-Event-ID: 57")
    assert_problem(exchange, 409, "nothing-to-resume")
    assert await cast("Any", logs.store).keys("tailrace:*:idem:*") == []
    assert await records(logs) == 0
    async with posting(api, KEY, "Last-Event-ID: -1") as first:
        assert first.head.status == 200


async def test_a_key_whose_job_the_store_has_lost_starts_no_second_one(api: Api, logs: Logs):
    async with posting(api, KEY) as stream:
        await logs.store.delete(keys.job(job_of(stream)))
    exchange = await post(api, GOOD, JSON, STREAM, KEY, "Last-Event-ID: 1")
    assert_problem(exchange, 409, "nothing-to-resume")
    assert await records(logs) == 0


async def test_what_is_no_cursor_is_400_before_a_job_is_made(api: Api, logs: Logs):
    exchange = await post(api, GOOD, JSON, STREAM, KEY, "Last-Event-ID: $")
    assert_problem(exchange, 400, "invalid-cursor")
    assert await records(logs) == 0


async def test_events_that_are_gone_are_410(api: Api, logs: Logs):
    async with posting(api, KEY) as stream:
        job = await taken(logs, stream)
        await job.close()
    await logs.store.delete(keys.log(job.job_id))
    assert_problem(await post(api, GOOD, JSON, STREAM, KEY), 410, "events-expired")


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"{", 400, "invalid-json"),
        (b'{"graph":"any"}', 422, "invalid-body"),
        (b'{"graph":"nobody","input":1}', 422, "unknown-graph"),
        (b'{"graph":"number","input":{}}', 422, "invalid-input"),
    ],
)
async def test_what_is_refused_before_the_stream_is_a_problem_as_ever(
    api: Api, body: bytes, status: int, kind: str
):
    assert_problem(await post(api, body, JSON, STREAM), status, kind)


async def test_a_store_that_takes_nothing_is_503_and_no_stream(api: Api, logs: Logs):
    await logs.store.config_set("maxmemory", "1")
    try:
        exchanges = [await post(api, GOOD, JSON, STREAM, *more) for more in ((), (KEY,))]
    finally:
        await logs.store.config_set("maxmemory", "0")
    for exchange in exchanges:
        assert_problem(exchange, 503, "store-unavailable")
    assert await records(logs) == 0


async def test_a_store_that_is_lost_behind_the_job_cuts_the_stream_and_the_repeat_goes_on(
    store_url: str, logs: Logs
):
    async with store_proxy(store_url) as link:
        settings = ApiSettings(redis_url=store_url, log_redis_url=link.url, heartbeat_s=0.2)
        async with serving(settings) as api:
            async with posting(api, KEY) as stream:
                job = await taken(logs, stream)
                await stream.until(b"id: 2\n\n")
                await logs.has_waiting_reader()
                link.cut()
                await stream.rest()
            await job.close()
            again = await post(api, GOOD, JSON, STREAM, KEY, "Last-Event-ID: 2")
    assert stream.ending == "cut"
    assert stream.body.rpartition(b"retry: ")[2].strip().isdigit()
    assert again.frames == await job.frames(after=2)


async def test_a_store_that_is_lost_before_the_stream_begins_is_no_error(logs: Logs):
    """The job is there, so its caller shall come back: the relay has a store that is away."""
    settings = ApiSettings(redis_url=f"redis://127.0.0.1:{free_port()}")
    store = connect(settings.redis_url)
    relay = Relay(store, settings)
    services = cast("Any", SimpleNamespace(relay=relay, keyring=Keyring({})))
    links = Links(Request({"type": "http", "root_path": "", "headers": []}), services, "t", False)
    job = await logs.jobs.get(await logs.queued())
    sent: list[dict[str, Any]] = []
    async with asyncio.TaskGroup() as tasks:
        summaries = tasks.create_task(relay.summaries.run())
        form = Streamed(EVENT_STREAM, Cursor(2, from_header=True))
        response = await respond(links, form, Accepted(job, repeated=False))
        scope = {"type": "http", "method": "POST"}
        await DeferredStreams(response)(scope, cast("Any", None), cast("Any", collecting(sent)))
        await cancel_and_wait(summaries)
    await store.aclose()
    assert [message.get("status") for message in sent] == [200, None]
    assert sent[-1]["body"].startswith(b"retry: ")
    assert sent[-1]["more_body"]


def collecting(sent: list[dict[str, Any]]) -> Callable[[dict[str, Any]], Awaitable[None]]:
    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    return send


async def test_the_same_key_tells_the_job_as_json_too(api: Api):
    async with posting(api, KEY) as stream:
        told = await post(api, GOOD, JSON, KEY)
    assert told.head.status == 200
    assert orjson.loads(told.body)["id"] == job_of(stream)
