"""A log as LangGraph's clients read it: each event's parts, and a view resumed between two."""

import json
from typing import Any

import pytest

from tailrace.api.adapters.langgraph.views.events import Names, closes
from tailrace.api.adapters.langgraph.views.partial import joined
from tailrace.api.adapters.langgraph.views.view import MODES, Grown, Mode, View, stream_format
from tailrace.shared.events import LoggedEvent, encode

NAMES = Names("run", "thread", "assistant", "graph")
OWN = {"run_id": "run", "thread_id": "thread", "assistant_id": "assistant", "graph_id": "graph"}


PURE: list[Mode] = [mode for mode in MODES if mode != "messages"]


def view(*modes: Mode, subgraphs: bool = False) -> View:
    return View(NAMES, frozenset(modes), subgraphs)


def event(name: str, seq: int = 1, **body: Any) -> LoggedEvent:
    return LoggedEvent(seq, name, encode(body))


def told(frames: list[bytes]) -> list[tuple[str, Any]]:
    """Names and data of frames, whose ids have to count up."""
    found: list[tuple[str, Any]] = []
    for frame in frames:
        name, data, _, *end = frame.decode().split("\n")
        assert end == ["", ""]
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def chunk(content: str, seq: int = 1, **more: Any) -> LoggedEvent:
    message = {"content": content, "type": "ai", "id": "m", **more}
    return event("messages", seq, ns=[], node="reply", message=message, metadata={"step": 1})


WHOLE_CHUNK: dict[str, Any] = {
    "additional_kwargs": {},
    "response_metadata": {},
    "tool_calls": [],
    "invalid_tool_calls": [],
    "tool_call_chunks": [],
    "content": "Hi",
    "type": "ai",
    "id": "m",
}
QUESTION = {"id": "i", "value": "Go on?"}
PLACE = {"thread_id": "t", "checkpoint_ns": "", "checkpoint_id": "c"}

TABLE: list[tuple[LoggedEvent, list[tuple[str, Any]]]] = [
    (event("status", status="queued", attempt=0, at="now"), []),
    (
        event("status", status="running", attempt=2, at="now"),
        [("metadata", {"run_id": "run", "attempt": 2})],
    ),
    (event("status", status="waiting", attempt=1, at="now"), [("end", None)]),
    (event("values", ns=[], data={"a": 1}), [("values", {"a": 1})]),
    (
        event("values", ns=[], data={"a": 1}, interrupts=[{**QUESTION, "response_schema": None}]),
        [("values", {"a": 1, "__interrupt__": [QUESTION]})],
    ),
    (event("updates", ns=[], node="n", data={"a": 1}), [("updates", {"n": {"a": 1}})]),
    (
        event("updates", ns=[], node="__interrupt__", data=[{**QUESTION, "response_schema": None}]),
        [("updates", {"__interrupt__": [QUESTION]})],
    ),
    (event("custom", ns=[], data="x"), [("custom", "x")]),
    (event("custom", ns=["a:1", "b:2"], data="x"), [("custom|a:1|b:2", "x")]),
    (event("tasks", ns=[], node="n", data={"id": "1"}), [("tasks", {"id": "1"})]),
    (
        event("checkpoints", ns=[], data={"config": {"configurable": PLACE}, "next": []}),
        [
            (
                "checkpoints",
                {
                    "config": {"configurable": PLACE},
                    "next": [],
                    "checkpoint": PLACE,
                    "parent_checkpoint": None,
                },
            )
        ],
    ),
    (event("debug", ns=[], data={"type": "task"}), [("debug", {"type": "task"})]),
    (
        chunk("Hi"),
        [("messages", [WHOLE_CHUNK, {"langgraph_node": "reply", "step": 1, **OWN}])],
    ),
    (
        LoggedEvent(3, "gap", encode({"from": 1, "to": 3, "reason": "lost"})),
        [("gap", {"from": 1, "to": 3, "reason": "lost"})],
    ),
    (event("end", status="succeeded", result={}), [("end", None)]),
    (event("end", status="cancelled"), [("end", None)]),
    (
        event("end", status="failed", error={"type": "timeout", "detail": "Too long."}),
        [("error", {"error": "timeout", "message": "Too long."}), ("end", None)],
    ),
]


@pytest.mark.parametrize(("one", "parts"), TABLE, ids=lambda value: getattr(value, "name", ""))
def test_each_event_has_its_parts(one: LoggedEvent, parts: list[tuple[str, Any]]):
    everything = view(*PURE, subgraphs=True)
    assert told(everything.parts(one)) == parts


@pytest.mark.parametrize("mode", PURE)
def test_a_mode_that_is_not_wanted_has_no_part(mode: Mode):
    wanted: list[Mode] = [other for other in PURE if other != mode]
    others = view(*wanted)
    name = mode.removesuffix("-tuple")
    body: dict[str, Any] = {"ns": [], "node": "n", "data": {}, "message": {"type": "human"}}
    assert others.parts(event(name, **body)) == []


def test_a_subgraph_s_events_come_only_to_those_who_ask_for_them():
    inside = event("values", ns=["inner:1"], data={})
    assert view("values").parts(inside) == []
    assert told(view("values", subgraphs=True).parts(inside)) == [("values|inner:1", {})]


