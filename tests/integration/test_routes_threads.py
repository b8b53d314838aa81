"""Threads over HTTP: made, found, read, changed, deleted; the events of all their jobs."""

import re
from collections.abc import AsyncGenerator
from dataclasses import replace
from typing import Any, cast

import orjson
import pytest
from redis.asyncio import Redis

from tailrace.api.settings import ApiSettings
from tailrace.shared.jobs import JobId, JobRequest, new_job_id
from tailrace.shared.redis import keys
from tailrace.shared.threads import ThreadId, ThreadName, new_thread_id
from tests.integration.test_tenants import ANN, BOB, digest
from tests.support.service import Api, Attempt, Logs, serving
from tests.support.wire import ask, asking

JSON = "Content-Type: application/json"
FRAME = re.compile(rb"event: (\w+)\ndata: (.*)\nid: (\d+)\n\n")


async def send(
    api: Api, method: str, path: str, body: object = None, *headers: str
) -> tuple[int, Any]:
    data = b"" if body is None else orjson.dumps(body)
    exchange = await ask(api.port, method, path, *headers, *([JSON] if data else []), body=data)
    return exchange.head.status, orjson.loads(exchange.body) if exchange.body else None


async def test_a_thread_is_made_read_changed_and_deleted(api: Api) -> None:
    status, made = await send(api, "POST", "/threads", {"metadata": {"owner": "ann"}})
    path = f"/threads/{made['id']}"
    assert (status, list(made)) == (
        201,
        ["id", "status", "created_at", "updated_at", "metadata", "urls"],
    )
    assert await send(api, "GET", path) == (200, made)
    status, patched = await send(api, "PATCH", path, {"metadata": {"title": "Mills"}})
    assert (status, patched["metadata"]) == (200, {"owner": "ann", "title": "Mills"})
    assert await send(api, "DELETE", path) == (204, None)
    status, problem = await send(api, "GET", path)
    assert (status, problem["type"]) == (404, "thread-not-found")
    assert (await send(api, "DELETE", path))[0] == 404
    assert (await send(api, "PATCH", path, {"metadata": {}}))[0] == 404


async def test_an_id_is_taken_once_whatever_its_case(api: Api) -> None:
    id_ = "6F059696-067C-4A27-867E-64C557D58C0A"
    assert (await send(api, "POST", "/threads", {"id": id_}))[0] == 201
    status, problem = await send(api, "POST", "/threads", {"id": id_.lower()})
    assert (status, problem["type"]) == (409, "thread-exists")
    status, thread = await send(api, "POST", "/threads", {"id": id_, "if_exists": "return"})
    assert (status, thread["id"]) == (200, id_.lower())
    assert (await send(api, "GET", f"/threads/{id_}"))[0] == 200


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "type_"),
    [
        ("POST", "/threads", {"id": "chat-1"}, 422, "invalid-body"),
        ("POST", "/threads", {"ttl_s": 1}, 422, "invalid-body"),
        ("POST", "/threads", {"unknown": 1}, 422, "invalid-body"),
        ("GET", "/threads?limit=0", None, 422, "invalid-query"),
        ("GET", "/threads?offset=10001", None, 422, "invalid-query"),
        ("GET", "/threads?metadata=x", None, 422, "invalid-query"),
        ("GET", "/threads?metadata=[]", None, 422, "invalid-query"),
        ("GET", "/threads?cursor=x", None, 422, "invalid-query"),
        ("GET", "/threads?id=x", None, 422, "invalid-query"),
        ("GET", "/threads?unknown=x", None, 422, "invalid-query"),
        ("GET", "/threads/x", None, 404, "thread-not-found"),
        ("GET", "/threads/x/jobs", None, 404, "thread-not-found"),
        ("GET", "/threads/x/events", None, 404, "thread-not-found"),
        ("DELETE", "/threads/x", None, 404, "thread-not-found"),
    ],
)
async def test_what_is_wrong_is_refused(
    api: Api, method: str, path: str, body: object, status: int, type_: str
) -> None:
    found, problem = await send(api, method, path, body)
    assert (found, problem["type"]) == (status, type_)


