"""Conversations: jobs on a thread run one after another on one state, whatever happens."""

import asyncio
import operator
import random
import time
from collections.abc import AsyncIterator
from typing import Annotated, Any, NotRequired, TypedDict

import orjson
import pytest
from blockbuster import BlockBuster
from langgraph.checkpoint.base import id as ids
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.types import Command, interrupt

from tailrace.shared.jobs import Job
from tailrace.shared.log_store.checkpoints.checkpoint_store import CheckpointStore
from tailrace.shared.log_store.jobs.job_store import OnThread
from tailrace.shared.threads import ThreadId, new_thread_id
from tailrace.worker.catalogue.registry import Registry
from tests.support.leased import Site, serving_graph, site, working

TURNS = 10
KILLS = 20


class Talk(TypedDict):
    said: Annotated[list[str], operator.add]
    wants: NotRequired[str]


def hear(state: Talk) -> dict[str, Any]:
    return {"said": [f"heard {state['said'][-1]}"]}


async def think(state: Talk) -> dict[str, Any]:
    await asyncio.sleep(0)
    if state.get("wants") == "approval" and state["said"][-1].startswith("heard ask"):
        return {"said": [f"told {interrupt('Go on?')}"], "wants": ""}
    return {"said": [f"thought of {len(state['said'])}"]}


def conversation() -> StateGraph[Talk]:
    graph = StateGraph(Talk)
    graph.add_node("hear", hear)
    graph.add_node("think", think)
    graph.add_edge(START, "hear")
    graph.add_edge("hear", "think")
    graph.add_edge("think", END)
    return graph


@pytest.fixture
def graphs(blocking_is_an_error: BlockBuster) -> Registry:
    blocking_is_an_error.deactivate()
    return serving_graph(conversation().compile())


@pytest.fixture
async def place(store_url: str) -> AsyncIterator[Site]:
    async with site(store_url) as place:
        yield place


def state_of(job: Job) -> dict[str, Any]:
    return orjson.loads(job.result or b"null")


async def plainly(*inputs: Any) -> list[dict[str, Any]]:
    """The state after each of these, where LangGraph alone runs them one by one."""
    graph: Any = conversation().compile(checkpointer=InMemorySaver())
    config = {"configurable": {"thread_id": "1"}}
    return [await graph.ainvoke(one, config) for one in inputs]


async def test_the_second_message_goes_on_from_the_first_ones_state(
    place: Site, graphs: Registry
) -> None:
    thread, inputs = new_thread_id(), [{"said": [f"m{n}"]} for n in range(3)]
    async with working(place, graphs):
        states = [
            state_of(await place.ended(await place.say(thread, "graph", one))) for one in inputs
        ]
    assert states == await plainly(*inputs)


async def test_messages_at_once_are_taken_in_their_order(place: Site, graphs: Registry) -> None:
    thread, inputs = new_thread_id(), [{"said": [f"m{n}"]} for n in range(TURNS)]
    async with working(place, graphs), working(place, graphs):
        jobs = [await place.say(thread, "graph", one) for one in inputs]
        states = [state_of(await place.ended(job)) for job in jobs]
    assert states == await plainly(*inputs)
    await place.queue_is_empty()


async def test_threads_do_not_hear_each_other(place: Site, graphs: Registry) -> None:
    threads = [new_thread_id() for _ in range(4)]
    async with working(place, graphs):
        for thread in threads:
            await place.say(thread, "graph", {"said": [f"first of {thread}"]})
        for thread in threads:
            job = await place.say(thread, "graph", {"said": [f"second of {thread}"]})
            said = state_of(await place.ended(job))["said"]
            assert [words for words in said if words.startswith(("first", "second"))] == [
                f"first of {thread}",
                f"second of {thread}",
            ]


async def test_no_message_is_lost_or_doubled_when_workers_are(
    place: Site, graphs: Registry
) -> None:
    chance = random.Random(7)
    thread, inputs = new_thread_id(), [{"said": [f"m{n}"]} for n in range(TURNS)]
    jobs = [await place.say(thread, "graph", one, max_attempts=100) for one in inputs]
    for _ in range(KILLS):
        async with working(place, graphs) as hand:
            await asyncio.sleep(chance.uniform(0.005, 0.1))
            await hand.vanish()
        for job in jobs:
            await place.expire_lease(job)
        await repaired(place)
    async with working(place, graphs):
        await repaired(place)
        states = [state_of(await place.ended(job)) for job in jobs]
    assert states == await plainly(*inputs)


async def test_a_new_message_takes_over_from_a_question(place: Site, graphs: Registry) -> None:
    thread, asks = new_thread_id(), {"said": ["ask"], "wants": "approval"}
    async with working(place, graphs):
        asking = await place.say(thread, "graph", asks)
        await place.reaches(asking, "waiting")
        second = await place.ended(await place.say(thread, "graph", {"said": ["never mind"]}))
        assert (await place.ended(asking)).status == "cancelled"
    assert state_of(second)["said"][:3] == ["ask", "heard ask", "never mind"]


