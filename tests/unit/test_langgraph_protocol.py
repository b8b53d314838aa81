"""A thread's log in LangGraph's thread protocol, and as the streams of its runs."""

import json
from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from tailrace.api.adapters.langgraph.views.protocol import Part, ThreadEvents
from tailrace.api.adapters.langgraph.views.subscription import PARTS, Filter, ProtocolForm
from tailrace.api.adapters.langgraph.views.thread_runs import RunsForm, ThreadMode
from tailrace.shared.events import LoggedEvent, ThreadEvent, encode

INNER = "inner:7d1d859c-eeec-8f33-6ee5-e2a9bbe34e45"
TASK = {"id": "7d1d859c-eeec-8f33-6ee5-e2a9bbe34e45", "name": "inner"}
ALL = Filter(
    frozenset(
        ("values", "updates", "messages", "lifecycle", "input", "tasks", "custom", "checkpoints")
    )
)
QUESTION = {"id": "i", "value": "Go on?"}


class Log:
    """The log of a thread, written event by event."""

    def __init__(self) -> None:
        self.events: list[LoggedEvent] = []
        self.job = "run"

    def add(self, name: str, **body: Any) -> None:
        seq = len(self.events) + 1
        event = LoggedEvent(seq, name, encode(body))
        self.events.append(ThreadEvent.of(seq, self.job, event))

    def begin(self, job: str = "run", attempt: int = 1, **shown: Any) -> None:
        self.job = job
        more = {"shown": {"graph": "chat", **shown}} if shown else {}
        if attempt == 1:
            self.add("status", status="queued", attempt=0, at="2026-01-01T00:00:00.000Z", **more)
        self.add("status", status="running", attempt=attempt, at="2026-01-01T00:00:01.000Z")

    def end(self, status: str = "succeeded", **more: Any) -> None:
        self.add("end", status=status, **more)

    def chunk(self, content: Any, ns: Sequence[str] = (), node: str = "reply", **more: Any) -> None:
        message = {"content": content, "type": "ai", "id": "m", **more}
        self.add("messages", ns=list(ns), node=node, message=message)

    def parts(self) -> list[Part]:
        told = ThreadEvents("chat")
        return [part for event in self.events for part in told.parts(event)]


def told(log: Log) -> list[tuple[str, Any]]:
    return [(part.method, part.data) for part in log.parts()]


def messages(log: Log) -> list[dict[str, Any]]:
    found = [part.data for part in log.parts() if part.method == "messages"]
    assert {(data.pop("id"), data.pop("run_id")) for data in found} <= {("m", "m")}
    return found


RUNNING = ("lifecycle", {"event": "running", "graph_name": "chat"})


def over(outcome: str) -> tuple[str, Any]:
    return ("lifecycle", {"event": outcome, "graph_name": "chat"})


@pytest.mark.parametrize(
    ("status", "outcome"), [("succeeded", "completed"), ("cancelled", "interrupted")]
)
def test_a_run_begins_and_ends_once(status: str, outcome: str):
    log = Log()
    log.begin()
    log.add("status", status="queued", attempt=1, at="2026-01-01T00:00:02.000Z", reason="retry")
    log.begin(attempt=2)
    log.end(status)
    assert told(log) == [RUNNING, over(outcome)]


def test_a_run_that_fails_says_why():
    log = Log()
    log.begin()
    log.end("failed", error={"type": "internal", "detail": "It broke."})
    failed = {"event": "failed", "graph_name": "chat", "error": "It broke."}
    assert told(log)[-1] == ("lifecycle", failed)


def test_a_run_that_no_worker_takes_fails_as_well():
    log = Log()
    log.add("status", status="queued", attempt=0, at="2026-01-01T00:00:00.000Z")
    log.end("failed", error={"type": "unserved", "detail": "Nobody runs it."})
    assert [data["event"] for _, data in told(log)] == ["failed"]


def test_a_run_that_asks_is_over_and_its_successor_does_not_end_it_again():
    log = Log()
    log.begin("first")
    log.add("updates", ns=[], node="__interrupt__", data=[QUESTION])
    log.add("values", ns=[], data={"a": 1}, interrupts=[QUESTION])
    log.add("status", status="waiting", attempt=1, at="2026-01-01T00:00:02.000Z")
    log.begin("second")
    log.job = "first"
    log.end("cancelled", reason="superseded")
    log.job = "second"
    log.end()
    asked = {"interrupt_id": "i", "payload": "Go on?", "value": "Go on?"}
    assert told(log) == [
        RUNNING,
        ("input.requested", asked),
        over("interrupted"),
        RUNNING,
        over("completed"),
    ]


