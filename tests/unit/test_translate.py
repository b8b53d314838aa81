import json
from collections import Counter
from typing import Any, get_args

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolMessage
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Interrupt

from tailrace.shared.errors import Unserializable
from tailrace.shared.events import Event
from tailrace.shared.jobs import StreamMode
from tailrace.worker.attempt.stream.translate import named_only, translate
from tailrace.worker.catalogue.registry import Registry
from tests.support.graphs import source, their_graphs

MODES: tuple[StreamMode, ...] = get_args(StreamMode)
HIDDEN = ("sk-secret", "/srv/x", "u:p@h")


@pytest.fixture
def registry() -> Registry:
    return their_graphs()


async def collect(
    events: list[Event], registry: Registry, name: str, value: Any, *modes: StreamMode
) -> None:
    """Add what a real run of the graph becomes, as far as it comes."""
    config: Any = {"configurable": {"thread_id": "1"}}
    async with source(registry, name).open(config) as made:
        graph: Any = made.copy({"checkpointer": InMemorySaver()})
        parts = graph.astream(
            value, config, stream_mode=list(modes or MODES), subgraphs=True, version="v2"
        )
        async for part in parts:
            events += translate(part)


async def events_of(registry: Registry, name: str, value: Any, *modes: StreamMode) -> list[Event]:
    events: list[Event] = []
    await collect(events, registry, name, value, *modes)
    return events


def read(event: Event) -> dict[str, Any]:
    return json.loads(event.data)


def message(made: BaseMessage) -> dict[str, Any]:
    [event] = translate({"type": "messages", "ns": (), "data": (made, {"langgraph_node": "n"})})
    assert event.name == "messages"
    return read(event)["message"]


async def test_all_seven_modes_come_under_their_own_names(registry: Registry) -> None:
    events = await events_of(registry, "nested", {"path": []})
    events += await events_of(registry, "chat", {"messages": "hello"})

    assert {event.name for event in events} == set(MODES)


@pytest.mark.parametrize("mode", MODES)
async def test_a_mode_alone_gives_its_own_events_alone(
    registry: Registry, mode: StreamMode
) -> None:
    events = await events_of(registry, "chat", {"messages": "hello"}, mode)
    events += await events_of(registry, "nested", {"path": []}, mode)

    assert {event.name for event in events} == {mode}


@pytest.mark.parametrize("mode", MODES)
async def test_every_event_says_in_which_subgraph_it_arose(
    registry: Registry, mode: StreamMode
) -> None:
    events = await events_of(registry, "nested", {"path": []}, mode)

    assert all(isinstance(read(event)["ns"], list) for event in events)
    if mode != "messages":
        inside = [ns for event in events if (ns := read(event)["ns"])]
        assert inside
        assert all(ns[0].startswith("child:") for ns in inside)


async def test_updates_are_one_event_a_node_with_its_update(registry: Registry) -> None:
    events = await events_of(registry, "nested", {"path": []}, "updates")

    assert [(read(event)["node"], read(event)["data"]) for event in events] == [
        ("before", {"path": ["first"]}),
        ("inner", {"path": ["inner"]}),
        ("child", {"path": ["first", "inner"]}),
    ]


def test_nodes_that_ran_side_by_side_have_an_event_each() -> None:
    part = {"type": "updates", "ns": (), "data": {"a": {"x": 1}, "b": None}}

    assert [read(event) for event in translate(part)] == [
        {"ns": [], "node": "a", "data": {"x": 1}},
        {"ns": [], "node": "b", "data": None},
    ]


async def test_custom_data_is_exactly_what_the_node_wrote(registry: Registry) -> None:
    [event] = await events_of(registry, "nested", {"path": []}, "custom")

    assert read(event)["data"] == {"steps so far": 1}


@pytest.mark.parametrize("value", [None, 0, "", "text", [1], {"a": {"b": []}}, False], ids=repr)
def test_any_json_may_be_written_as_custom_data(value: Any) -> None:
    [event] = translate({"type": "custom", "ns": ("a:1", "b:2"), "data": value})

    assert read(event) == {"ns": ["a:1", "b:2"], "data": value}


