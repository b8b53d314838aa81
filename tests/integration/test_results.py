"""A large result of a job on a thread is its state, and is not written a second time."""

from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from blockbuster import BlockBuster
from langgraph.graph import START, StateGraph
from typing_extensions import TypedDict

from tailrace.shared.events import encode
from tailrace.shared.log_store.checkpoints.checkpoint_store import CheckpointStore
from tailrace.shared.log_store.events.log_reader import LogReader
from tailrace.shared.log_store.threads.thread_log import ThreadLog
from tailrace.shared.log_store.threads.thread_store import ThreadStore
from tailrace.shared.redis import keys
from tailrace.shared.threads import ThreadName, new_thread_id
from tests.support.leased import Site, serving_graph, site, working

SHORT, LARGE = "short", "large \u2028 text " * 1000


class State(TypedDict, total=False):
    given: Any
    hidden: str


class Output(TypedDict, total=False):
    given: Any


def echoing(**schemas: Any) -> Any:
    def echo(state: State) -> Any:
        return {"given": state.get("given"), "hidden": "not in the output"}

    builder: Any = StateGraph(State, **schemas)
    builder.add_node("echo", echo)
    return builder.add_edge(START, "echo").compile()


GRAPHS = {"whole": {}, "a part": {"output_schema": Output}}


@pytest.fixture
async def place(store_url: str, blocking_is_an_error: BlockBuster) -> AsyncIterator[Site]:
    blocking_is_an_error.deactivate()
    async with site(store_url) as place:
        yield place


@pytest.mark.parametrize("schemas", GRAPHS)
async def test_whoever_reads_a_result_gets_it_whole_wherever_it_is(
    place: Site, schemas: str, store_url: str
) -> None:
    thread, graph = new_thread_id(), echoing(**GRAPHS[schemas])
    redis: Any = place.redis
    for value in ([SHORT], [LARGE, {"result_at": {"checkpoint": "1"}}]):
        async with working(place, serving_graph(graph)):
            alone = await place.ended(await place.post("graph", {"given": value}))
            job = await place.ended(await place.say(thread, "graph", {"given": value}))
        is_large = value[0] == LARGE
        assert bool(await redis.hexists(keys.job(job.id), "result_at")) is is_large
        assert bool(await redis.hexists(keys.job(job.id), "result")) is not is_large

        assert job.result == alone.result
        end = encode({"status": "succeeded", "result": orjson.Fragment(job.result or b"")})
        assert (await place.events(job.id))[-1].data == end
        assert (await place.log.latest(job.id))[0].data == end
        reader = LogReader(place.redis, store_url)
        assert (await reader.read({job.id: job.seq - 1}))[job.id][-1].data == end
        await reader.aclose()
        on_thread = await ThreadLog(place.redis).read(ThreadName("default", thread), 0)
        assert on_thread[-1].data.endswith(end[1:])
        listed = await ThreadStore(place.redis, place.settings).jobs(
            ThreadName("default", thread), 1
        )
        assert [one.result for one in listed.jobs] == [job.result]


async def test_a_result_goes_with_the_checkpoint_that_has_it(place: Site) -> None:
    thread = new_thread_id()
    async with working(place, serving_graph(echoing())):
        job = await place.ended(await place.say(thread, "graph", {"given": LARGE}))
    assert orjson.loads(job.result or b"")["given"] == LARGE

    await CheckpointStore(place.redis, place.settings).delete(f"default:{thread}")

    assert (await place.jobs.get(job.id)).result == b"null"
    assert orjson.loads((await place.events(job.id))[-1].data)["result"] is None