async def test_threads_are_found_by_status_metadata_and_id_page_by_page(api: Api) -> None:
    made = [
        (await send(api, "POST", "/threads", {"metadata": {"n": n, "even": n % 2 == 0}}))[1]
        for n in range(5)
    ]
    _, first = await send(api, "GET", "/threads?status=idle&metadata=%7B%22even%22:true%7D&limit=2")
    path = f"/threads?status=idle&metadata=%7B%22even%22:true%7D&cursor={first['cursor']}"
    _, rest = await send(api, "GET", path)
    even = {t["id"] for t in [*first["threads"], *rest["threads"]]}
    assert even == {t["id"] for t in made[::2]}
    assert "cursor" not in rest
    _, found = await send(api, "GET", f"/threads?id={made[0]['id']}&id={made[3]['id']}")
    assert {t["id"] for t in found["threads"]} == {made[0]["id"], made[3]["id"]}
    _, found = await send(api, "GET", "/threads?status=busy")
    assert found == {"threads": []}


# The events of all jobs of a thread.


async def posted(logs: Logs, thread_id: ThreadId, tenant: str = "default") -> JobId:
    job_id = new_job_id(thread_id)
    await logs.jobs.create(job_id, tenant, JobRequest("any", {}, thread=thread_id))
    return job_id


async def talk(logs: Logs) -> tuple[ThreadId, list[JobId]]:
    """A thread with three jobs: two have ended, the second one while the third one was posted."""
    thread_id = new_thread_id()
    ids: list[JobId] = [await posted(logs, thread_id)]
    one = await opened(logs, ids[0])
    await one.append(1, 2)
    ids.append(await posted(logs, thread_id))
    await one.append({})
    await one.close(result=b'{"n":1}')
    two = await opened(logs, ids[1])
    ids.append(await posted(logs, thread_id))
    await two.append("x" * 10)
    await two.close("failed")
    return thread_id, ids


async def opened(logs: Logs, job_id: JobId) -> Attempt:
    attempt = await logs.taken(job_id)
    job = await logs.jobs.get(job_id)
    attempt.holder = replace(attempt.holder, thread=job.thread)
    return attempt


def events(data: bytes) -> list[tuple[int, str, Any]]:
    """Number, name and data of each frame; nothing else may stand between them."""
    left = FRAME.sub(b"", data).replace(b": hb\n", b"")
    assert re.fullmatch(rb"(retry: \d+\n)?", left)
    return [(int(m[3]), m[1].decode(), orjson.loads(m[2])) for m in FRAME.finditer(data)]


async def read(api: Api, thread_id: ThreadId, last: int, *headers: str) -> list[Any]:
    """The thread's events up to a number, which ends nothing: the client leaves."""
    async with asking(api.port, "GET", f"/threads/{thread_id}/events", *headers) as exchange:
        assert exchange.head.status == 200
        data = await exchange.until(b"\nid: %d\n\n" % last)
        assert exchange.ending == "open"
    return events(data)


async def whole(logs: Logs, thread_id: ThreadId) -> list[tuple[int, str, Any]]:
    """What the thread's stream should have, from the logs of its jobs and the index."""
    index = await logs.store.xrange(keys.log_of_thread(ThreadName("default", thread_id)))
    found: list[tuple[int, str, Any]] = []
    for _, told in index:
        job_id = JobId(told[b"j"].decode())
        first, last = int(told[b"f"]), int(told[b"l"])
        for event in await logs.log.read(job_id, first - 1, last - first + 1):
            data = {"job": job_id, "number": event.seq, **orjson.loads(event.data)}
            found.append((len(found) + 1, event.name, data))
    return found


async def test_a_threads_stream_has_every_event_of_every_job_once(api: Api, logs: Logs) -> None:
    thread_id, ids = await talk(logs)
    wanted = await whole(logs, thread_id)
    found = await read(api, thread_id, len(wanted))

    assert found == wanted
    for job_id in ids:
        told = [data["number"] for _, _, data in found if data["job"] == job_id]
        assert told == list(range(1, 1 + len(await logs.log.read(job_id, 0))))
    assert [name for _, name, _ in found].count("end") == 2


