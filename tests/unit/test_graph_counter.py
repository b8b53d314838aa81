import asyncio
from typing import Any, cast

import pytest

from tailrace.worker.graphs.counter import MAX_NODES, StoppedAsAsked, graph

COUNTER = cast("Any", graph)


async def events_of(value: dict[str, object]) -> list[dict[str, Any]]:
    return [event async for event in COUNTER.astream(value, stream_mode="custom")]


async def test_counting_by_default_writes_a_thousand_events_and_says_so() -> None:
    assert len(await events_of({})) == 1000
    assert await COUNTER.ainvoke({}) == {"count": 1000, "tag": ""}


async def test_an_event_holds_its_number_the_time_and_the_padding_only() -> None:
    events = await events_of({"count": 3, "pad_bytes": 5})
    assert [event["i"] for event in events] == [1, 2, 3]
    assert all(event.keys() == {"i", "t", "pad"} for event in events)
    assert {event["pad"] for event in events} == {"xxxxx"}
    times = [event["t"] for event in events]
    assert times == sorted(times)


@pytest.mark.parametrize(
    ("count", "nodes"), [(0, 1), (0, 5), (1, 7), (10, 3), (100, 99), (1000, MAX_NODES)]
)
async def test_the_nodes_share_the_count_without_gap_or_repeat(count: int, nodes: int) -> None:
    numbers: list[int] = []
    rounds = 0
    modes = ["custom", "updates"]
    value = {"count": count, "nodes": nodes}
    limit = {"recursion_limit": 100}
    async for mode, data in COUNTER.astream(value, config=limit, stream_mode=modes):
        if mode == "custom":
            numbers.append(data["i"])
        else:
            rounds += 1
    assert numbers == list(range(1, count + 1))
    assert rounds == nodes


@pytest.mark.parametrize("fail_at", [1, 4, 10])
async def test_failing_comes_in_place_of_the_event_of_that_number(fail_at: int) -> None:
    seen: list[int] = []

    async def watch() -> None:
        value = {"count": 10, "nodes": 2, "fail_at": fail_at}
        async for event in COUNTER.astream(value, stream_mode="custom"):
            seen.append(event["i"])  # noqa: PERF401 - what came before the failure counts

    with pytest.raises(StoppedAsAsked):
        await watch()
    assert seen == list(range(1, fail_at))


async def test_a_failure_beyond_the_count_never_comes() -> None:
    assert await COUNTER.ainvoke({"count": 5, "fail_at": 6, "tag": "x"}) == {"count": 5, "tag": "x"}


async def test_counting_without_a_pause_leaves_the_loop_its_turns() -> None:
    turns = 0
    done = asyncio.Event()

    async def neighbour() -> None:
        nonlocal turns
        while not done.is_set():
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(neighbour())
        await COUNTER.ainvoke({"count": 6_400})
        done.set()
    assert turns >= 100