async def test_values_are_the_whole_state(registry: Registry) -> None:
    events = await events_of(registry, "typed", {"item": "wheel", "count": 1}, "values")

    assert [read(event) for event in events] == [
        {"ns": [], "data": {"item": "wheel", "count": 1}},
        {"ns": [], "data": {"item": "wheel", "count": 2}},
    ]


async def test_a_task_names_its_node_when_it_begins_and_when_it_ends(registry: Registry) -> None:
    events = [read(e) for e in await events_of(registry, "typed", {"item": "wheel"}, "tasks")]

    assert [event["node"] for event in events] == ["count_up", "count_up"]
    assert events[0]["data"]["input"] == {"item": "wheel"}
    assert events[1]["data"]["result"] == {"count": 1}
    assert events[1]["data"]["error"] is None


async def test_tokens_come_one_by_one_and_make_up_the_answer(registry: Registry) -> None:
    events = await events_of(registry, "chat", {"messages": "hello"}, "messages")
    tokens = [read(event)["message"] for event in events]

    assert len(tokens) > 3
    assert "".join(token["content"] for token in tokens) == "Water runs downhill."
    assert {read(event)["node"] for event in events} == {"talk"}
    assert {token["type"] for token in tokens} == {"ai"}
    assert len({token["id"] for token in tokens}) == 1


async def test_a_token_has_no_empty_field(registry: Registry) -> None:
    first, *_ = await events_of(registry, "chat", {"messages": "hello"}, "messages")

    assert set(read(first)["message"]) == {"type", "id", "content"}
    assert len(first.data) < 150


async def test_a_tools_answer_names_the_call_that_it_answers(registry: Registry) -> None:
    events = await events_of(registry, "tools", {"messages": "hello"}, "messages")
    call, answer = (read(event) for event in events)

    assert call["message"]["tool_calls"][0]["id"] == "call-1"
    assert (answer["node"], answer["message"]["type"]) == ("tools", "tool")
    assert answer["message"]["tool_call_id"] == "call-1"
    assert answer["message"]["content"] == "mill: 12"


def test_a_tool_call_in_pieces_is_shown_in_pieces_and_not_guessed_at() -> None:
    piece = AIMessageChunk(
        content="",
        id="1",
        tool_call_chunks=[{"name": None, "args": '{"pla', "id": None, "index": 0}],
    )
    shown = message(piece)

    assert shown["tool_call_chunks"][0]["args"] == '{"pla'
    assert not {"tool_calls", "invalid_tool_calls"} & set(shown)


def test_content_is_there_even_when_it_is_empty() -> None:
    assert message(AIMessageChunk(content="", id="1")) == {"type": "ai", "id": "1", "content": ""}


def test_usage_and_parts_of_content_are_kept() -> None:
    parts: Any = [{"type": "text", "text": "a"}]
    usage: Any = {"input_tokens": 1, "output_tokens": 2, "total_tokens": 3}
    shown = message(AIMessage(parts, id="1", usage_metadata=usage))

    assert shown["content"] == parts
    assert shown["usage_metadata"] == usage


class Uncomparable:
    """Like an array of numbers: the answer to `==` is neither yes nor no."""

    def __eq__(self, other: object) -> Any:
        raise ValueError("ambiguous")

    __hash__ = None  # pyright: ignore[reportAssignmentType] - as arrays have it

    def model_dump(self) -> dict[str, int]:
        return {"rows": 2}


def test_an_artifact_that_compares_in_its_own_way_does_no_harm() -> None:
    shown = message(ToolMessage("done", tool_call_id="c", artifact=Uncomparable()))

    assert shown["artifact"] == {"rows": 2}


def test_a_value_of_zero_is_not_taken_for_empty() -> None:
    assert message(ToolMessage("done", tool_call_id="c", artifact=0))["artifact"] == 0


async def test_the_text_of_an_error_is_in_no_event(registry: Registry) -> None:
    events: list[Event] = []
    with pytest.raises(Exception, match=HIDDEN[0]):
        await collect(events, registry, "secretive_child", {"text": ""})
    kinds = Counter(event.name for event in events)
    failed = [event for event in events if b'"error":"failed"' in event.data]

    assert kinds["tasks"] == 4
    assert Counter(event.name for event in failed) == {"tasks": 2, "debug": 2}
    assert [hidden for e in events for hidden in HIDDEN if hidden in e.data.decode()] == []


