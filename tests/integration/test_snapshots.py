"""What readers are shown of a thread is what LangGraph itself would say, at every checkpoint."""

import asyncio
import operator
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any, TypedDict, cast

import orjson
import pytest
from blockbuster import BlockBuster
from langchain_core.messages import AIMessage, AnyMessage, HumanMessage, RemoveMessage
from langgraph.channels import DeltaChannel, Topic
from langgraph.func import entrypoint, task
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from langgraph.types import Command, Send, StateSnapshot, interrupt
from pydantic import BaseModel

from tailrace.shared.events import encode, encode_value
from tailrace.shared.log_store.checkpoints.checkpoint_store import CheckpointStore, Place
from tailrace.shared.log_store.checkpoints.snapshots import Snapshot, SnapshotReader
from tailrace.shared.settings import SharedSettings
from tailrace.shared.threads import ThreadId, ThreadName, new_thread_id
from tailrace.worker.checkpoints.saver import CheckpointSaver
from tests.support.leased import Site, serving_graph, site, working

Graph = Any

LOST = 8


class Talk(TypedDict, total=False):
    messages: Annotated[list[AnyMessage], add_messages]
    log: Annotated[list[str], operator.add]
    count: int


def built(state: Any, edges: list[tuple[str, str]], **nodes: Any) -> Graph:
    builder: Any = StateGraph(state)
    for name, node in nodes.items():
        builder.add_node(name, node)
    for before, after in edges:
        builder.add_edge(before, after)
    return builder.compile()


def returning(update: Any) -> Any:
    """A node that gives this."""

    def give(_: Any) -> Any:
        return update

    return give


def answering() -> Graph:
    def answer(talk: Talk) -> Any:
        messages = talk.get("messages", [])
        if len(messages) % 3 == 0:
            return {"messages": [RemoveMessage(messages[0].id or ""), AIMessage("shorter")]}
        return {"messages": [AIMessage(f"{len(messages)}" * 50)], "count": len(messages)}

    return built(Talk, [(START, "answer"), ("answer", END)], answer=answer)


def parallel() -> Graph:
    """Two nodes at once, of which one asks twice and the other finishes."""

    def ask(_: Talk) -> Any:
        first = interrupt({"asked": "first?"})
        return {"log": [f"asked {first} {interrupt('second?')}"]}

    def finish(_: Talk) -> Any:
        return {"log": ["finished"], "count": 1}

    edges = [(START, "ask"), (START, "finish"), ("ask", "last"), ("finish", "last")]
    return built(Talk, edges, ask=ask, finish=finish, last=returning({"log": ["last"]}))


def failing() -> Graph:
    """A node that fails beside one that finishes."""

    def fail(_: Talk) -> Any:
        raise ValueError("not for users")

    def finish(_: Talk) -> Any:
        return {"log": ["finished"]}

    return built(Talk, [(START, "fail"), (START, "finish")], fail=fail, finish=finish)


def sending() -> Graph:
    def part(state: Any) -> Any:
        return {"log": [f"part {state['count']}"]}

    builder: Any = StateGraph(Talk)
    builder.add_node("split", returning({"count": 3})).add_node("part", part)
    builder.add_edge(START, "split")
    builder.add_conditional_edges(
        "split", returning([Send("part", {"count": n}) for n in range(3)])
    )
    return builder.compile()


def nested() -> Graph:
    """A graph inside, which asks; and one inside that."""

    def ask(_: Talk) -> Any:
        return {"log": [interrupt("inside?")]}

    innermost = built(Talk, [(START, "say")], say=returning({"log": ["innermost"]}))
    inner = built(Talk, [(START, "deep"), ("deep", "ask")], deep=innermost, ask=ask)
    edges = [(START, "first"), ("first", "inner"), ("inner", "last")]
    return built(
        Talk, edges, first=returning({"count": 7}), inner=inner, last=returning({"log": ["last"]})
    )


def remembering() -> Graph:
    """A graph inside that keeps a state of its own from run to run."""
    builder: Any = StateGraph(Talk)

    def say(talk: Talk) -> Any:
        return {"log": [f"{len(talk.get('log', []))}"]}

    builder.add_node("say", say)
    inner = builder.add_edge(START, "say").compile(checkpointer=True)
    return built(Talk, [(START, "inner")], inner=inner)


def functional() -> Any:
    @task
    def double(number: int) -> int:
        return 2 * number

    @entrypoint()
    def work(number: int, *, previous: Any = None) -> Any:
        doubled = double(number).result()
        asked = interrupt("which?") if doubled > 4 else "none"
        result = {"doubled": doubled, "asked": asked, "before": previous}
        return entrypoint.final(value=result, save=doubled)

    return cast("Any", work)


