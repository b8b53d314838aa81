"""How a run stopped is what LangGraph says: questions beside finished work, and breakpoints."""

import asyncio
import operator
from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated, Any, TypedDict

import orjson
import pytest
from blockbuster import BlockBuster
from langgraph.func import entrypoint, task
from langgraph.graph import START, StateGraph
from langgraph.types import Send, interrupt

from tailrace.shared.jobs import Holder, JobId, Pause
from tailrace.shared.redis import keys
from tests.support.leased import Site, serving_graph, site, working
from tests.support.resumable import in_a_row
from tests.support.wait import wait_until

Graph = Any


class Ran(TypedDict, total=False):
    ran: Annotated[list[str], operator.add]


@pytest.fixture
def calls() -> Counter[str]:
    """How often each node was called."""
    return Counter()


@pytest.fixture
async def place(store_url: str, blocking_is_an_error: BlockBuster) -> AsyncIterator[Site]:
    blocking_is_an_error.deactivate()  # graphs are other people's code
    async with site(store_url) as place:
        yield place


def node(name: str, calls: Counter[str], *, pause_s: float = 0, asks: bool = False) -> Any:
    async def run(_: Ran) -> Ran:
        calls[name] += 1
        await asyncio.sleep(pause_s)
        return {"ran": [f"{name} {interrupt(f'{name}?')}" if asks else name]}

    return run


def side_by_side(**nodes: Any) -> Graph:
    builder: Any = StateGraph(Ran)
    for name, run in nodes.items():
        builder.add_node(name, run).add_edge(START, name)
    return builder.compile()


def result(job: Any) -> Any:
    return orjson.loads(job.result or b"null")


async def test_a_question_beside_a_finished_sibling_waits_and_the_sibling_runs_once(
    place: Site, calls: Counter[str]
) -> None:
    graph = side_by_side(pay=node("pay", calls), ask=node("ask", calls, pause_s=0.1, asks=True))
    job_id = await place.post("graph", {})
    async with working(place, serving_graph(graph)):
        job = await place.reaches(job_id, "waiting")
        assert [i.value for i in job.pause.interrupts] == ["ask?"]
        assert job.pause.next == ("ask",)
        await place.resume(job_id, "yes")
        job = await place.ended(job_id)

    assert sorted(result(job)["ran"]) == ["ask yes", "pay"]
    assert calls == {"pay": 1, "ask": 2}


async def test_a_sibling_that_finishes_after_the_question_runs_once_too(
    place: Site, calls: Counter[str]
) -> None:
    graph = side_by_side(pay=node("pay", calls, pause_s=0.1), ask=node("ask", calls, asks=True))
    job_id = await place.post("graph", {})
    async with working(place, serving_graph(graph)):
        await place.reaches(job_id, "waiting")
        await place.resume(job_id, "yes")
        job = await place.ended(job_id)

    assert sorted(result(job)["ran"]) == ["ask yes", "pay"]
    assert calls == {"pay": 1, "ask": 2}


async def test_questions_of_sent_tasks_beside_finished_ones_wait_together(
    place: Site, calls: Counter[str]
) -> None:
    async def work(number: int) -> Ran:
        calls[str(number)] += 1
        return {"ran": [f"{number} {interrupt(f'{number}?')}" if number % 2 else str(number)]}

    def spread(_: Ran) -> list[Send]:
        return [Send("work", number) for number in range(4)]

    builder: Any = StateGraph(Ran)
    graph = builder.add_node("work", work).add_conditional_edges(START, spread).compile()
    job_id = await place.post("graph", {})
    async with working(place, serving_graph(graph)):
        job = await place.reaches(job_id, "waiting")
        assert sorted(i.value for i in job.pause.interrupts) == ["1?", "3?"]
        assert job.pause.next == ("work", "work")
        await place.jobs.resume(job, {i.id: i.value for i in job.pause.interrupts})
        await place.queue.enqueue(job_id)
        job = await place.ended(job_id)

    assert result(job)["ran"] == ["0", "1 1?", "2", "3 3?"]
    assert calls == {"0": 1, "1": 2, "2": 1, "3": 2}


