"""A graph goes on where it was interrupted: in another attempt, with another saver and graph."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import orjson
import pytest
from langgraph.func import entrypoint, task
from langgraph.graph import START, StateGraph
from langgraph.types import Command, Send, interrupt
from redis.asyncio import Redis

from tailrace.shared.settings import SharedSettings
from tailrace.worker.checkpoints.checkpoints import Checkpoints
from tests.support.jobs import stores
from tests.support.resumable import (
    Durability,
    Graph,
    Ran,
    Resumable,
    asking,
    chain,
    in_a_row,
    saying,
)
from tests.support.wait import wait_until


@pytest.fixture
async def job(redis: Redis) -> AsyncIterator[Resumable]:
    kept = stores(redis)
    job = Resumable(kept, Checkpoints(redis, SharedSettings()), await kept.running())
    yield job
    await job.close()


@pytest.mark.parametrize("durability", ["sync", "async"])
async def test_an_attempt_goes_on_at_the_interrupted_node(
    job: Resumable, durability: Durability
) -> None:
    async with job.stuck(chain(job.ran, stuck_at="two"), durability):
        await wait_until(lambda: job.ran == ["one", "two"], "node two")
        await job.has_stored("one")
    await job.next_attempt()

    last = await job.run(chain(job.ran), None, durability)

    assert last == {"ran": ["one", "two", "three"]}
    assert job.ran == ["one", "two", "two", "three"]


async def test_an_attempt_that_got_no_further_than_its_first_node_goes_on_there(
    job: Resumable,
) -> None:
    async with job.stuck(chain(job.ran, stuck_at="one")):
        await job.has_stored()
    await job.next_attempt()

    assert await job.run(chain(job.ran), None) == {"ran": ["one", "two", "three"]}


async def test_a_graph_that_had_ended_gives_its_result_again_and_runs_nothing(
    job: Resumable,
) -> None:
    await job.run(chain(job.ran), {"ran": []})
    await job.next_attempt()

    assert await job.run(chain(job.ran), None) == {"ran": ["one", "two", "three"]}
    assert job.ran == ["one", "two", "three"]


async def test_a_job_has_nothing_to_go_on_from_until_its_graph_has_a_checkpoint(
    job: Resumable,
) -> None:
    kept = await job.kept.jobs.get(job.holder.job_id)
    assert not await job.checkpoints.has_begun(kept)
    # A task's write may be stored before the checkpoint that it belongs to.
    early = job.config["configurable"] | {"checkpoint_ns": "", "checkpoint_id": "not yet"}
    saver = job.checkpoints.of()
    await saver.aput_writes({"configurable": early}, [("ran", ["one"])], "task")
    assert not await job.checkpoints.has_begun(kept)

    await job.run(chain(job.ran), {"ran": []})

    assert await job.checkpoints.has_begun(kept)


async def test_an_attempt_says_whether_it_goes_on_from_a_checkpoint(job: Resumable) -> None:
    async def resumed() -> bool:
        await job.next_attempt()
        return orjson.loads((await job.kept.events(job.holder.job_id))[-1].data)["resumed"]

    early = job.config["configurable"] | {"checkpoint_ns": "", "checkpoint_id": "not yet"}
    saver = job.checkpoints.of()
    await saver.aput_writes({"configurable": early}, [("ran", ["one"])], "task")
    assert not await resumed()

    await job.run(chain(job.ran), {"ran": []})

    assert await resumed()


async def test_a_node_that_raised_runs_again_and_the_ones_before_it_do_not(
    job: Resumable,
) -> None:
    async def flaky(_: Ran) -> Ran:
        job.ran.append("flaky")
        if job.ran.count("flaky") == 1:
            raise ConnectionError
        return {"ran": ["flaky"]}

    graph = in_a_row(sure=saying("sure"), flaky=flaky)
    with pytest.raises(ConnectionError):
        await job.run(graph, {"ran": []})
    await job.next_attempt()

    assert await job.run(graph, None) == {"ran": ["sure", "flaky"]}


async def test_of_parallel_tasks_only_the_unfinished_runs_again(job: Resumable) -> None:
    def fan(stuck: bool) -> Graph:
        async def work(number: int) -> Ran:
            job.ran.append(str(number))
            if stuck and number == 2:
                await asyncio.Event().wait()
            return {"ran": [str(number)]}

        def spread(_: Ran) -> list[Send]:
            return [Send("work", number) for number in range(4)]

        builder: Any = StateGraph(Ran)
        return builder.add_node("work", work).add_conditional_edges(START, spread).compile()

    saver = job.checkpoints.of()
    async with job.stuck(fan(stuck=True)):

        async def three_are_done() -> bool:
            found = await saver.aget_tuple(job.config)
            written = [w for w in (found.pending_writes or [] if found else []) if w[1] == "ran"]
            return len(written) == 3

        await wait_until(three_are_done, "the writes of three tasks")
    await job.next_attempt()

    assert await job.run(fan(stuck=False), None) == {"ran": ["0", "1", "2", "3"]}
    assert sorted(job.ran) == ["0", "1", "2", "2", "3"]


async def test_an_interrupt_is_answered_in_another_attempt(job: Resumable) -> None:
    def ask(_: Ran) -> Ran:
        job.ran.append("ask")
        return {"ran": [interrupt("may I?")]}

    graph = in_a_row(sure=saying("sure"), ask=ask)
    waiting = await job.run(graph, {"ran": []})
    [asked] = waiting["__interrupt__"]
    await job.next_attempt()

    last = await job.run(graph, Command(resume={asked.id: "you may"}))

    assert last == {"ran": ["sure", "you may"]}
    assert job.ran == ["ask", "ask"]


async def test_the_same_answer_again_asks_nothing_twice(job: Resumable) -> None:
    def ask(_: Ran) -> Ran:
        job.ran.append("ask")
        return {"ran": [interrupt("may I?")]}

    async def flaky(_: Ran) -> Ran:
        job.ran.append("flaky")
        if job.ran.count("flaky") == 1:
            raise ConnectionError
        return {"ran": ["flaky"]}

    graph = in_a_row(ask=ask, flaky=flaky)
    [asked] = (await job.run(graph, {"ran": []}))["__interrupt__"]
    answer: Any = Command(resume={asked.id: "you may"})
    await job.next_attempt()
    with pytest.raises(ConnectionError):
        await job.run(graph, answer)
    await job.next_attempt()

    last = await job.run(graph, answer)

    assert last == {"ran": ["you may", "flaky"]}
    assert job.ran == ["ask", "ask", "flaky", "flaky"]


async def test_a_graph_inside_a_graph_goes_on_at_its_own_interrupted_node(
    job: Resumable,
) -> None:
    def outer(stuck_at: str | None) -> Graph:
        return in_a_row(inner=chain(job.ran, stuck_at=stuck_at))

    saver = job.checkpoints.of()
    async with job.stuck(outer("three")):
        await wait_until(lambda: job.ran == ["one", "two", "three"], "node three")

        async def is_stored() -> bool:
            every = [found.checkpoint["channel_values"] async for found in saver.alist(job.config)]
            return ["one", "two"] in [values.get("ran") for values in every]

        await wait_until(is_stored, "a checkpoint of the inner graph")
    await job.next_attempt()

    assert await job.run(outer(None), None) == {"ran": ["one", "two", "three"]}
    assert job.ran == ["one", "two", "three", "three"]


async def test_a_plain_function_may_run_a_graph_itself(job: Resumable) -> None:
    def run_it(state: Ran) -> Ran:
        return {"ran": asking().invoke(state)["ran"]}

    waiting = await job.run(in_a_row(run_it=run_it), {"ran": []})
    assert [i.value for i in waiting["__interrupt__"]] == ["may I?"]
    await job.next_attempt()

    last = await job.run(in_a_row(run_it=run_it), Command(resume="you may"))

    assert last == {"ran": ["you may"]}


async def test_an_async_node_that_blocks_on_a_graph_is_told_so_instead_of_hanging(
    job: Resumable,
) -> None:
    async def run_it(state: Ran) -> Ran:
        return {"ran": asking().invoke(state)["ran"]}

    with pytest.raises(RuntimeError, match="use ainvoke"):
        await job.run(in_a_row(run_it=run_it), {"ran": []})


async def test_a_functional_graph_does_not_run_its_finished_tasks_again(job: Resumable) -> None:
    @task
    async def step(name: str) -> str:
        job.ran.append(name)
        return name

    @entrypoint()
    async def flow(_: Any) -> list[str]:
        return [await step("one"), interrupt("may I?"), await step("two")]

    await job.run(flow, {"ran": []})
    await job.next_attempt()

    assert await job.run(flow, Command(resume="you may")) == ["one", "you may", "two"]
    assert job.ran == ["one", "two"]
