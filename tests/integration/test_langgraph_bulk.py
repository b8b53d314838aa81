"""LangGraph's API: several runs or threads in one request."""

import operator
from collections.abc import AsyncIterator
from typing import Annotated, Any, TypedDict

import orjson
import pytest
from blockbuster import BlockBuster
from langgraph.graph import START, StateGraph

from tailrace.shared.queue_store.catalogue import GraphSpec
from tailrace.shared.threads import new_thread_id
from tests.support.langgraph_api import LangGraphApi, detail
from tests.support.leased import Site, serving_graph, site, working
from tests.support.service import Api, Logs
from tests.support.wire import Exchange

RUN = {"assistant_id": "graph", "input": {"said": ["hello"]}}
KEY = "Idempotency-Key: once"


class Talk(TypedDict):
    said: Annotated[list[str], operator.add]


def reply(state: Talk) -> Any:
    return {"said": [f"heard {state['said'][-1]}"]}


@pytest.fixture
async def langgraph(api: Api, logs: Logs) -> LangGraphApi:
    await logs.announce(GraphSpec("graph", "", {}, ""))
    return LangGraphApi(api)


@pytest.fixture
async def place(store_url: str, blocking_is_an_error: BlockBuster) -> AsyncIterator[Site]:
    blocking_is_an_error.deactivate()
    builder: Any = StateGraph(Talk)
    builder.add_node("reply", reply)
    registry = serving_graph(builder.add_edge(START, "reply").compile())
    async with site(store_url) as place, working(place, registry):
        yield place


def body(exchange: Exchange) -> Any:
    assert exchange.head.status == 200, exchange.body
    return orjson.loads(exchange.body)


async def status(langgraph: LangGraphApi, thread: str, run: str) -> str:
    return body(await langgraph.get(f"/threads/{thread}/runs/{run}"))["status"]


async def test_a_batch_of_runs_is_created_once_for_each_key(langgraph: LangGraphApi) -> None:
    runs = [{**RUN, "metadata": {"n": n}} for n in range(3)]
    first, again = [body(await langgraph.post("/runs/batch", runs, KEY)) for _ in range(2)]
    assert [run["metadata"]["n"] for run in first] == [0, 1, 2]
    assert len({run["run_id"] for run in first}) == 3
    assert first == again
    without = [body(await langgraph.post("/runs/batch", runs)) for _ in range(2)]
    assert len({run["run_id"] for batch in without for run in batch}) == 6


@pytest.mark.parametrize(
    ("runs", "said"),
    [
        ([RUN, {**RUN, "webhook": "https://example.com"}], "webhook: "),
        ([RUN, {**RUN, "nope": 1}], "nope: "),
        ([RUN, {**RUN, "command": {"resume": 1}}], "command: "),
        ([], "a list of 1 to 100"),
        ([RUN] * 101, "a list of 1 to 100"),
        (RUN, "a list of 1 to 100"),
    ],
)
async def test_a_batch_with_a_wrong_run_starts_none(
    langgraph: LangGraphApi, logs: Logs, runs: Any, said: str
) -> None:
    assert said in detail(await langgraph.post("/runs/batch", runs), 422)
    assert not await logs.store.keys("*:job:*")


async def test_named_runs_of_a_thread_are_cancelled(langgraph: LangGraphApi) -> None:
    thread = new_thread_id()
    asked = {**RUN, "if_not_exists": "create", "multitask_strategy": "enqueue"}
    runs = [body(await langgraph.post(f"/threads/{thread}/runs", asked)) for _ in range(3)]
    one, two, three = [run["run_id"] for run in runs]

    unknown = {"thread_id": thread, "run_ids": [three, str(new_thread_id())]}
    detail(await langgraph.post("/runs/cancel", unknown), 404)
    assert await status(langgraph, thread, three) == "pending"
    exchange = await langgraph.post("/runs/cancel", {"thread_id": thread, "run_ids": [one, three]})
    assert exchange.head.status == 204
    found = [await status(langgraph, thread, run) for run in (one, two, three)]
    assert found == ["interrupted", "pending", "interrupted"]
    refused = await langgraph.post("/runs/cancel", {"thread_id": thread, "status": "all"})
    assert "status: " in detail(refused, 422)


async def history(langgraph: LangGraphApi, thread: str) -> list[Any]:
    return body(await langgraph.get(f"/threads/{thread}/history?limit=100"))


@pytest.mark.usefixtures("place")
async def test_threads_are_pruned_to_their_newest_state(langgraph: LangGraphApi) -> None:
    thread, other = new_thread_id(), new_thread_id()
    for one in (thread, thread, other):
        body(await langgraph.post(f"/threads/{one}/runs/wait", {**RUN, "if_not_exists": "create"}))
    before, untouched = await history(langgraph, thread), await history(langgraph, other)

    asked = {"thread_ids": [thread, thread, new_thread_id()], "strategy": "keep_latest"}
    assert body(await langgraph.post("/threads/prune", asked)) == {"pruned_count": 1}
    [now] = await history(langgraph, thread)
    assert (now["values"], now["checkpoint"]) == (before[0]["values"], before[0]["checkpoint"])
    assert await history(langgraph, other) == untouched
    after = body(await langgraph.post(f"/threads/{thread}/runs/wait", RUN))
    assert after["said"] == [*before[0]["values"]["said"], "hello", "heard hello"]


async def test_a_thread_with_a_running_job_keeps_its_states(
    langgraph: LangGraphApi, logs: Logs
) -> None:
    thread = new_thread_id()
    asked = {**RUN, "if_not_exists": "create"}
    run = body(await langgraph.post(f"/threads/{thread}/runs", asked))
    await logs.taken(run["run_id"])
    assert await status(langgraph, thread, run["run_id"]) == "running"
    prune = {"thread_ids": [thread], "strategy": "keep_latest"}
    assert body(await langgraph.post("/threads/prune", prune)) == {"pruned_count": 0}


async def test_threads_are_pruned_whole(langgraph: LangGraphApi) -> None:
    ids = [body(await langgraph.post("/threads", {}))["thread_id"] for _ in range(3)]
    asked = {"thread_ids": [ids[0], ids[1].upper(), str(new_thread_id())]}
    assert body(await langgraph.post("/threads/prune", asked)) == {"pruned_count": 2}
    found = [(await langgraph.get(f"/threads/{id_}")).head.status for id_ in ids]
    assert found == [404, 404, 200]
    detail(await langgraph.post("/threads/prune", {"thread_ids": ["nope"]}), 422)
