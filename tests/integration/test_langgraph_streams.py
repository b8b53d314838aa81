"""Streams of LangGraph's API: our rules hold, and a cut between any two parts loses nothing."""

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack

import pytest

from tailrace.api.settings import ApiSettings
from tailrace.shared.events import Event, encode
from tailrace.shared.jobs import Interrupt, JobError, JobId, JobRequest, Pause, new_job_id
from tailrace.shared.log_store.jobs.presence import Presence
from tailrace.shared.redis import keys
from tests.support.inside import seen_inside
from tests.support.langgraph_api import LangGraphApi, detail, frames, ids
from tests.support.service import Api, Attempt, Logs, serving
from tests.support.wait import wait_until
from tests.support.wire import asking

pytestmark = pytest.mark.usefixtures("graphs")

ERROR = JobError("internal", "It broke.")


@pytest.fixture
def langgraph(api: Api) -> LangGraphApi:
    """The API under `/langgraph`."""
    return LangGraphApi(api)


async def append(attempt: Attempt, *events: tuple[str, object]) -> None:
    batch = [Event(name, encode(body)) for name, body in events]  # type: ignore[arg-type]
    attempt.seq = await attempt.log.append(attempt.holder, attempt.seq + 1, batch)


def values(*messages: str) -> tuple[str, object]:
    return "values", {"ns": [], "data": {"messages": [{"id": m, "content": m} for m in messages]}}


def chunk(content: str) -> tuple[str, object]:
    message = {"content": content, "type": "ai", "id": "m"}
    return "messages", {"ns": [], "node": "reply", "message": message}


async def conversation(logs: Logs, run: JobId, *, end: bool = True) -> Attempt:
    """What a worker would write, with messages that grow, up to a failure."""
    attempt = await logs.taken(run)
    await append(attempt, values("q"), chunk("He"), chunk("llo"), values("q", "m"))
    if end:
        await attempt.close("failed", error=ERROR)
    return attempt


EVERYTHING = ["messages", "messages-tuple", "values"]


@pytest.mark.parametrize("modes", [EVERYTHING, ["values"], ["updates"]], ids=len)
async def test_a_stream_cut_between_any_two_parts_equals_the_whole(
    langgraph: LangGraphApi, logs: Logs, modes: list[str]
):
    run = await langgraph.run(stream_mode=modes)
    await conversation(logs, run)
    whole = await langgraph.stream(run)
    assert (whole.head.status, whole.ending) == (200, "clean")
    found = frames(whole)
    assert found[0].startswith(b"event: metadata\n")
    assert found[-1].startswith(b"event: end\n")
    for n, id_ in enumerate(ids(found), 1):
        rest = await langgraph.stream(run, f"Last-Event-ID: {id_}")
        assert rest.head.status == 200
        assert rest.ending == "clean"
        assert rest.frames == b"".join(found[n:]), id_


async def test_streams_cut_between_any_two_parts_of_an_open_log_are_continued(
    langgraph: LangGraphApi, logs: Logs
):
    run = await langgraph.run(stream_mode=EVERYTHING)
    attempt = await conversation(logs, run, end=False)
    path = f"/langgraph/runs/{run}/stream"
    async with AsyncExitStack() as stack:
        whole = await stack.enter_async_context(asking(langgraph.api.port, "GET", path))
        await whole.until(b"id: 6-2\n\n")
        begun = ids(frames(whole))
        rests = [
            await stack.enter_async_context(
                asking(langgraph.api.port, "GET", path, f"Last-Event-ID: {last}")
            )
            for last in begun
        ]
        await append(attempt, values("q", "m", "n"))
        await attempt.close()
        await whole.rest()
        for n, rest in enumerate(rests, 1):
            await rest.rest()
            assert frames(rest) == frames(whole)[n:]


async def test_a_run_that_a_newer_release_began_is_refused_by_name(
    langgraph: LangGraphApi, logs: Logs
):
    """While replicas are upgraded: whoever asks again may find one that knows it."""
    run = new_job_id()
    told = {"api": "langgraph", "version": 2, "modes": ["values"]}
    await logs.jobs.create(run, "default", JobRequest("any", {}, view=told))
    await conversation(logs, run)
    refused = await langgraph.stream(run)
    assert "version 2" in detail(refused, 503)
    assert refused.head.one("retry-after") == "1"
    assert (await langgraph.get(f"/runs/{run}/stream", "Last-Event-ID: 3-1")).head.status == 503


async def test_a_job_of_our_own_api_is_read_by_the_first_version(
    langgraph: LangGraphApi, logs: Logs
):
    run = new_job_id()
    await logs.jobs.create(run, "default", JobRequest("any", {}))
    await conversation(logs, run)
    assert len(frames(await langgraph.stream(run))) == len(["metadata", "v", "v", "error", "end"])