class Model(BaseModel):
    log: Annotated[list[str], operator.add] = []
    count: int = 0


@dataclass
class Data:
    log: Annotated[list[str], operator.add]
    count: int = 0


class Odd(TypedDict, total=False):
    rebuilt: Annotated[list[str], DeltaChannel(operator.add, snapshot_frequency=3)]
    topic: Annotated[list[str], Topic(str)]
    numbers: list[float]
    anything: Any


def odd() -> Graph:
    def say(odd: Odd) -> Any:
        said = f"said {len(odd.get('rebuilt', []))}" * 10
        return {"rebuilt": [said], "topic": said, "numbers": [1.5, 2.0], "anything": {1, 2}}

    return built(Odd, [(START, "one"), ("one", "two")], one=say, two=say)


def commanded() -> Graph:
    def ask(talk: Talk) -> Any:
        return {"log": [f"{interrupt('what?')} {talk.get('count')}"]}

    return built(Talk, [(START, "ask"), ("ask", "last")], ask=ask, last=returning({"count": 0}))


class Update(dict[str, Any]):
    """A change of the state."""


SCRIPTS: dict[str, tuple[Any, list[Any]]] = {
    "messages": (answering, [{"messages": [HumanMessage(f"m{n}").model_dump()]} for n in range(4)]),
    "parallel": (parallel, [{"log": ["begin"]}, Command(resume=1), Command(resume=2), {"log": []}]),
    "failing": (failing, [{"log": ["begin"]}, {"log": ["again"]}]),
    "sending": (sending, [{"log": ["begin"]}]),
    "nested": (nested, [{"log": ["begin"]}, Command(resume="yes"), {"log": ["again"]}]),
    "remembering": (remembering, [{"log": ["a"]}, {"log": ["b"]}]),
    "functional": (functional, [1, 3, Command(resume="this")]),
    "pydantic": (
        lambda: built(Model, [(START, "n")], n=returning({"log": ["n"]})),
        [{"log": ["a"]}],
    ),
    "dataclass": (lambda: built(Data, [(START, "n")], n=returning({"count": 1})), [{"log": ["a"]}]),
    "odd": (odd, [{"rebuilt": ["a"]}, {"rebuilt": ["b"]}]),
    "commanded": (
        commanded,
        [{"log": ["begin"]}, Command(resume="so", update={"count": 3}), {"log": ["again"]}],
    ),
    "updated": (
        parallel,
        [
            {"log": ["begin"]},
            Update(values={"log": ["by hand"], "count": 5}, as_node="finish"),
            Update(values=None, as_node="__copy__"),
            Update(values=None, as_node="__end__"),
            Update(values={"log": ["input"]}, as_node="__start__"),
            None,
            Command(resume=1),
        ],
    ),
}


@pytest.fixture
async def place(store_url: str, blocking_is_an_error: BlockBuster) -> AsyncIterator[Site]:
    blocking_is_an_error.deactivate()
    async with site(store_url) as place:
        yield place


@dataclass(frozen=True)
class Thread:
    """A thread, as readers see it and as LangGraph does."""

    place: Site
    graph: Graph
    id: ThreadId

    @property
    def name(self) -> str:
        return str(ThreadName("default", self.id))

    @property
    def reader(self) -> SnapshotReader:
        return SnapshotReader(self.place.redis)

    @property
    def store(self) -> CheckpointStore:
        return CheckpointStore(self.place.redis, SharedSettings())

    async def run(self, step: Any) -> None:
        """Run a job, and wait until it has ended or waits."""
        fields: dict[str, Any] = {"max_attempts": 1}
        if isinstance(step, Update):
            fields, step = {**fields, "update": step, "checkpoint_id": step.get("at")}, None
        elif isinstance(step, Command):
            said = cast("Any", step)
            command = {n: v for n in ("resume", "update") if (v := getattr(said, n)) is not None}
            fields, step = {**fields, "command": command}, None
        job = await self.place.say(self.id, "graph", step, **fields)
        await self.place.stands(job)

    @property
    def langgraph(self) -> Graph:
        """The graph as LangGraph runs it anywhere, on what the store has of the thread."""
        return self.graph.copy({"checkpointer": ByName(self.store, self.id, self.name)})


class ByName(CheckpointSaver):
    """Reads a thread that the graph knows by its id, under the name that the store has."""

    def __init__(self, store: CheckpointStore, id_: str, name: str) -> None:
        super().__init__(store)
        self._of_id, self._of_name = {id_: name}, {name: id_}

    def _name(self, thread_id: str) -> str:
        return self._of_id.get(thread_id, thread_id)

    def _seen_as(self, place: Place) -> Place:
        return Place(self._of_name.get(place.thread, place.thread), place.ns)


