"""LangGraph's own Python clients, as they are, against a real service: the SDK and RemoteGraph."""

import asyncio
import itertools
import operator
import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated, Any

import pytest
import pytest_asyncio
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import END, START, StateGraph
from langgraph.pregel.remote import RemoteException, RemoteGraph
from langgraph.types import Command
from langgraph_sdk import get_client
from langgraph_sdk.errors import ConflictError, NotFoundError, UnprocessableEntityError
from typing_extensions import TypedDict

from tests.support.cutting_proxy import Cut, cutting
from tests.support.processes import ROOT, Service, running_service
from tests.support.wait import wait_until

pytestmark = pytest.mark.asyncio(loop_scope="module")

LangGraphClient = Any
"""The SDK types what a graph returns as a list or an object: here it is known which."""
GRAPHS = ROOT / "tests" / "langgraph_clients" / "langgraph.json"
DONE = {"topic": "x", "steps": ["one", "two"]}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Service]:
    """A service with the graphs that npm's server has, too."""
    env = {"TAILRACE_GRAPHS": str(GRAPHS), "TAILRACE_DISCONNECT_S": "0.5"}
    async with running_service(tmp_path_factory.mktemp("langgraph"), env) as service:
        yield service


@pytest_asyncio.fixture(loop_scope="module")
async def client(here: Service) -> AsyncGenerator[LangGraphClient]:
    """The SDK's client; its key is not looked at."""
    async with get_client(url=f"{here.url}/langgraph", api_key="none") as client:
        yield client


Told = list[tuple[str, Any]]


async def told(stream: Any) -> Told:
    """A stream's events without their ids."""
    return [(part.event, part.data) async for part in stream]


async def new_thread(client: LangGraphClient) -> str:
    return (await client.threads.create())["thread_id"]


async def steps_of(client: LangGraphClient, thread: str) -> list[str]:
    return (await client.threads.get_state(thread))["values"]["steps"]


async def test_a_run_without_a_thread_is_streamed_and_waited_for(client: LangGraphClient):
    events = await told(client.runs.stream(None, "steps", input={"topic": "x"}))
    assert [name for name, _ in events] == ["metadata", "values", "values", "values", "end"]
    assert events[-2] == ("values", DONE)
    assert await client.runs.wait(None, "steps", input={"topic": "x"}) == DONE
    with pytest.raises(Exception, match="internal"):
        await client.runs.wait(None, "failing", input={"topic": "x"})


async def test_assistants_are_found(client: LangGraphClient):
    names = {row["graph_id"] for row in await client.assistants.search(limit=100)}
    assert names == {"chat", "steps", "ask", "nested", "failing", "slow"}
    one = await client.assistants.get("steps")
    assert await client.assistants.get(one["assistant_id"]) == one
    assert await client.assistants.count(graph_id="steps") == 1
    with pytest.raises(NotFoundError, match="Assistant not found"):
        await client.assistants.get("nope")


def drawn(graph: Any) -> tuple[set[str], set[tuple[str, str]]]:
    edges = {(edge["source"], edge["target"]) for edge in graph["edges"]}
    return {node["id"] for node in graph["nodes"]}, edges


async def test_an_assistant_s_graph_is_drawn_and_described(client: LangGraphClient):
    ends = {"__start__", "__end__"}
    whole = await client.assistants.get_graph("nested", xray=True)
    assert await client.assistants.get_graph("nested", xray=1) == whole
    assert drawn(whole)[0] == {*ends, "inner:deep", "after"}
    nodes, edges = drawn(await client.assistants.get_graph("nested"))
    assert nodes == {*ends, "inner", "after"}
    assert edges == {("__start__", "inner"), ("inner", "after"), ("after", "__end__")}
    with pytest.raises(UnprocessableEntityError, match="xray"):
        await client.assistants.get_graph("nested", xray=-1)
    schemas = await client.assistants.get_schemas("nested")
    for name in ("input_schema", "output_schema", "state_schema"):
        assert set(schemas[name]["properties"]) == {"topic", "steps", "answer"}
    assert schemas["config_schema"]["type"] == "object"
    inside = await client.assistants.get_subgraphs("nested", recurse=True)
    assert set(inside) == {"inner"}
    assert set(inside["inner"]["state_schema"]["properties"]) == {"topic", "steps", "answer"}
    assert await client.assistants.get_subgraphs("nested", namespace="inner") == inside
    assert await client.assistants.get_subgraphs("nested", namespace="nope") == {}
    assert await client.assistants.get_subgraphs("steps", recurse=True) == {}