@pytest.mark.parametrize("modes", [EVERYTHING, ["messages-tuple"]], ids=len)
async def test_a_stream_that_is_followed_equals_one_that_is_read_afterwards(
    langgraph: LangGraphApi, logs: Logs, modes: list[str]
):
    run = await langgraph.run(stream_mode=modes)
    attempt = await logs.taken(run)
    path = f"/langgraph/runs/{run}/stream"
    async with asking(langgraph.api.port, "GET", path) as first:
        await first.until(b"event: metadata")
        await append(attempt, values("q"), chunk("He"))
        await first.until(b"He")
        async with asking(langgraph.api.port, "GET", path) as second:
            await second.until(b"He")
            for letter in "llo!":
                await append(attempt, chunk(letter))
                await logs.has_waiting_reader()
            await append(attempt, values("q", "m"))
            await attempt.close()
            await first.rest()
            await second.rest()
    afterwards = await langgraph.stream(run)
    assert first.frames == second.frames == afterwards.frames
    assert (first.ending, second.ending) == ("clean", "clean")


@pytest.mark.parametrize("cursor", ["", "0", "-1"])
async def test_three_cursors_mean_from_the_start(langgraph: LangGraphApi, logs: Logs, cursor: str):
    run = await langgraph.run()
    await conversation(logs, run)
    whole = await langgraph.stream(run)
    assert (await langgraph.stream(run, f"Last-Event-ID: {cursor}")).frames == whole.frames


async def test_who_has_everything_gets_an_empty_stream_that_ends_clean(
    langgraph: LangGraphApi, logs: Logs
):
    run = await langgraph.run()
    await conversation(logs, run)
    last = ids(frames(await langgraph.stream(run)))[-1]
    again = await langgraph.stream(run, f"Last-Event-ID: {last}")
    assert (again.head.status, again.body, again.ending) == (200, b"", "clean")
    assert again.head.one("content-type") == "text/event-stream"


@pytest.mark.parametrize("cursor", ["x", "1-", "-2", "1-2-3", "1.5"])
async def test_what_is_no_id_is_refused(langgraph: LangGraphApi, cursor: str):
    run = await langgraph.run()
    detail(await langgraph.stream(run, f"Last-Event-ID: {cursor}"), 400)


async def test_a_stream_ends_clean_where_the_graph_asks_something(
    langgraph: LangGraphApi, logs: Logs
):
    run = await langgraph.run()
    attempt = await conversation(logs, run, end=False)
    async with asking(langgraph.api.port, "GET", f"/langgraph/runs/{run}/stream") as stream:
        await stream.until(b"event: values")
        await logs.has_waiting_reader()
        pause = Pause((Interrupt("i", "Go on?"),), ("ask",))
        await logs.jobs.pause(attempt.holder, pause)
        await stream.rest()
    assert stream.ending == "clean"
    assert frames(stream)[-1].startswith(b"event: end\n")
    last = ids(frames(stream))[-1]
    assert (await langgraph.stream(run)).frames == stream.frames
    assert (await langgraph.stream(run, f"Last-Event-ID: {last}")).body == b""


async def test_an_idle_stream_beats_and_says_where_it_is(langgraph: LangGraphApi, logs: Logs):
    run = await langgraph.run()
    await logs.taken(run)
    async with asking(langgraph.api.port, "GET", f"/langgraph/runs/{run}/stream") as stream:
        await stream.until(b": hb\n")
        assert stream.head.one("location") == f"/runs/{run}/stream"
        assert stream.head.one("content-location") == f"/runs/{run}"
        assert stream.head.one("content-type") == "text/event-stream"


async def test_who_comes_back_to_its_place_gets_the_same_form(langgraph: LangGraphApi, logs: Logs):
    """Clients send nothing to the place but the cursor."""
    run = await langgraph.run(stream_mode=EVERYTHING)
    await conversation(logs, run)
    form = f"/runs/{run}/stream?stream_mode=values&stream_mode=messages-tuple"
    whole = await langgraph.get(form)
    assert whole.head.one("location") == form
    found = frames(whole)
    rest = await langgraph.get(whole.head.one("location"), f"Last-Event-ID: {ids(found)[1]}")
    assert frames(rest) == found[2:]
    assert whole.frames != (await langgraph.stream(run)).frames


async def test_events_that_a_view_leaves_out_end_no_stream(langgraph: LangGraphApi, logs: Logs):
    run = await langgraph.run(stream_mode="custom")
    attempt = await logs.taken(run)
    async with asking(langgraph.api.port, "GET", f"/langgraph/runs/{run}/stream") as stream:
        await stream.until(b"event: metadata")
        await logs.has_waiting_reader()
        await append(attempt, chunk("x"))
        await logs.has_waiting_reader()
        await attempt.append("seen")
        await stream.until(b'data: "seen"')
        await attempt.close()
        await stream.rest()
    assert [frame.split(b"\n")[0] for frame in frames(stream)] == [
        b"event: metadata",
        b"event: custom",
        b"event: end",
    ]


