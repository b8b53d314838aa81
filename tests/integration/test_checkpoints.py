"""What a graph's checkpoints hold, how many of them are kept, and who may write them."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from typing import Annotated, Any, Final, TypedDict, cast

import pytest
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage
from langgraph.channels import DeltaChannel
from langgraph.checkpoint.base import empty_checkpoint
from langgraph.graph import START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Send
from pydantic import BaseModel
from redis.asyncio import Redis

from tailrace.shared.errors import Fenced, Unserializable
from tailrace.shared.redis import keys
from tailrace.shared.redis.connection import connect
from tailrace.shared.settings import SharedSettings
from tailrace.worker.checkpoints.checkpoints import Checkpoints
from tests.support.jobs import stores
from tests.support.resumable import (
    Graph,
    Ran,
    Resumable,
    chain,
    in_a_row,
    looping,
    saying,
)

LATE_WRITES: Final = 3
"""Fields of one task's writes."""


class Mood(Enum):
    GOOD = "good"


@dataclass
class Point:
    x: int
    mood: Mood


class Note(BaseModel):
    text: str
    at: Point


@pytest.fixture
async def job(redis: Redis) -> AsyncIterator[Resumable]:
    kept = stores(redis)
    job = Resumable(kept, Checkpoints(redis, SharedSettings()), await kept.running())
    yield job
    await job.close()


async def test_messages_models_dataclasses_and_enums_come_back_as_what_they_were(
    job: Resumable,
) -> None:
    class State(TypedDict, total=False):
        messages: Annotated[list[AnyMessage], add_messages]
        note: Note
        anything: Any
        seen: list[str]

    note = Note(text="a", at=Point(1, Mood.GOOD))

    async def fill(_: State) -> State:
        return {"messages": [AIMessage("hi", id="1")], "note": note, "anything": [note.at]}

    async def look(state: State) -> State:
        job.ran.append("look")
        if job.ran == ["look"]:
            raise ConnectionError
        return {"seen": [repr(state.get(name)) for name in ("note", "anything")]}

    graph = in_a_row(State, fill=fill, look=look)
    with pytest.raises(ConnectionError):
        await job.run(graph, {"messages": [HumanMessage("hello", id="0")]})
    await job.next_attempt()

    last = await job.run(graph, None)

    assert last["messages"] == [HumanMessage("hello", id="0"), AIMessage("hi", id="1")]
    assert last["seen"] == [repr(note), repr([note.at])]


async def test_a_state_that_is_no_data_ends_the_run_and_names_the_type(job: Resumable) -> None:
    async def hold(_: Ran) -> Any:
        return {"ran": [object()]}

    with pytest.raises(Unserializable, match="object"):
        await job.run(in_a_row(hold=hold), {"ran": []})


async def test_invariant_05_a_zombies_graph_ends_and_its_checkpoints_are_refused(
    job: Resumable,
) -> None:
    gate = asyncio.Event()

    async def wait(_: Ran) -> Ran:
        await gate.wait()
        return {"ran": ["zombie"]}

    running = asyncio.ensure_future(job.run(in_a_row(wait=wait), {"ran": []}))
    await job.has_stored()
    successor = replace(job, _journal=None, _writing=None)
    await successor.next_attempt()
    await successor.run(in_a_row(wait=saying("successor")), None)
    await successor.close()
    before = await cast("Any", job.kept.redis).hgetall(keys.checkpoints(job.holder.job_id))

    gate.set()
    with pytest.raises(Fenced):
        await running

    assert await cast("Any", job.kept.redis).hgetall(keys.checkpoints(job.holder.job_id)) == before
    assert await job.state() == {"ran": ["successor"]}


@pytest.mark.parametrize("remembers", [False, True])
async def test_what_is_kept_does_not_grow_with_the_rounds_of_a_loop(
    job: Resumable, remembers: bool
) -> None:
    async def fields_after(rounds: int) -> int:
        await job.kept.redis.delete(keys.checkpoints(job.holder.job_id))
        inner = in_a_row(node=saying("x")).copy({"checkpointer": remembers or None})
        await job.run(looping(inner, rounds), {"ran": []})
        redis: Any = job.kept.redis
        return await redis.hlen(keys.checkpoints(job.holder.job_id))

    # Writes of a task that come behind the checkpoint which holds them stay until the next one.
    assert await fields_after(10) <= await fields_after(2) + LATE_WRITES