async def test_a_run_is_deleted_with_what_it_did(client: LangGraphClient):
    thread = await new_thread(client)
    for topic in ("x", "y", "z"):
        await client.runs.wait(thread, "steps", input={"topic": topic})
    last, middle, first = [run["run_id"] for run in await client.runs.list(thread)]
    await client.runs.delete(thread, middle)
    with pytest.raises(NotFoundError, match="Run not found"):
        await client.runs.delete(thread, middle)
    states = await client.threads.get_history(thread, limit=100)
    assert {state["metadata"]["run_id"] for state in states} == {first, last}
    assert len(await steps_of(client, thread)) == 6
    await client.runs.delete(thread, last)
    assert (await client.threads.get_state(thread))["values"] == DONE
    assert [run["run_id"] for run in await client.runs.list(thread)] == [first]
    again = await client.runs.wait(thread, "steps", input={"topic": "w"})
    assert again == {"topic": "w", "steps": ["one", "two"] * 2}


async def test_a_run_that_is_not_over_ends_before_it_is_deleted(client: LangGraphClient):
    thread = await new_thread(client)
    slow = await client.runs.create(thread, "slow", input={"topic": "x"})
    await client.runs.delete(thread, slow["run_id"])
    assert await client.runs.list(thread) == []
    assert (await client.threads.get(thread))["status"] == "idle"
    await client.runs.wait(thread, "ask", input={"topic": "x"})
    [asking] = await client.runs.list(thread)
    await client.runs.delete(thread, asking["run_id"])
    assert (await client.threads.get_state(thread))["values"] == {}
    slow = await client.runs.create(thread, "slow", input={"topic": "x"})
    after = await client.runs.create(
        thread, "steps", input={"topic": "y"}, multitask_strategy="enqueue"
    )
    with pytest.raises(ConflictError, match="busy"):
        await client.runs.delete(thread, slow["run_id"])
    await client.runs.join(thread, after["run_id"])


async def test_a_conversation_continues_on_its_thread(client: LangGraphClient):
    thread = await new_thread(client)
    for said in ("one", "two"):
        message = {"role": "user", "content": said}
        events = await told(
            client.runs.stream(
                thread,
                "chat",
                input={"messages": [message]},
                stream_mode=["values", "messages-tuple"],
            )
        )
        chunks = [data for name, data in events if name == "messages"]
        assert "".join(message["content"] for message, _ in chunks) == f"Echo: {said}"
        assert {metadata["thread_id"] for _, metadata in chunks} == {thread}
    state = await client.threads.get_state(thread)
    contents = [message["content"] for message in state["values"]["messages"]]
    assert contents == ["one", "Echo: one", "two", "Echo: two"]
    found = await client.threads.search(metadata={"graph_id": "chat"}, ids=[thread])
    assert [(row["thread_id"], row["status"]) for row in found] == [(thread, "idle")]
    assert found[0]["values"] == state["values"]
    runs = await client.runs.list(thread)
    assert [run["status"] for run in runs] == ["success", "success"]
    assert runs[0]["created_at"] >= runs[1]["created_at"]


async def test_the_last_state_is_there_as_soon_as_the_stream_ends(client: LangGraphClient):
    for n in range(10):
        thread = await new_thread(client)
        await told(client.runs.stream(thread, "steps", input={"topic": str(n)}))
        [newest] = await client.threads.get_history(thread, limit=1)
        assert (newest["values"]["steps"], newest["next"]) == (["one", "two"], [])


async def test_a_question_is_answered_by_the_next_run(client: LangGraphClient):
    thread = await new_thread(client)
    asked = await client.runs.wait(thread, "ask", input={"topic": "x"})
    [interrupt] = asked["__interrupt__"]
    assert interrupt["value"] == {"question": "Go on?", "topic": "x"}
    assert (await client.threads.get(thread))["status"] == "interrupted"
    state = await client.threads.get_state(thread)
    assert state["next"] == ["ask"]
    assert [i["id"] for i in state["tasks"][0]["interrupts"]] == [interrupt["id"]]
    answered = await client.runs.wait(thread, "ask", command={"resume": "yes"})
    assert answered == {"topic": "x", "steps": ["prepare", "ask", "finish"], "answer": "yes"}
    assert (await client.threads.get(thread))["status"] == "idle"