async def test_a_shutdown_cuts_and_asks_the_client_to_come_back(store_url: str, logs: Logs):
    async with seen_inside(store_url) as inside:
        run = await LangGraphApi(inside.api).run()
        await logs.taken(run)
        async with asking(inside.port, "GET", f"/langgraph/runs/{run}/stream") as stream:
            await stream.until(b"event: metadata")
            await inside.relay.hub.drain(0.1)
            await stream.rest()
    assert stream.ending == "cut"
    assert b"retry: " in stream.body


@pytest.fixture
async def leaving(store_url: str) -> AsyncGenerator[LangGraphApi]:
    """An API that soon cancels what nobody listens to."""
    settings = ApiSettings(redis_url=store_url, heartbeat_s=0.2, disconnect_s=0.3)
    async with serving(settings) as api:
        yield LangGraphApi(api)


async def listen_and_leave(langgraph: LangGraphApi, run: JobId) -> None:
    async with asking(langgraph.api.port, "GET", f"/langgraph/runs/{run}/stream") as stream:
        await stream.until(b"event: metadata")


async def cancel_is_asked_for(logs: Logs, run: JobId) -> bool:
    return bool(await logs.store.hget(keys.job(run), "cancel"))  # type: ignore[misc]


async def until_cancelled(logs: Logs, run: JobId) -> None:
    async def cancelled() -> bool:
        return await cancel_is_asked_for(logs, run)

    await wait_until(cancelled, "the run to be cancelled")


async def leave_another(langgraph: LangGraphApi, logs: Logs) -> None:
    """Leave another run, and wait until it is cancelled: whatever was left before it has had its
    time."""
    run = await langgraph.run(on_disconnect="cancel")
    await logs.taken(run)
    await listen_and_leave(langgraph, run)
    await until_cancelled(logs, run)


async def test_a_run_that_asks_for_it_is_cancelled_when_its_caller_leaves(
    leaving: LangGraphApi, logs: Logs
):
    run = await leaving.run(on_disconnect="cancel")
    await logs.taken(run)
    await listen_and_leave(leaving, run)
    await until_cancelled(logs, run)


async def test_a_run_goes_on_without_its_caller(leaving: LangGraphApi, logs: Logs):
    run = await leaving.run(on_disconnect="continue")
    await logs.taken(run)
    await listen_and_leave(leaving, run)
    await leave_another(leaving, logs)
    assert not await cancel_is_asked_for(logs, run)


async def test_a_caller_who_comes_back_in_time_keeps_the_run(leaving: LangGraphApi, logs: Logs):
    run = await leaving.run(on_disconnect="cancel")
    attempt = await logs.taken(run)
    await listen_and_leave(leaving, run)
    async with asking(leaving.api.port, "GET", f"/langgraph/runs/{run}/stream") as stream:
        await stream.until(b"event: metadata")
        await leave_another(leaving, logs)
        await attempt.close()
        await stream.rest()
    assert stream.ending == "clean"
    assert not await cancel_is_asked_for(logs, run)


async def test_only_listeners_that_may_cancel_are_counted(leaving: LangGraphApi, logs: Logs):
    for wanted, counted in (("continue", False), ("cancel", True)):
        run = await leaving.run(on_disconnect=wanted)
        attempt = await logs.taken(run)
        async with asking(leaving.api.port, "GET", f"/langgraph/runs/{run}/stream") as stream:
            await stream.until(b"event: metadata")
            assert bool(await logs.store.exists(keys.listening(run))) == counted
            await attempt.close()
            await stream.rest()


async def test_a_listener_of_which_nobody_speaks_does_not_count(leaving: LangGraphApi, logs: Logs):
    """Its replica was killed, or could not say that it has left."""
    run = await leaving.run(on_disconnect="cancel")
    await logs.taken(run)
    await Presence(logs.store, beat_s=0.1, longest_s=60).enter(run, "of-a-killed-replica")
    await listen_and_leave(leaving, run)
    await until_cancelled(logs, run)


async def test_a_listener_at_another_replica_counts(
    leaving: LangGraphApi, logs: Logs, store_url: str
):
    run = await leaving.run(on_disconnect="cancel")
    attempt = await logs.taken(run)
    async with (
        serving(ApiSettings(redis_url=store_url, heartbeat_s=0.2, disconnect_s=0.3)) as other,
        asking(other.port, "GET", f"/langgraph/runs/{run}/stream") as stream,
    ):
        await stream.until(b"event: metadata")
        await listen_and_leave(leaving, run)
        for _ in range(4):
            await leave_another(leaving, logs)
        assert not await cancel_is_asked_for(logs, run)
        await attempt.close()
        await stream.rest()


async def test_a_cut_of_ours_cancels_nothing(store_url: str, logs: Logs):
    async with seen_inside(store_url, disconnect_s=0.2, connection_age_s=0.5) as inside:
        langgraph = LangGraphApi(inside.api)
        run = await langgraph.run(on_disconnect="cancel")
        await logs.taken(run)
        cut = await langgraph.stream(run)
        assert cut.ending == "cut"
        await leave_another(langgraph, logs)
        assert not await cancel_is_asked_for(logs, run)