def said(snapshot: StateSnapshot) -> Any:
    """A state of LangGraph's as JSON, in the form of its server's."""
    tasks: Any = [
        {
            "id": t.id,
            "name": t.name,
            "path": t.path,
            "error": "failed" if t.error else None,
            "interrupts": [{"value": i.value, "id": i.id} for i in t.interrupts],
            "checkpoint": cast("Any", t.state)["configurable"] if t.state else None,
            "state": None,
            "result": t.result,
        }
        for t in snapshot.tasks
    ]
    named = cast("Any", snapshot.config)["configurable"]
    before = cast("Any", snapshot.parent_config or {}).get("configurable")
    told: Any = {
        "values": snapshot.values,
        "next": snapshot.next,
        "tasks": tasks,
        "interrupts": [{"value": i.value, "id": i.id} for i in snapshot.interrupts],
        "metadata": snapshot.metadata,
        "created_at": snapshot.created_at,
        "checkpoint": named,
        "parent_checkpoint": before,
    }
    return orjson.loads(encode_value(told))


def shown(snapshot: Snapshot | None, thread_id: str) -> Any:
    assert snapshot is not None
    return orjson.loads(encode(snapshot.fields(thread_id)))


async def agree(thread: Thread) -> None:
    """Readers are shown what LangGraph says: now, and at every checkpoint, in every namespace."""
    graph = thread.langgraph
    places = await thread.store.ids(thread.name)
    for ns in dict.fromkeys(ns for ns, _ in places):
        config = {"configurable": {"thread_id": thread.id, "checkpoint_ns": ns}}
        now = await thread.reader.snapshot(thread.name, ns)
        assert shown(now, thread.id) == said(await graph.aget_state(config)), ns
    for ns, id_ in places:
        named = {"thread_id": thread.id, "checkpoint_ns": ns, "checkpoint_id": id_}
        then = await thread.reader.snapshot(thread.name, ns, id_)
        expected = said(await graph.aget_state({"configurable": named}))
        assert shown(then, thread.id) == expected, (ns, id_)
    config = {"configurable": {"thread_id": thread.id}}
    history = [said(s) async for s in graph.aget_state_history(config)]
    found = await thread.reader.history(thread.name, limit=100)
    assert [shown(s, thread.id) for s in found] == history
    assert history


async def test_readers_are_shown_what_langgraph_says_after_workers_were_lost(place: Site) -> None:
    chance, graph = random.Random(5), nested()
    thread = Thread(place, graph, new_thread_id())
    jobs = [
        await place.say(thread.id, "graph", {"log": [f"m{n}"]}, max_attempts=100) for n in range(3)
    ]
    for _ in range(LOST):
        async with working(place, serving_graph(graph)) as hand:
            await asyncio.sleep(chance.uniform(0.005, 0.1))
            await hand.vanish()
        for job in jobs:
            await place.expire_lease(job)
            await place.queue.enqueue(job)
    async with working(place, serving_graph(graph)):
        for job in jobs:
            await place.queue.enqueue(job)
            await place.stands(job)
        await agree(thread)


async def test_an_update_names_the_checkpoint_that_it_has_made_from_an_earlier_one(
    place: Site,
) -> None:
    graph = answering()
    thread = Thread(place, graph, new_thread_id())
    async with working(place, serving_graph(graph)):
        for n in range(2):
            await thread.run({"messages": [HumanMessage(f"m{n}").model_dump()]})
        earlier = (await thread.reader.history(thread.name, limit=100))[3]
        values = {"messages": [{"role": "user", "content": "another"}]}
        update = {"values": values, "as_node": "__start__"}
        job = await place.say(
            thread.id, "graph", None, update=update, checkpoint_id=earlier.id, max_attempts=1
        )
        result = orjson.loads((await place.ended(job)).result or b"")
        refused = await place.say(
            thread.id, "graph", None, update={"as_node": "nobody"}, max_attempts=1
        )
        error = (await place.ended(refused)).error
        await agree(thread)

    newest = await thread.reader.snapshot(thread.name)
    assert newest is not None
    assert (newest.parent, newest.next) == (earlier.id, ["answer"])
    named = {"thread_id": thread.id, "checkpoint_ns": "", "checkpoint_id": newest.id}
    assert result == {"checkpoint": named}
    assert error is not None
    assert error.type == "invalid-update"


@pytest.mark.parametrize("script", SCRIPTS)
async def test_readers_are_shown_what_langgraph_says(place: Site, script: str) -> None:
    make, steps = SCRIPTS[script]
    graph = make()
    thread = Thread(place, graph, new_thread_id())
    async with working(place, serving_graph(graph)):
        for step in steps:
            await thread.run(step)
            await agree(thread)