@pytest.mark.parametrize("deep", [1, 2])
async def test_a_question_in_a_graph_beside_a_node_waits(
    place: Site, calls: Counter[str], deep: int
) -> None:
    inner = in_a_row(Ran, first=node("first", calls), ask=node("ask", calls, asks=True))
    for _ in range(deep - 1):
        inner = in_a_row(Ran, inner=inner)
    graph = side_by_side(inner=inner, pay=node("pay", calls))
    job_id = await place.post("graph", {})
    async with working(place, serving_graph(graph)):
        job = await place.reaches(job_id, "waiting")
        assert ([i.value for i in job.pause.interrupts], job.pause.next) == (["ask?"], ("inner",))
        await place.resume(job_id, "yes")
        job = await place.ended(job_id)

    assert sorted(result(job)["ran"]) == ["ask yes", "first", "pay"]
    assert calls == {"first": 1, "pay": 1, "ask": 2}


async def test_a_task_that_finished_before_the_question_of_its_node_runs_once(
    place: Site, calls: Counter[str]
) -> None:
    @task
    async def charge() -> str:
        calls["charge"] += 1
        return "charged"

    async def buy(_: Ran) -> Ran:
        paid = await charge()
        return {"ran": [paid, interrupt("sure?")]}

    graph = in_a_row(Ran, buy=buy)
    job_id = await place.post("graph", {})
    async with working(place, serving_graph(graph)):
        await place.reaches(job_id, "waiting")
        await place.resume(job_id, "yes")
        job = await place.ended(job_id)

    assert result(job)["ran"] == ["charged", "yes"]
    assert calls == {"charge": 1}


async def test_an_entrypoint_that_asks_between_tasks_waits(
    place: Site, calls: Counter[str]
) -> None:
    @task
    async def step(name: str) -> str:
        calls[name] += 1
        return name

    @entrypoint()
    async def flow(_: Any) -> list[str]:
        return [await step("one"), interrupt("sure?"), await step("two")]

    job_id = await place.post("graph", {})
    async with working(place, serving_graph(flow)):
        job = await place.reaches(job_id, "waiting")
        assert (len(job.pause.interrupts), job.pause.next) == (1, ("flow",))
        await place.resume(job_id, "yes")
        job = await place.ended(job_id)

    assert result(job) == ["one", "yes", "two"]
    assert calls == {"one": 1, "two": 1}


def broken(calls: Counter[str], **stops: Any) -> Graph:
    builder: Any = StateGraph(Ran)
    for name in ("write", "send"):
        builder.add_node(name, node(name, calls))
    builder.add_edge(START, "write").add_edge("write", "send")
    return builder.compile(**stops)


async def resume(place: Site, job_id: JobId) -> None:
    """Let the job pass the breakpoint that it stands at."""
    await place.jobs.resume(await place.jobs.get(job_id), {})
    await place.queue.enqueue(job_id)


@pytest.mark.parametrize(
    ("compiled", "asked"),
    [
        ({"interrupt_before": ["send"]}, {}),
        ({"interrupt_after": ["write"]}, {}),
        ({}, {"interrupt_before": ["send"]}),
        ({}, {"interrupt_after": ["write"]}),
        ({"interrupt_after": "*"}, {"interrupt_before": ["send"], "interrupt_after": ["send"]}),
    ],
)
async def test_a_breakpoint_waits_without_a_question_and_is_passed_when_told_so(
    place: Site, calls: Counter[str], compiled: dict[str, Any], asked: dict[str, Any]
) -> None:
    job_id = await place.post("graph", {}, **asked)
    async with working(place, serving_graph(broken(calls, **compiled))):
        job = await place.reaches(job_id, "waiting")
        assert (job.pause.interrupts, job.pause.next) == ((), ("send",))
        told = orjson.loads((await place.events(job_id))[-1].data)
        assert (told["interrupts"], told["next"]) == ([], ["send"])
        await resume(place, job_id)
        job = await place.ended(job_id)

    assert result(job)["ran"] == ["write", "send"]
    assert calls == {"write": 1, "send": 1}


async def test_a_run_stops_at_every_breakpoint_on_its_way(place: Site, calls: Counter[str]) -> None:
    job_id = await place.post("graph", {}, interrupt_before="*")
    async with working(place, serving_graph(broken(calls))):
        for coming in ("write", "send"):

            async def stands_there(coming: str = coming) -> bool:
                job = await place.jobs.get(job_id)
                return job.status == "waiting" and job.pause.next == (coming,)

            await wait_until(stands_there, f"the stop before {coming}")
            await resume(place, job_id)
        job = await place.ended(job_id)

    assert result(job)["ran"] == ["write", "send"]