async def test_a_command_goes_where_langgraph_goes_with_it(client: LangGraphClient):
    thread = await new_thread(client)
    await client.runs.wait(thread, "ask", input={"topic": "x"})
    # LangGraph knows no node of that name: it asks again, and its own server does, too.
    again = await client.runs.wait(
        thread, "ask", command={"goto": "__end__", "update": None}, input={}
    )
    assert again["__interrupt__"][0]["value"]["question"] == "Go on?"
    values = await client.runs.wait(
        thread, "ask", command={"goto": "finish", "update": {"topic": "y"}, "resume": "yes"}
    )
    assert (values["topic"], values["answer"]) == ("y", "yes")
    assert values["steps"].count("finish") == len(["by goto", "by its edge"])


async def test_an_earlier_state_is_forked(client: LangGraphClient):
    thread = await new_thread(client)
    await client.runs.wait(thread, "ask", input={"topic": "x"})
    await client.runs.wait(thread, "ask", command={"resume": "yes"})
    history = await client.threads.get_history(thread)
    assert [state["next"] for state in history] == [
        [],
        ["finish"],
        ["ask"],
        ["prepare"],
        ["__start__"],
    ]
    for newer, older in itertools.pairwise(history):
        assert newer["parent_checkpoint"] == older["checkpoint"]
    at = {"checkpoint_id": history[2]["checkpoint"]["checkpoint_id"], "checkpoint_ns": ""}
    asked = await client.runs.wait(thread, "ask", input=None, checkpoint=at)
    assert asked["__interrupt__"][0]["value"]["topic"] == "x"
    other = await client.runs.wait(thread, "ask", command={"resume": "no"})
    assert other["answer"] == "no"
    assert (await client.threads.get_state(thread))["values"]["answer"] == "no"
    old = await client.threads.get_state(
        thread, checkpoint_id=history[0]["checkpoint"]["checkpoint_id"]
    )
    assert old["values"]["answer"] == "yes"
    before = await client.threads.get_history(thread, before=history[0]["checkpoint"], limit=2)
    assert [state["next"] for state in before] == [["finish"], ["ask"]]


async def test_a_state_is_changed(client: LangGraphClient):
    thread = await new_thread(client)
    with pytest.raises(Exception, match="has no graph ID"):
        await client.threads.update_state(thread, {"topic": "y"})
    await client.runs.wait(thread, "steps", input={"topic": "x"})
    changed = await client.threads.update_state(thread, {"topic": "y"}, as_node="one")
    state = await client.threads.get_state(thread)
    assert state["checkpoint"]["checkpoint_id"] == changed["checkpoint"]["checkpoint_id"]
    assert (state["values"]["topic"], state["next"]) == ("y", ["two"])
    assert await client.runs.wait(thread, "steps", input=None) == {
        "topic": "y",
        "steps": ["one", "two", "two"],
    }
    assert [run["kwargs"].get("input") for run in await client.runs.list(thread)] == [
        None,
        {"topic": "x"},
    ]


async def test_states_of_graphs_inside_are_told(client: LangGraphClient):
    thread = await new_thread(client)
    modes: Any = ["updates", "custom"]
    stream = client.runs.stream(
        thread, "nested", input={"topic": "x"}, stream_mode=modes, stream_subgraphs=True
    )
    names = [name.split(":")[0] for name, _ in await told(stream)]
    assert names == ["metadata", "custom|inner", "updates|inner", "updates", "updates", "end"]
    history = await client.threads.get_history(thread)
    [inner] = [task for state in history for task in state["tasks"] if task["name"] == "inner"]
    assert inner["result"] == {"topic": "x", "steps": ["deep"]}


