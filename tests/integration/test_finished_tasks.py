"""What has finished does not run again, and what it said is in the log: kills on a slow store."""

import asyncio
import operator
import random
from collections import Counter
from collections.abc import AsyncIterator
from typing import Annotated, Any, TypedDict, cast

import orjson
import pytest
from blockbuster import BlockBuster
from langgraph.config import get_stream_writer
from langgraph.graph import START, StateGraph

from tailrace.shared.events import LoggedEvent
from tailrace.shared.jobs import JobId
from tailrace.shared.redis import keys
from tests.support.leased import Site, serving_graph, site, working
from tests.support.proxy import StoreProxy, store_proxy
from tests.support.resumable import in_a_row
from tests.support.wait import wait_until

TOKENS = 1000
NODES = ("a", "b", "c")


class Ran(TypedDict, total=False):
    ran: Annotated[list[str], operator.add]


@pytest.fixture
async def place(store_url: str, blocking_is_an_error: BlockBuster) -> AsyncIterator[Site]:
    blocking_is_an_error.deactivate()  # graphs are other people's code
    async with site(store_url) as place:
        yield place


@pytest.fixture
async def proxy(store_url: str) -> AsyncIterator[StoreProxy]:
    async with store_proxy(store_url) as proxy:
        yield proxy


def talkative(calls: Counter[str], *, inside: bool) -> Any:
    """Three nodes at once, twice, each of which says a thousand things and ends."""

    def node(name: str) -> Any:
        async def talk(_: Ran) -> Ran:
            calls[name] += 1
            say = get_stream_writer()
            for n in range(TOKENS):
                say([name, calls[name], n])
                if n % 100 == 0:
                    await asyncio.sleep(0)
            return {"ran": [name]}

        return talk

    builder: Any = StateGraph(Ran)
    for name in NODES:
        builder.add_node(name, node(name)).add_edge(START, name)
        builder.add_node(f"{name}2", node(f"{name}2")).add_edge(name, f"{name}2")
    graph = builder.compile()
    return in_a_row(Ran, inner=graph) if inside else graph


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize("durability", ["async", "sync"])
@pytest.mark.parametrize("late_s", [0, 0.02])
async def test_a_finished_task_runs_once_and_all_that_it_said_is_in_the_log(
    place: Site, proxy: StoreProxy, durability: str, inside: bool, late_s: float
) -> None:
    rng = random.Random(f"{durability} {inside} {late_s}")
    for _ in range(3):
        calls: Counter[str] = Counter()
        graph = serving_graph(talkative(calls, inside=inside))
        job_id = await place.post("graph", {})
        proxy.delay_replies(late_s, rng.randrange(1000))
        linked = {"redis_url": proxy.url, "durability": durability}
        async with working(place, graph, **linked) as hand:
            await _has_events(place, job_id, rng.randrange(3, 2 * len(NODES) * TOKENS))
            await hand.vanish()
        finished = _completed(await place.events(job_id))
        before = dict(calls)
        await place.expire_lease(job_id)
        async with working(place, graph):
            job = await place.ended(job_id, 30)

        assert sorted(orjson.loads(job.result or b"")["ran"]) == sorted([*NODES, *_second()])
        again = {name for name in NODES + _second() if calls[name] > before.get(name, 0)}
        assert finished & again == set()
        for name in set(before) - again:
            assert _said(await place.events(job_id), name) == list(range(TOKENS)), name


def _second() -> tuple[str, ...]:
    return tuple(f"{name}2" for name in NODES)


async def _has_events(place: Site, job_id: JobId, events: int) -> None:
    async def has() -> bool:
        job = await place.jobs.get(job_id)
        return job.seq >= events or job.ended

    await wait_until(has, f"{events} events", 30)


def _completed(events: list[LoggedEvent]) -> set[str]:
    updates = [orjson.loads(event.data) for event in events if event.name == "updates"]
    return {update["node"] for update in updates} & set(NODES + _second())


def _said(events: list[LoggedEvent], name: str) -> list[int]:
    told = [orjson.loads(event.data)["data"] for event in events if event.name == "custom"]
    return [n for node, _, n in told if node == name]


@pytest.mark.parametrize("late_s", [0, 0.02, 0.06])
async def test_from_a_tasks_return_to_the_acknowledgement_it_is_one_call_after_the_one_under_way(
    place: Site, proxy: StoreProxy, late_s: float
) -> None:
    calls_at_return: list[int] = []
    gate = asyncio.Event()

    async def quick(_: Ran) -> Ran:
        await asyncio.sleep(0.2)  # all that came before is stored
        get_stream_writer()("a call is under way")
        await asyncio.sleep(late_s / 2 or 0.01)
        calls_at_return.append(proxy.script_calls)
        return {"ran": ["quick"]}

    async def slow(_: Ran) -> Ran:
        await gate.wait()
        return {"ran": ["slow"]}

    builder: Any = StateGraph(Ran)
    for name, run in (("quick", quick), ("slow", slow)):
        builder.add_node(name, run).add_edge(START, name)
    job_id = await place.post("graph", {})
    proxy.delay_replies(late_s, 1)
    async with working(place, serving_graph(builder.compile()), log_redis_url=proxy.url):

        async def is_stored() -> bool:
            fields = await cast("Any", place.redis).hkeys(keys.checkpoints(job_id))
            # Of the graph's input there is a write too, on the checkpoint before.
            return bool(calls_at_return) and any(f.startswith(b"write:") for f in fields)

        await wait_until(is_stored, "what the task wrote")
        calls = proxy.script_calls - calls_at_return[0]
        gate.set()
        await place.ended(job_id)
    assert calls <= 1