def test_jobs_that_end_in_line_end_no_run():
    log = Log()
    log.begin("first")
    log.job = "in line"
    log.add("status", status="queued", attempt=0, at="2026-01-01T00:00:02.000Z")
    log.end("cancelled")
    log.job = "first"
    log.end()
    assert told(log) == [RUNNING, over("completed")]


def test_a_change_of_the_state_is_no_run():
    log = Log()
    log.begin(update=True)
    log.add("custom", ns=[], data={})
    log.end(result={"checkpoint": {"checkpoint_id": "c"}})
    assert told(log) == []


def test_a_graph_inside_begins_with_its_first_event_and_ends_with_its_task():
    log = Log()
    log.begin()
    log.add("tasks", ns=[], node="inner", data={**TASK, "input": {}})
    log.add("values", ns=[INNER], data={"a": 1})
    log.add("custom", ns=[INNER], data={"at": "deep"})
    log.add("tasks", ns=[], node="inner", data={**TASK, "result": {}, "interrupts": []})
    log.end()
    parts = log.parts()
    assert [(p.method, p.namespace) for p in parts[1:-1]] == [
        ("tasks", ()),
        ("lifecycle", (INNER,)),
        ("values", (INNER,)),
        ("custom", (INNER,)),
        ("tasks", ()),
        ("lifecycle", (INNER,)),
    ]
    assert [p.data["event"] for p in parts if p.method == "lifecycle" and p.namespace] == [
        "started",
        "completed",
    ]


def test_a_graph_inside_that_does_not_end_ends_with_its_run():
    log = Log()
    log.begin()
    log.add("values", ns=[INNER], data={})
    log.end("cancelled")
    ends = [(p.namespace, p.data["event"]) for p in log.parts() if p.method == "lifecycle"]
    assert ends[-2:] == [((INNER,), "interrupted"), ((), "interrupted")]


NAMES = {"id": "c", "parent_id": "b", "step": 1, "source": "loop"}


def test_values_come_after_the_name_of_their_checkpoint():
    log = Log()
    log.begin(checkpoints="named")
    log.add("checkpoints", ns=[], data={**NAMES, "source": "input"})
    log.add("values", ns=[], data={"a": 1})
    log.add("checkpoints", ns=[], data=NAMES)
    log.add("values", ns=[], data={"a": 2})
    log.add("values", ns=[INNER], data={"a": 3})
    log.add("tasks", ns=[], node="inner", data={**TASK, "input": {}})
    log.add("values", ns=[], data={"a": 4})
    log.end()
    assert [one for one in told(log) if one[0] in ("values", "checkpoints")] == [
        ("checkpoints", NAMES),
        ("values", {"a": 1}),
        ("values", {"a": 2}),
        ("values", {"a": 3}),
        ("values", {"a": 4}),
    ]
    assert told(log)[-1] == over("completed")


def test_values_of_a_lost_attempt_are_told_before_the_next_one():
    log = Log()
    log.begin(checkpoints="named")
    log.add("values", ns=[], data={"a": 1})
    log.begin(attempt=2)
    log.add("values", ns=[], data={"a": 1})
    log.add("status", status="waiting", attempt=2, at="2026-01-01T00:00:02.000Z")
    assert told(log) == [RUNNING, *[("values", {"a": 1})] * 2, over("interrupted")]


def test_custom_events_are_wrapped_unless_they_are_named():
    log = Log()
    log.begin()
    log.add("custom", ns=[], data={"at": "one"})
    log.add("custom", ns=[], data={"name": "a2a", "payload": 1})
    assert told(log)[1:] == [
        ("custom", {"payload": {"at": "one"}}),
        ("custom", {"name": "a2a", "payload": 1}),
    ]


def test_a_message_grows_by_blocks_that_do_not_interleave():
    log = Log()
    log.begin()
    log.chunk([{"type": "reasoning", "reasoning": "Hm", "index": 0}])
    log.chunk("He")
    log.chunk("llo")
    log.chunk("", usage_metadata={"output_tokens": 3}, chunk_position="last")
    text, thought = {"type": "text", "text": ""}, {"type": "reasoning", "reasoning": "", "index": 0}
    assert messages(log) == [
        {"event": "message-start", "role": "ai"},
        {"event": "content-block-start", "index": 0, "content": thought},
        {
            "event": "content-block-delta",
            "index": 0,
            "delta": {"type": "reasoning-delta", "reasoning": "Hm"},
        },
        {
            "event": "content-block-finish",
            "index": 0,
            "content": {**thought, "reasoning": "Hm"},
        },
        {"event": "content-block-start", "index": 1, "content": text},
        {
            "event": "content-block-delta",
            "index": 1,
            "delta": {"type": "text-delta", "text": "He"},
        },
        {
            "event": "content-block-delta",
            "index": 1,
            "delta": {"type": "text-delta", "text": "llo"},
        },
        {"event": "content-block-finish", "index": 1, "content": {"type": "text", "text": "Hello"}},
        {"event": "message-finish", "reason": "stop", "usage": {"output_tokens": 3}},
    ]