async def test_threads_are_made_changed_copied_and_deleted(client: LangGraphClient):
    made = await client.threads.create(metadata={"a": 1})
    thread = made["thread_id"]
    with pytest.raises(ConflictError, match="already exists"):
        await client.threads.create(thread_id=thread)
    assert await client.threads.create(thread_id=thread, if_exists="do_nothing") == made
    changed = await client.threads.update(thread, metadata={"b": 2})
    assert changed["metadata"] == {"a": 1, "b": 2}
    await client.runs.wait(thread, "steps", input={"topic": "x"})
    await client.threads.copy(thread)
    both = await client.threads.search(metadata={"a": 1, "b": 2})
    copied = next(row["thread_id"] for row in both if row["thread_id"] != thread)
    assert await steps_of(client, copied) == ["one", "two"]
    assert await client.threads.count(metadata={"a": 1, "b": 2}) == len(both) == 2
    await client.threads.delete(thread)
    with pytest.raises(NotFoundError, match="Thread not found"):
        await client.threads.get(thread)
    assert await steps_of(client, copied) == ["one", "two"]


async def test_a_busy_thread_refuses_or_queues(client: LangGraphClient):
    thread = await new_thread(client)
    slow = await client.runs.create(thread, "slow", input={"topic": "x"})
    with pytest.raises(UnprocessableEntityError, match="already running a task"):
        await client.runs.create(thread, "steps", input={"topic": "y"})
    with pytest.raises(ConflictError, match="busy"):
        await client.threads.update_state(thread, {"topic": "y"})
    queued = await client.runs.create(
        thread, "steps", input={"topic": "y"}, multitask_strategy="enqueue"
    )
    assert (await client.threads.get(thread))["status"] == "busy"
    joined: Any = await client.runs.join(thread, queued["run_id"])
    assert joined == {"topic": "y", "steps": ["work", "rest", "one", "two"]}
    runs = await client.runs.list(thread)
    assert [run["run_id"] for run in runs] == [queued["run_id"], slow["run_id"]]
    assert [run["status"] for run in runs] == ["success", "success"]


async def test_a_run_is_interrupted_by_another(client: LangGraphClient):
    thread = await new_thread(client)
    slow = await client.runs.create(thread, "slow", input={"topic": "x"})
    values = await client.runs.wait(
        thread, "steps", input={"topic": "y"}, multitask_strategy="interrupt"
    )
    assert values["steps"] == ["one", "two"]
    assert (await client.runs.get(thread, slow["run_id"]))["status"] == "interrupted"


async def test_a_run_is_cancelled(client: LangGraphClient):
    thread = await new_thread(client)
    run = await client.runs.create(thread, "slow", input={"topic": "x"})
    await client.runs.cancel(thread, run["run_id"], wait=True)
    assert (await client.runs.get(thread, run["run_id"]))["status"] == "interrupted"
    assert (await client.threads.get(thread))["status"] == "idle"
    events = await told(client.runs.join_stream(thread, run["run_id"], last_event_id="-1"))
    assert events[-1] == ("end", None)


async def test_a_run_is_undone(client: LangGraphClient):
    thread = await new_thread(client)
    await client.runs.wait(thread, "steps", input={"topic": "x"})
    before = await client.threads.get_state(thread)
    run = await client.runs.create(thread, "slow", input={"topic": "y"})

    async def has_begun() -> bool:
        return (await client.threads.get_state(thread))["values"]["topic"] == "y"

    await wait_until(has_begun, "the run to begin")
    await client.runs.cancel(thread, run["run_id"], wait=True, action="rollback")
    assert await client.threads.get_state(thread) == before
    assert [one["run_id"] for one in await client.runs.list(thread)] != [run["run_id"]]
    with pytest.raises(NotFoundError, match="Run not found"):
        await client.runs.get(thread, run["run_id"])


async def test_a_run_whose_caller_leaves_is_cancelled_if_it_asked_for_that(client: LangGraphClient):
    thread = await new_thread(client)
    stream = client.runs.stream(
        thread, "slow", input={"topic": "x"}, stream_mode="custom", on_disconnect="cancel"
    )
    async for part in stream:
        if part.event == "custom":
            break
    await stream.aclose()
    [run] = await client.runs.list(thread)

    async def interrupted() -> bool:
        return (await client.runs.get(thread, run["run_id"]))["status"] == "interrupted"

    await wait_until(interrupted, "the run to be cancelled")