async def test_a_threads_stream_is_resumed_at_every_number(api: Api, logs: Logs) -> None:
    thread_id, _ = await talk(logs)
    wanted = await whole(logs, thread_id)
    for cursor in range(len(wanted)):
        found = await read(api, thread_id, len(wanted), f"Last-Event-ID: {cursor}")
        assert found == wanted[cursor:]


async def test_a_threads_stream_goes_on_with_the_next_job(api: Api, logs: Logs) -> None:
    thread_id = new_thread_id()
    one = await opened(logs, await posted(logs, thread_id))
    async with asking(api.port, "GET", f"/threads/{thread_id}/events") as exchange:
        await exchange.until(b"\nid: 2\n\n")
        await one.append(1)
        await exchange.until(b"\nid: 3\n\n")
        await one.close()
        await exchange.until(b"\nid: 4\n\n")
        two = await opened(logs, await posted(logs, thread_id))
        await two.append(*range(1000))
        data = await exchange.until(b"\nid: 1006\n\n: hb\n")
        assert exchange.ending == "open"
    assert events(data) == await whole(logs, thread_id)


async def test_an_expired_log_is_a_gap_and_the_rest_keeps_its_numbers(
    api: Api, logs: Logs, redis: Redis
) -> None:
    thread_id, ids = await talk(logs)
    wanted = await whole(logs, thread_id)
    await redis.delete(keys.log(ids[0]))
    found = await read(api, thread_id, len(wanted))

    kept = [event for event in wanted if event[2]["job"] != ids[0]]
    assert [event for event in found if event[1] != "gap"] == kept
    covered = {event[0] for event in kept}
    for number, name, data in found:
        if name == "gap":
            assert (number, data["reason"]) == (data["to"], "trimmed")
            covered |= set(range(data["from"], data["to"] + 1))
    assert covered == set(range(1, len(wanted) + 1))
    for cursor in range(len(wanted)):
        part = await read(api, thread_id, len(wanted), f"Last-Event-ID: {cursor}")
        assert [e for e in part if e[1] != "gap"] == [e for e in kept if e[0] > cursor]


async def test_logs_that_are_gone_to_the_last_are_one_gap(
    api: Api, logs: Logs, redis: Redis
) -> None:
    thread_id, ids = await talk(logs)
    last = len(await whole(logs, thread_id))
    await redis.delete(*map(keys.log, ids))

    assert await read(api, thread_id, last) == [
        (last, "gap", {"from": 1, "to": last, "reason": "trimmed"})
    ]


async def test_the_index_has_an_entry_for_what_a_job_wrote_without_a_break(logs: Logs) -> None:
    thread_id, ids = await talk(logs)
    index = await logs.store.xrange(keys.log_of_thread(ThreadName("default", thread_id)))

    one, two, three = map(str.encode, ids)
    assert [told[b"j"] for _, told in index] == [one, two, one, two, three, two]


async def test_what_the_index_has_no_more_is_a_gap(api: Api, logs: Logs, redis: Redis) -> None:
    thread_id, _ = await talk(logs)
    wanted = await whole(logs, thread_id)
    index = keys.log_of_thread(ThreadName("default", thread_id))
    await redis.xtrim(index, maxlen=1, approximate=False)
    found = await read(api, thread_id, len(wanted))

    (_, told), *none = await cast("Any", redis).xrange(index)
    kept = int(told[b"l"]) - int(told[b"f"]) + 1
    assert not none
    assert found[1:] == wanted[-kept:]
    gap = {"from": 1, "to": len(wanted) - kept, "reason": "trimmed"}
    assert found[0] == (gap["to"], "gap", gap)


async def test_a_number_that_the_thread_never_had_is_a_gap(api: Api, logs: Logs) -> None:
    thread_id, _ = await talk(logs)
    last = len(await whole(logs, thread_id))
    found = await read(api, thread_id, last + 5, f"Last-Event-ID: {last + 5}")

    assert found == [(last + 5, "gap", {"from": last + 1, "to": last + 5, "reason": "lost"})]