def test_an_id_names_the_event_and_the_part():
    failed = event("end", 17, status="failed", error={"type": "internal", "detail": "x"})
    first, second = view("values").parts(failed)
    assert first.endswith(b"\nid: 17-1\n\n")
    assert second.endswith(b"\nid: 17-2\n\n")


def test_a_run_is_over_at_its_end_and_where_it_asks_something():
    assert closes(event("end", status="succeeded"))
    assert closes(event("status", status="waiting"))
    assert not closes(event("status", status="running"))
    assert not closes(event("values", ns=[], data={"status": "waiting"}))


def test_line_breaks_of_unicode_stay_escaped():
    [frame] = view("custom").parts(event("custom", ns=[], data="a\u2028b\u0085c"))
    assert frame.count(b"\n") == len(["event", "data", "id", "empty"])
    assert "\u2028" not in frame.decode()
    assert "\u0085" not in frame.decode()


def test_the_same_form_is_shared():
    assert stream_format(view("values")) is stream_format(view("values"))
    assert stream_format(view("values")) is not stream_format(view("updates"))


def test_messages_grow_and_are_complete_once():
    growing = Grown(view("messages"))
    first = told(growing.parts(chunk("He")))
    assert [name for name, _ in first] == ["messages/metadata", "messages/partial"]
    assert first[0][1] == {"m": {"metadata": {"langgraph_node": "reply", "step": 1, **OWN}}}
    [(name, [grown])] = told(growing.parts(chunk("llo", 2)))
    assert (name, grown["content"]) == ("messages/partial", "Hello")
    whole = {"messages": [{"id": "q", "content": "?"}, {"id": "m", "content": "Hello"}]}
    values = event("values", 3, ns=[], data=whole)
    assert told(growing.parts(values)) == [("messages/complete", whole["messages"])]
    assert growing.parts(values) == []


def test_a_message_that_is_no_model_s_comes_when_it_is_complete():
    growing = Grown(view("messages"))
    tool = event(
        "messages", ns=[], node="tools", message={"type": "tool", "id": "t", "content": ""}
    )
    assert growing.parts(tool) == []


def test_pieces_of_a_tool_call_are_joined_by_their_index():
    def piece(args: str, **more: Any) -> dict[str, Any]:
        calls = [{"index": 0, "args": args, **more}]
        return {"content": "", "type": "ai", "id": "m", "tool_call_chunks": calls}

    first, second = piece('{"city":', name="weather", id="call"), piece('"Rome"}')
    [call] = joined(first, second)["tool_call_chunks"]
    assert call == {"index": 0, "args": '{"city":"Rome"}', "name": "weather", "id": "call"}
    growing = Grown(view("messages"))
    made = [
        chunk("", n, tool_call_chunks=p["tool_call_chunks"])
        for n, p in enumerate((first, second), 1)
    ]
    calls = [told(growing.parts(one))[-1][1][0]["tool_calls"] for one in made]
    parsed = {"name": "weather", "args": {"city": "Rome"}, "id": "call", "type": "tool_call"}
    assert calls == [[], [parsed]]


def test_blocks_of_content_and_counts_of_tokens_are_joined():
    first = {"content": "a", "usage_metadata": {"total_tokens": 1, "input_token_details": {"x": 1}}}
    second = {
        "content": [{"type": "text", "text": "b"}],
        "usage_metadata": {"total_tokens": 2, "input_token_details": {"x": 2}},
    }
    whole = joined(first, second)
    assert whole["content"] == [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]
    assert whole["usage_metadata"] == {"total_tokens": 3, "input_token_details": {"x": 3}}


LOG = [
    event("status", 1, status="queued", attempt=0, at="now"),
    event("status", 2, status="running", attempt=1, at="now"),
    event("values", 3, ns=[], data={"messages": [{"id": "q", "content": "?"}]}),
    chunk("He", 4),
    chunk("llo", 5),
    event("updates", 6, ns=[], node="reply", data={}),
    event("values", 7, ns=[], data={"messages": [{"id": "m", "content": "Hello"}]}),
    event("end", 8, status="failed", error={"type": "internal", "detail": "x"}),
]


@pytest.mark.parametrize("modes", [("messages", "values", "messages-tuple"), ("values", "updates")])
def test_a_view_resumed_between_any_two_parts_equals_the_whole(modes: tuple[Mode, ...]):
    form = view(*modes)
    growing = Grown(form)
    whole = [part for one in LOG for part in growing.parts(one)]
    assert len(whole) > len(LOG)
    for cut in range(len(whole)):
        seq, part = map(int, whole[cut].rsplit(b"id: ", 1)[1].split(b"-"))
        again = Grown(form)
        rest: list[bytes] = []
        for one in LOG:
            parts = again.parts(one)
            rest += parts[part:] if one.seq == seq else parts if one.seq > seq else []
        assert whole[: cut + 1] + rest == whole


def test_a_copy_continues_apart():
    growing = Grown(view("messages"))
    growing.parts(chunk("He"))
    copy = growing.copy()
    assert growing(chunk("llo", 2)) == copy(chunk("llo", 2))
    growing(chunk("!", 3))
    assert b"Hello?" in copy(chunk("?", 3))