@asynccontextmanager
async def cut_at_random(here: Service, seed: int) -> AsyncGenerator[LangGraphClient]:
    """A client whose connections break after a random number of bytes, each a little later."""
    dice = random.Random(seed)

    def plan(_: int) -> Cut | None:
        # Runs are created once: their first response has its head.
        return Cut(dice.randrange(3000, 12_000), dice.choice(("fin", "rst")))

    async with (
        cutting(int(here.url.rsplit(":", 1)[1]), plan) as proxy,
        get_client(url=f"{proxy.url}/langgraph", api_key="none") as client,
    ):
        yield client


@pytest.mark.parametrize("modes", [["custom", "values"], ["messages", "messages-tuple"]], ids=str)
@pytest.mark.parametrize("seed", range(3))
async def test_a_stream_that_is_cut_equals_the_whole(
    here: Service, client: LangGraphClient, modes: Any, seed: int
):
    graph, given = (
        ("slow", {"topic": "x"})
        if "custom" in modes
        else (
            "chat",
            {"messages": [{"role": "user", "content": "a long story"}]},
        )
    )
    thread = await new_thread(client)
    async with cut_at_random(here, seed) as cut:
        events = [
            part async for part in cut.runs.stream(thread, graph, input=given, stream_mode=modes)
        ]
    [run] = await client.runs.list(thread)
    whole = [
        part async for part in client.runs.join_stream(thread, run["run_id"], last_event_id="-1")
    ]
    assert events == whole
    assert events[-1].event == "end"


class Outer(TypedDict, total=False):
    """The state of a graph that calls a remote one."""

    topic: str
    steps: Annotated[list[str], operator.add]
    answer: str


def calling(client: LangGraphClient, name: str) -> Any:
    """A graph whose node is a graph of the service."""
    remote = RemoteGraph(name, client=client, name="remote")
    graph: Any = StateGraph(Outer)
    return (
        graph.add_node("remote", remote)
        .add_edge(START, "remote")
        .add_edge("remote", END)
        .compile(checkpointer=InMemorySaver())
    )


async def test_a_remote_graph_is_a_node_of_another(client: LangGraphClient):
    config: Any = {"configurable": {"thread_id": "3f7e2a36-0f0a-4f0c-9a3a-0d1f6f0f5a01"}}
    values = await calling(client, "steps").ainvoke({"topic": "x", "steps": []}, config)
    assert values["steps"][-2:] == ["one", "two"]


async def test_a_remote_graph_asks_through_the_graph_that_calls_it(client: LangGraphClient):
    graph, remote = calling(client, "ask"), RemoteGraph("ask", client=client)
    config: Any = {"configurable": {"thread_id": "3f7e2a36-0f0a-4f0c-9a3a-0d1f6f0f5a02"}}
    asked = await graph.ainvoke({"topic": "x", "steps": []}, config)
    [interrupt] = asked["__interrupt__"]
    assert interrupt.value == {"question": "Go on?", "topic": "x"}
    state = await remote.aget_state(config)
    assert [i.value for i in state.interrupts] == [interrupt.value]
    answered = await remote.ainvoke(Command(resume="yes"), config)
    assert answered["answer"] == "yes"


async def test_a_remote_graph_s_state_is_read_and_changed(client: LangGraphClient):
    remote = RemoteGraph("steps", client=client)
    config: Any = {"configurable": {"thread_id": "3f7e2a36-0f0a-4f0c-9a3a-0d1f6f0f5a03"}}
    parts = [part async for part in remote.astream({"topic": "x"}, config, stream_mode="updates")]
    assert parts == [{"one": {"steps": ["one"]}}, {"two": {"steps": ["two"]}}]
    state = await remote.aget_state(config)
    assert state.values == DONE
    await remote.aupdate_state(config, {"topic": "y"})
    history = [state async for state in remote.aget_state_history(config, limit=3)]
    assert [state.values["topic"] for state in history] == ["y", "x", "x"]


async def test_a_remote_graph_that_fails_raises(client: LangGraphClient):
    remote = RemoteGraph("failing", client=client)
    with pytest.raises(RemoteException, match="internal"):
        await asyncio.wait_for(remote.ainvoke({"topic": "x"}), 30)