async def test_a_command_answers_the_question_of_the_job_before(
    place: Site, graphs: Registry
) -> None:
    thread, asks = new_thread_id(), {"said": ["ask"], "wants": "approval"}
    async with working(place, graphs):
        asking = await place.say(thread, "graph", asks)
        await place.reaches(asking, "waiting")
        answer = await place.say(thread, "graph", None, command={"resume": "yes"})
        ended = await place.ended(answer)
    assert state_of(ended) == (await plainly(asks, Command(resume="yes")))[-1]


async def test_a_job_may_begin_at_an_earlier_checkpoint(place: Site, graphs: Registry) -> None:
    thread = new_thread_id()
    async with working(place, graphs):
        first = await place.ended(await place.say(thread, "graph", {"said": ["one"]}))
        fork = await newest_checkpoint(place, thread)
        await place.ended(await place.say(thread, "graph", {"said": ["two"]}))
        edited = await place.say(thread, "graph", {"said": ["2"]}, checkpoint_id=fork)
        forked = await place.ended(edited)
        last = await place.ended(await place.say(thread, "graph", {"said": ["three"]}))
    assert state_of(forked)["said"][: len(state_of(first)["said"])] == state_of(first)["said"]
    assert "two" not in state_of(forked)["said"]
    assert state_of(last)["said"][: len(state_of(forked)["said"])] == state_of(forked)["said"]


async def repaired(place: Site) -> None:
    """What the sweep does in time: a job whose turn has come is queued if nobody has queued it."""
    for owed in await place.sweep().open_jobs.owed(-1000):
        await place.queue.enqueue(owed)


async def newest_checkpoint(place: Site, thread: ThreadId) -> str:
    found = await CheckpointStore(place.redis, place.settings).newest(f"default:{thread}")
    assert found is not None
    return found


async def test_a_worker_whose_clock_is_behind_loses_no_message(
    place: Site, graphs: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    thread, inputs = new_thread_id(), [{"said": [f"m{n}"]} for n in range(3)]
    async with working(place, graphs):
        await place.ended(await place.say(thread, "graph", inputs[0]))
    # Another machine's: LangGraph makes ids of the clock, and knows of none before.
    monkeypatch.setattr(ids, "_last_v6_timestamp", None)
    monkeypatch.setattr(ids, "time", BehindByAnHour)
    async with working(place, graphs):
        await place.ended(await place.say(thread, "graph", inputs[1]))
        last = await place.ended(await place.say(thread, "graph", inputs[2]))
    assert state_of(last) == (await plainly(*inputs))[-1]


class BehindByAnHour:
    """A clock."""

    @staticmethod
    def time_ns() -> int:
        return time.time_ns() - 3600 * 10**9


@pytest.mark.parametrize("how", ["strategy", "cancel"])
async def test_a_job_that_is_rolled_back_leaves_the_state_as_it_was(
    place: Site, blocking_is_an_error: BlockBuster, how: str
) -> None:
    blocking_is_an_error.deactivate()

    async def dawdle(state: Talk) -> dict[str, Any]:
        if state["said"][-1].startswith("heard slow"):
            await asyncio.Event().wait()
        return {"said": ["done"]}

    graph = StateGraph(Talk)
    graph.add_node("hear", hear)
    graph.add_node("dawdle", dawdle)
    graph.add_edge(START, "hear")
    graph.add_edge("hear", "dawdle")
    thread = new_thread_id()
    async with working(place, serving_graph(graph.compile())):
        await place.ended(await place.say(thread, "graph", {"said": ["first"]}))
        before = await whole_chain(place, thread)
        slow = await place.say(thread, "graph", {"said": ["slow"]})
        await place.has_said(slow, "heard slow")
        if how == "strategy":
            last = await place.say(thread, "graph", {"said": ["last"]}, OnThread("rollback"))
            await place.queue.interrupt(slow)
        else:
            await place.jobs.cancel(slow, rollback=True)
            await place.queue.interrupt(slow)
            last = None
        rolled_back = await place.ended(slow)
        assert (rolled_back.status, rolled_back.rolled_back) == ("cancelled", True)
        if last is None:
            assert await whole_chain(place, thread) == before
            last = await place.say(thread, "graph", {"said": ["last"]})
        said = state_of(await place.ended(last))["said"]
    assert said == ["first", "heard first", "done", "last", "heard last", "done"]


async def whole_chain(place: Site, thread: ThreadId) -> list[tuple[str, str]]:
    store = CheckpointStore(place.redis, place.settings)
    return sorted(await store.ids(f"default:{thread}"))


@pytest.mark.parametrize("strategy", ["interrupt", "rollback"])
async def test_a_job_that_interrupts_ends_those_before_it(
    place: Site, graphs: Registry, strategy: Any
) -> None:
    thread = new_thread_id()
    asks = {"said": ["ask"], "wants": "approval"}
    jobs = [await place.say(thread, "graph", asks) for _ in range(3)]
    newest = await place.say(thread, "graph", {"said": ["stop"]}, OnThread(strategy))
    async with working(place, graphs):
        # Nobody tells the workers: only the scripts and the sweep.
        sweep = place.sweep()
        for job in jobs:
            await sweep.sweep()
            assert (await place.ended(job)).status == "cancelled"
        await repaired(place)
        assert state_of(await place.ended(newest))["said"][0] == "stop"