@pytest.mark.parametrize("stops", [{"interrupt_before": ["send"]}, {"interrupt_after": ["write"]}])
async def test_a_breakpoint_in_a_graph_inside_waits(
    place: Site, calls: Counter[str], stops: dict[str, Any]
) -> None:
    graph = in_a_row(Ran, first=node("first", calls), inner=broken(calls, **stops))
    job_id = await place.post("graph", {})
    async with working(place, serving_graph(graph)):
        job = await place.reaches(job_id, "waiting")
        assert (job.pause.interrupts, job.pause.next) == ((), ("inner",))
        await resume(place, job_id)
        job = await place.ended(job_id)

    assert result(job)["ran"] == ["first", "first", "write", "send"]
    assert calls == {"first": 1, "write": 1, "send": 1}


@pytest.mark.parametrize("stops", [{"interrupt_before": ["send"]}, {"interrupt_after": ["write"]}])
@pytest.mark.parametrize("inside", [False, True])
async def test_a_worker_lost_between_a_stop_and_its_event_passes_no_breakpoint(
    place: Site, calls: Counter[str], stops: dict[str, Any], inside: bool
) -> None:
    """The state of the stop is stored, and the record does not know of it."""
    graph = broken(calls, **stops)
    graph = in_a_row(Ran, inner=graph) if inside else graph
    job_id = await place.post("graph", {})
    async with working(place, serving_graph(graph)):
        job = await place.reaches(job_id, "waiting")
    redis: Any = place.redis
    await redis.hset(keys.job(job_id), "status", "running")
    await redis.hdel(keys.job(job_id), "pause", "interrupts")
    holder = Holder(job_id, job.attempt + 1, "lost")
    opened = await place.jobs.open_attempt(holder)
    assert opened.pause == Pause()
    await place.jobs.requeue(holder, "shutdown", failures=0)
    await place.queue.enqueue(job_id)

    async with working(place, serving_graph(graph)):
        job = await place.reaches(job_id, "waiting")
        assert calls["send"] == 0
        await resume(place, job_id)
        await place.reaches(job_id, "succeeded")
    assert calls == {"write": 1, "send": 1}


async def test_a_worker_lost_after_a_breakpoint_was_passed_does_not_stop_there_again(
    place: Site, calls: Counter[str]
) -> None:
    gate = asyncio.Event()

    async def send(_: Ran) -> Ran:
        calls["send"] += 1
        await gate.wait()
        return {"ran": ["send"]}

    graph = in_a_row(Ran, write=node("write", calls), send=send)
    job_id = await place.post("graph", {}, interrupt_before=["send"])
    async with working(place, serving_graph(graph)):
        await place.reaches(job_id, "waiting")
    await resume(place, job_id)
    async with working(place, serving_graph(graph)) as hand:
        await wait_until(lambda: calls["send"] == 1, "the node behind the breakpoint")
        await hand.vanish()
    await place.expire_lease(job_id)
    gate.set()
    async with working(place, serving_graph(graph)):
        job = await place.ended(job_id)

    assert result(job)["ran"] == ["write", "send"]
    assert [status for status, _ in await place.statuses(job_id)].count("waiting") == 1


async def test_a_worker_lost_between_a_later_stop_and_its_event_passes_no_breakpoint(
    place: Site, calls: Counter[str]
) -> None:
    nodes = {name: node(name, calls) for name in ("one", "two", "three")}
    graph = in_a_row(Ran, **nodes)
    job_id = await place.post("graph", {}, interrupt_after="*")
    async with working(place, serving_graph(graph)):
        await place.reaches(job_id, "waiting")
        await resume(place, job_id)

        async def stands_there() -> bool:
            job = await place.jobs.get(job_id)
            return job.status == "waiting" and job.pause.next == ("three",)

        await wait_until(stands_there, "the second stop")
    redis: Any = place.redis
    # As if the worker had been lost before it could tell the second stop.
    first = {"next": ["two"], "stopped_at": ["an older checkpoint"]}
    await redis.hset(keys.job(job_id), mapping={"status": "running", "pause": orjson.dumps(first)})
    holder = Holder(job_id, (await place.jobs.get(job_id)).attempt + 1, "lost")
    await place.jobs.open_attempt(holder)
    await place.jobs.requeue(holder, "shutdown", failures=0)
    await place.queue.enqueue(job_id)

    async with working(place, serving_graph(graph)):
        job = await place.reaches(job_id, "waiting")
    assert (job.pause.next, calls) == (("three",), {"one": 1, "two": 1})