def test_the_text_of_an_error_is_in_no_checkpoint() -> None:
    checkpoint: dict[str, Any] = {
        "values": {},
        "tasks": [{"name": "n", "error": HIDDEN[0]}, {"name": "m"}],
    }
    parts: list[dict[str, Any]] = [
        {"type": "checkpoints", "ns": (), "data": checkpoint},
        {"type": "debug", "ns": (), "data": {"type": "checkpoint", "payload": checkpoint}},
    ]

    for [event] in map(translate, parts):
        assert HIDDEN[0].encode() not in event.data
        assert b'"error":"failed"' in event.data


async def test_an_interrupt_is_an_update_with_what_is_asked(registry: Registry) -> None:
    [event] = await events_of(registry, "asks", {"text": ""}, "updates")

    assert read(event)["node"] == "__interrupt__"
    assert read(event)["data"][0]["value"] == "Shall the gate be opened?"


async def test_an_entrypoint_of_the_functional_api_is_a_node(registry: Registry) -> None:
    events = await events_of(registry, "functional", "run", "updates")

    assert [(read(e)["node"], read(e)["data"]) for e in events] == [
        ("louder", "RUN"),
        ("shout", "RUN!"),
    ]


@pytest.mark.parametrize("mode", ["values", "custom"])
def test_what_has_no_form_is_refused_by_its_place(mode: StreamMode) -> None:
    with pytest.raises(Unserializable, match=r"data\.value\[1\]: object"):
        list(translate({"type": mode, "ns": (), "data": {"value": [b"x", object()]}}))


def test_a_token_that_ends_in_half_a_surrogate_pair_is_shown() -> None:
    piece = AIMessageChunk(content=json.loads('"wheel \\ud83d"'), id="1")
    part = {"type": "messages", "ns": (), "data": (piece, {"langgraph_node": "n"})}

    [event] = translate(part)

    assert read(event)["message"]["content"] == "wheel \ufffd"


def test_a_mode_that_nobody_knows_is_an_error_and_not_left_out() -> None:
    with pytest.raises(ValueError, match="tomorrow"):
        list(translate({"type": "tomorrow", "ns": (), "data": None}))


def test_what_is_told_beside_a_message_comes_only_to_a_view() -> None:
    told = {"langgraph_node": "n", "langgraph_step": 1, "run_id": "r", "thread_id": "t"}
    part = {"type": "messages", "ns": (), "data": (AIMessage("Hi", id="m"), told)}
    [plain], [detailed] = translate(part), translate(part, detailed=True)
    assert read(detailed) == {
        **read(plain),
        "metadata": {"langgraph_node": "n", "langgraph_step": 1},
    }


@pytest.mark.parametrize("interrupts", [(), (Interrupt("Go on?", id="i"),)], ids=len)
def test_interrupts_of_values_come_only_to_a_view(interrupts: tuple[Interrupt, ...]) -> None:
    part = {"type": "values", "ns": (), "data": {"a": 1}, "interrupts": interrupts}
    [plain], [detailed] = translate(part), translate(part, detailed=True)
    assert read(plain) == {"ns": [], "data": {"a": 1}}
    told = [
        {"id": one["id"], "value": one["value"]} for one in read(detailed).get("interrupts", [])
    ]
    assert told == [{"id": one.id, "value": one.value} for one in interrupts]


def test_a_checkpoint_may_be_told_by_its_names_alone() -> None:
    data: dict[str, Any] = {
        "config": {"configurable": {"checkpoint_id": "c", "thread_id": "t"}},
        "parent_config": {"configurable": {"checkpoint_id": "b"}},
        "values": {"a": 1},
        "metadata": {"source": "loop", "step": 1},
        "next": [],
        "tasks": [],
    }
    part: dict[str, Any] = {"type": "checkpoints", "ns": (), "data": data}
    [event] = translate(named_only(part), at=7)
    names = {"id": "c", "parent_id": "b", "step": 1, "source": "loop"}
    assert read(event) == {"ns": [], "data": names, "at": 7}
    [first] = translate(named_only({**part, "data": {**data, "parent_config": None}}))
    assert "parent_id" not in read(first)["data"]