def call(index: int, args: str | None, **more: Any) -> dict[str, Any]:
    return {"type": "tool_call_chunk", "index": index, "args": args, **more}


def test_tool_calls_end_with_their_arguments():
    log = Log()
    log.begin()
    log.chunk("", tool_call_chunks=[call(0, "", id="c", name="look")])
    log.chunk("", tool_call_chunks=[call(0, '{"q":')])
    log.chunk("", tool_call_chunks=[call(0, "1}"), call(1, "{", id="d", name="go")])
    log.add("updates", ns=[], node="reply", data={})
    ends = [m["content"] for m in messages(log) if m["event"] == "content-block-finish"]
    assert ends == [
        {"type": "tool_call", "id": "c", "name": "look", "args": {"q": 1}},
        {"type": "invalid_tool_call", "id": "d", "name": "go", "args": "{", "error": None},
    ]
    grown = [m["delta"]["fields"]["args"] for m in messages(log) if "delta" in m]
    assert grown == ['{"q":', '{"q":1}', "{"]


@pytest.mark.parametrize("closing", ["updates", "tasks", "end"])
def test_a_message_without_a_last_chunk_ends_with_its_node(closing: str):
    log = Log()
    log.begin()
    log.chunk("Hi")
    if closing == "updates":
        log.add("updates", ns=[], node="reply", data={"a": 1})
    elif closing == "tasks":
        log.add("tasks", ns=[], node="reply", data={"id": "t", "name": "reply", "result": {}})
    log.end()
    assert [m["event"] for m in messages(log)].count("message-finish") == 1
    methods = [part.method for part in log.parts()]
    assert methods.index("messages") < len(methods) - 1 - methods[::-1].index("messages")
    assert methods[-1] == "lifecycle"


def test_a_whole_message_is_over_at_once():
    log = Log()
    log.begin()
    log.add(
        "messages",
        ns=[],
        node="reply",
        message={"type": "human", "id": "m", "content": ["Hi", {"type": "image", "url": "u"}]},
    )
    events = [m["event"].removeprefix("content-block-") for m in messages(log)]
    block = ["start", "delta", "finish", "start", "finish"]
    assert events == ["message-start", *block, "message-finish"]


def test_a_new_attempt_begins_its_messages_anew():
    log = Log()
    log.begin()
    log.chunk("He")
    log.begin(attempt=2)
    log.chunk("Hello", chunk_position="last")
    assert [m["event"] for m in messages(log)].count("message-start") == 2


def test_times_never_lie_before_what_the_log_says():
    log = Log()
    log.begin()
    log.add("values", ns=[], data={}, at=1_800_000_000_000)
    log.chunk("Hi")
    frames = list(frames_of(log, ALL))
    times = [json.loads(frame[1])["params"]["timestamp"] for frame in frames]
    assert times == [1_767_225_601_000, *[1_800_000_000_000] * (len(frames) - 1)]


def frames_of(log: Log, wanted: Filter) -> Iterator[tuple[int, str]]:
    encoder = ProtocolForm("chat", wanted).encoder()
    for event in log.events:
        for frame in encoder.frames(event):
            _, data, id_, *_ = frame.decode().split("\n")
            yield int(id_.removeprefix("id: ")), data.removeprefix("data: ")


def story() -> Log:
    """Several runs with everything that a thread may have."""
    log = Log()
    log.begin("first", modes=["values", "messages"], subgraphs=True, checkpoints="named")
    log.chunk("He")
    log.add("values", ns=[INNER], data={"a": 1})
    log.add("checkpoints", ns=[INNER], data=NAMES)
    log.chunk("llo", [INNER])
    log.add("updates", ns=[], node="reply", data={"a": 1})
    log.add("updates", ns=[], node="__interrupt__", data=[QUESTION])
    log.add("status", status="waiting", attempt=1, at="2026-01-01T00:00:02.000Z")
    log.begin("second", modes=["updates"], subgraphs=False)
    log.job = "first"
    log.end("cancelled", reason="superseded")
    log.job = "second"
    log.add("updates", ns=[INNER], node="reply", data={"a": 2})
    log.chunk("x", id="n")
    log.end()
    log.begin("third", update=True)
    log.end(result={"checkpoint": {"checkpoint_id": "c", "checkpoint_ns": ""}})
    return log