async def test_numbers_that_the_store_has_lost_are_not_given_again(
    api: Api, logs: Logs, redis: Redis
) -> None:
    thread_id = new_thread_id()
    one = await opened(logs, await posted(logs, thread_id))
    of_thread = keys.of_thread(ThreadName("default", thread_id))
    before = {key: await redis.dump(key) for key in await redis.keys("*")}
    await one.append(1, 2, 3)
    for key, dump in before.items():
        await redis.restore(key, 10**8, dump, replace=True)
    await logs.jobs.open_attempt(one.holder, floor=5)
    one.seq = 6
    await one.append(4)

    assert await cast("Any", redis).hget(of_thread["record"], "seq") == b"7"
    found = await read(api, thread_id, 7, "Last-Event-ID: 2")
    assert [(number, name) for number, name, _ in found] == [
        (5, "gap"),
        (6, "status"),
        (7, "custom"),
    ]
    assert found[0][2] == {"from": 3, "to": 5, "reason": "lost"}


async def test_lines_of_json_carry_the_same(api: Api, logs: Logs) -> None:
    thread_id, _ = await talk(logs)
    wanted = await whole(logs, thread_id)
    path, accept = f"/threads/{thread_id}/events", "Accept: application/x-ndjson"
    async with asking(api.port, "GET", path, accept) as exchange:
        data = await exchange.until(b'{"id":%d,' % len(wanted))
    lines = [orjson.loads(line) for line in data.splitlines() if line]
    assert [(line["id"], line["event"], line["data"]) for line in lines] == wanted


async def test_listeners_of_a_deleted_thread_are_sent_away(store_url: str, logs: Logs) -> None:
    thread_id, _ = await talk(logs)
    async with (
        serving(ApiSettings(redis_url=store_url, heartbeat_s=0.1)) as api,
        asking(api.port, "GET", f"/threads/{thread_id}/events") as exchange,
    ):
        assert (await send(api, "DELETE", f"/threads/{thread_id}"))[0] == 204
        await exchange.rest()
        assert exchange.ending == "cut"
        assert (await send(api, "GET", f"/threads/{thread_id}/events"))[0] == 404


@pytest.fixture
async def two_tenants(store_url: str) -> AsyncGenerator[Api]:
    settings = ApiSettings(
        redis_url=store_url,
        api_keys={digest("key-of-ann"): "ann", digest("key-of-bob"): "bob"},
    )
    async with serving(settings) as api:
        yield api


async def test_a_tenant_sees_its_own_threads_alone(two_tenants: Api, logs: Logs) -> None:
    api, id_ = two_tenants, new_thread_id()
    assert (await send(api, "POST", "/threads", {"id": id_}, ANN))[0] == 201
    _, unknown = await send(api, "GET", f"/threads/{new_thread_id()}", None, BOB)
    assert await send(api, "GET", f"/threads/{id_}/history", None, ANN) == (200, {"states": []})
    for part in ("", "/jobs", "/events", "/history"):
        path = f"/threads/{id_}{part}"
        assert await send(api, "GET", path, None, BOB) == (404, unknown)
    assert await send(api, "DELETE", f"/threads/{id_}", None, BOB) == (404, unknown)
    assert await send(api, "GET", "/threads", None, BOB) == (200, {"threads": []})
    assert (await send(api, "GET", f"/threads?id={id_}", None, BOB))[1] == {"threads": []}
    assert (await send(api, "POST", "/threads", {"id": id_}, BOB))[0] == 201
    job_id = await posted(logs, id_, "bob")
    _, jobs = await send(api, "GET", f"/threads/{id_}/jobs", None, BOB)
    assert [job["id"] for job in jobs["jobs"]] == [job_id]
    assert (await send(api, "GET", f"/threads/{id_}/jobs", None, ANN))[1] == {"jobs": []}
    for path in ("/threads", f"/threads/{id_}"):
        assert (await send(api, "GET", path))[0] == 401