def counting(turns: int, fail_at: int) -> Graph:
    """A graph whose lists are stored whole at every few turns, and as changes at the others."""

    def add(state: list[str], writes: Sequence[list[str]]) -> list[str]:
        return [*state, *(item for write in writes for item in write)]

    class State(TypedDict, total=False):
        ran: Annotated[list[str], DeltaChannel(add, snapshot_frequency=4)]
        also: Annotated[list[str], DeltaChannel(add, snapshot_frequency=3)]
        turn: int

    async def count(state: State) -> State:
        turn = state.get("turn", 0)
        if turn == fail_at:
            raise ConnectionError
        return {"ran": [str(turn)], "also": [str(turn)], "turn": turn + 1}

    def onward(state: State) -> str:
        return "count" if state.get("turn", 0) < turns else "__end__"

    builder: Any = StateGraph(State)
    builder.add_node("count", count).add_edge(START, "count")
    return builder.add_conditional_edges("count", onward).compile()


@pytest.mark.parametrize("fail_at", [1, 3, 4, 5, 8, 10])
async def test_a_delta_channel_is_rebuilt_from_the_few_checkpoints_that_are_kept(
    job: Resumable, fail_at: int
) -> None:
    with pytest.raises(ConnectionError):
        await job.run(counting(11, fail_at), {"ran": []})
    saver = job.checkpoints.of()
    assert len([found async for found in saver.alist(job.config)]) <= 5
    await job.next_attempt()

    last = await job.run(counting(11, -1), None)

    assert last["ran"] == last["also"] == [str(turn) for turn in range(11)]


async def test_a_checkpoint_stands_for_itself_where_the_store_went_back_in_time(
    job: Resumable,
) -> None:
    saver = await job.saver()
    values = {"same": "s", "other": "o"}

    async def put(id_: str, versions: dict[str, Any], changed: list[str]) -> None:
        config: Any = {"configurable": job.config["configurable"] | {"checkpoint_ns": ""}}
        new: Any = empty_checkpoint() | {"id": id_, "channel_values": values}
        new["channel_versions"] = versions
        await saver.aput(config, new, {"step": 1}, {name: versions[name] for name in changed})

    await put("1", {"same": "1", "other": "1"}, ["same", "other"])
    await (await job.journal()).flushed()
    await job.kept.redis.delete(keys.checkpoints(job.holder.job_id))

    await put("2", {"same": "1", "other": "2"}, ["other"])
    await (await job.journal()).flushed()

    assert await job.state() == values


async def test_a_thread_of_the_graphs_own_is_kept_with_a_ttl(job: Resumable) -> None:
    own: Any = {"configurable": {"thread_id": "conversation"}}

    async def remember(_: Ran) -> Ran:
        inner = chain([]).copy({"checkpointer": job.checkpoints.of()})
        return {"ran": (await inner.ainvoke({"ran": []}, own))["ran"]}

    await job.run(in_a_row(remember=remember), {"ran": []})

    saver = job.checkpoints.of()
    [found] = [found async for found in saver.alist(own)]
    assert found.checkpoint["channel_values"]["ran"] == ["one", "two", "three"]


async def test_a_thread_may_list_what_the_loop_has_stored(job: Resumable) -> None:
    await job.run(chain(job.ran), {"ran": []})
    saver = job.checkpoints.of()

    [listed] = await asyncio.to_thread(lambda: list(saver.list(job.config)))

    assert listed == await saver.aget_tuple(job.config)


async def test_many_tasks_at_once_leave_connections_for_other_jobs(
    job: Resumable, store_url: str
) -> None:
    def spread(_: Ran) -> list[Send]:
        return [Send("work", {}) for _ in range(100)]

    builder: Any = StateGraph(Ran)
    builder.add_node("work", saying("done")).add_conditional_edges(START, spread)
    redis: Any = job.kept.redis
    before = len(await redis.client_list())
    async with connect(store_url, max_connections=50) as client:
        crowded = replace(job, checkpoints=Checkpoints(client, SharedSettings()))
        await crowded.run(builder.compile(), {"ran": []})

        assert len(await redis.client_list()) - before <= 3