FILTERS = [
    ALL,
    Filter(frozenset({"lifecycle", "input"})),
    Filter(frozenset({"messages"}), ((),), 0),
    Filter(frozenset({"values", "messages"}), (("inner",),)),
]


@pytest.mark.parametrize("wanted", FILTERS)
def test_a_view_that_is_resumed_between_any_two_parts_equals_the_whole(wanted: Filter):
    log = story()
    whole = list(frames_of(log, wanted))
    assert [number for number, _ in whole] == sorted({number for number, _ in whole})
    for since, _ in whole:
        seq, parts = divmod(since, PARTS)
        encoder = ProtocolForm("chat", wanted).encoder()
        for event in log.events[: seq - 1]:
            encoder(event)
        rest = encoder.frames(log.events[seq - 1], after=parts)
        other = encoder.copy()
        rest += [frame for event in log.events[seq:] for frame in [other(event)] if frame]
        assert b"".join(rest).decode().count("\nid: ") == sum(n > since for n, _ in whole)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(frozenset({"custom"})), True),
        (Filter(frozenset({"custom:a2a"})), True),
        (Filter(frozenset({"custom:other"})), False),
        (Filter(frozenset({"values"})), False),
        (Filter(frozenset({"custom"}), (("inner",),)), True),
        (Filter(frozenset({"custom"}), ((INNER,),)), True),
        (Filter(frozenset({"custom"}), (("inner:other",),)), False),
        (Filter(frozenset({"custom"}), (("inner", "deep"),)), False),
        (Filter(frozenset({"custom"}), ((),), 0), False),
        (Filter(frozenset({"custom"}), ((),), 1), True),
        (Filter(frozenset({"custom"}), (("other",), ("inner",)), 0), True),
    ],
)
def test_clients_get_what_they_want(wanted: Filter, expected: bool):
    assert wanted.wants(Part("custom", (INNER,), {"name": "a2a", "payload": 1})) is expected


def test_questions_are_on_the_channel_of_inputs():
    assert Filter(frozenset({"input"})).wants(Part("input.requested", (), {}))


def runs(log: Log, *modes: ThreadMode) -> list[tuple[str, Any]]:
    encoder = RunsForm("thread", frozenset(modes)).encoder()
    found: list[tuple[str, Any]] = []
    for frame in [frame for event in log.events for frame in encoder.frames(event)]:
        name, data, *_ = frame.decode().split("\n")
        found.append((name.removeprefix("event: "), json.loads(data.removeprefix("data: "))))
    return found


def test_a_thread_is_streamed_as_its_runs_are():
    assert [name for name, _ in runs(story(), "run_modes")] == [
        "metadata",
        "messages/metadata",
        "messages/partial",
        f"values|{INNER}",
        "messages/partial",
        "metadata",
        "metadata",
        "metadata",
    ]


def test_only_the_starts_and_ends_of_runs_are_streamed():
    assert runs(story(), "lifecycle") == [
        ("metadata", {"run_id": "first", "attempt": 1}),
        ("metadata", {"status": "run_done", "run_id": "first"}),
        ("metadata", {"run_id": "second", "attempt": 1}),
        ("metadata", {"status": "run_done", "run_id": "second"}),
    ]


def test_only_changes_of_the_state_are_streamed():
    checkpoint = {"checkpoint_id": "c", "checkpoint_ns": "", "thread_id": "thread"}
    assert runs(story(), "state_update") == [("state_update", {"checkpoint": checkpoint})]


def test_a_thread_s_stream_that_is_resumed_between_any_two_parts_equals_the_whole():
    log = story()
    form = RunsForm("thread", frozenset(("run_modes", "state_update")))
    encoder = form.encoder()
    whole = [(n, event, encoder.frames(event)) for n, event in enumerate(log.events)]
    for n, event, frames in whole:
        for had in range(len(frames)):
            other = form.encoder()
            for before in log.events[:n]:
                other(before)
            last = int(frames[had].rsplit(b"-", 1)[1])
            assert other.frames(event, after=last) == frames[had + 1 :]
            following = other.copy()
            rest = [following(after) for after in log.events[n + 1 :]]
            assert rest == [b"".join(frames) for _, _, frames in whole[n + 1 :]]


def test_a_job_that_nobody_asked_for_in_langgraph_s_way_is_told_as_it_is():
    log = Log()
    log.begin()
    log.add("custom", ns=[INNER], data={"a": 1})
    log.end()
    assert [name for name, _ in runs(log, "run_modes")] == [
        "metadata",
        f"custom|{INNER}",
        "metadata",
    ]
