"""The fields of a run's body: each is honoured, or refused by its name. None is ignored."""

from collections.abc import Callable
from typing import Any

import pytest

from tailrace.api.adapters.langgraph.run_fields import RunConfig, RunCreate, check
from tailrace.api.adapters.langgraph.submission import CreateRun, job_body
from tailrace.api.errors import InvalidBody
from tailrace.api.schemas import parse
from tailrace.api.settings import ApiSettings
from tailrace.shared.jobs import JobRequest
from tailrace.shared.threads import ThreadId

Read = Callable[[JobRequest], Any]


THREAD = ThreadId("6ba7b810-9dad-41d1-80b4-00c04fd430c8")


def on_thread(**fields: Any) -> CreateRun:
    """A run with these fields on a thread."""
    body = parse(RunCreate, {"assistant_id": "any", "input": {}, **fields})
    check(body, thread=True)
    return job_body(body, "any", THREAD)


def request(**fields: Any) -> JobRequest:
    """What a run with these fields is for the service."""
    body = parse(RunCreate, {"assistant_id": "any", "input": {}, **fields})
    check(body, thread=False)
    return job_body(body, "any").request(ApiSettings())


def _command(run: CreateRun) -> Any:
    return run.command and run.command.model_dump(exclude_unset=True)


def view(name: str) -> Read:
    return lambda asked: (asked.view or {})[name]


HONOURED: list[tuple[str, Any, Read, Any]] = [
    ("assistant_id", "any", lambda r: r.graph, "any"),
    ("input", {"a": 1}, lambda r: r.input, {"a": 1}),
    ("metadata", {"a": 1}, lambda r: r.metadata, {"a": 1}),
    ("config", {"tags": ["t"]}, lambda r: r.config["tags"], ["t"]),
    ("config", {"recursion_limit": 7}, lambda r: r.config["recursion_limit"], 7),
    ("config", {"configurable": {"a": 1}}, lambda r: r.config["configurable"], {"a": 1}),
    (
        "config",
        {"configurable": {"thread_id": "x", "a": 1}},
        lambda r: r.config["configurable"],
        {"a": 1},
    ),
    ("config", {"metadata": {"a": 1}}, lambda r: r.metadata, {"a": 1}),
    ("context", {"a": 1}, lambda r: r.context, {"a": 1}),
    ("interrupt_before", ["n"], lambda r: r.interrupt_before, ("n",)),
    ("interrupt_before", "*", lambda r: r.interrupt_before, "*"),
    ("interrupt_after", ["n"], lambda r: r.interrupt_after, ("n",)),
    ("stream_mode", "updates", lambda r: r.stream, ("updates",)),
    ("stream_mode", ["custom", "messages-tuple"], lambda r: r.stream, ("custom", "messages")),
    ("stream_mode", "messages", lambda r: r.stream, ("messages", "values")),
    ("stream_subgraphs", True, view("subgraphs"), True),
    ("durability", "sync", lambda r: r.durability, "sync"),
    ("durability", "async", lambda r: r.durability, "async"),
    ("checkpoint_during", True, lambda r: r.durability, "async"),
    ("on_disconnect", "cancel", view("on_disconnect"), "cancel"),
    ("on_disconnect", "continue", view("on_disconnect"), "continue"),
    ("multitask_strategy", "enqueue", view("multitask_strategy"), "enqueue"),
]
"""Field, value, where the job has it, and what it is there."""

KEPT_ANYWAY: list[tuple[str, Any]] = [
    ("stream_resumable", True),
    ("stream_resumable", False),
    ("on_completion", "delete"),
    ("if_not_exists", "create"),
    ("if_not_exists", "reject"),
    ("after_seconds", 0),
    ("feedback_keys", []),
    ("command", None),
]
"""What every run here does, or what asks for nothing of a run without a thread."""

REFUSED: list[tuple[str, Any]] = [
    ("webhook", "https://example.com"),
    ("feedback_keys", ["score"]),
    ("langsmith_tracer", {"project_name": "p"}),
    ("after_seconds", 5),
    ("durability", "exit"),
    ("checkpoint_during", False),
    ("stream_mode", "events"),
    ("stream_mode", ["values", "tools"]),
    ("stream_mode", []),
]
REFUSED_WITHOUT_THREAD: list[tuple[str, Any]] = [
    ("command", {"resume": 1}),
    ("checkpoint", {"checkpoint_id": "c"}),
    ("checkpoint_id", "c"),
    ("strict_resume", True),
    ("on_completion", "keep"),
]


@pytest.mark.parametrize(("name", "value", "read", "expected"), HONOURED)
def test_a_field_is_honoured(name: str, value: Any, read: Read, expected: Any):
    assert read(request(**{name: value})) == expected


@pytest.mark.parametrize(("name", "value"), KEPT_ANYWAY)
def test_a_field_asks_for_what_every_run_does(name: str, value: Any):
    assert request(**{name: value}) == request()


@pytest.mark.parametrize(("name", "value"), [*REFUSED, *REFUSED_WITHOUT_THREAD])
def test_a_field_is_refused_by_its_name(name: str, value: Any):
    with pytest.raises(InvalidBody) as refused:
        request(**{name: value})
    assert [error.pointer for error in refused.value.errors] == [f"#/{name}"]


ON_THREAD: list[tuple[dict[str, Any], Callable[[CreateRun], Any], Any]] = [
    ({}, lambda run: run.thread_id, THREAD),
    ({}, lambda run: run.on_thread.strategy, "reject"),
    ({"multitask_strategy": "enqueue"}, lambda run: run.on_thread.strategy, "enqueue"),
    ({}, lambda run: run.on_thread.must_exist, True),
    ({"if_not_exists": "create"}, lambda run: run.on_thread.must_exist, False),
    ({"checkpoint_id": "c"}, lambda run: run.checkpoint_id, "c"),
    (
        {"checkpoint": {"checkpoint_id": "c", "checkpoint_ns": ""}},
        lambda run: run.checkpoint_id,
        "c",
    ),
    ({"checkpoint": {"checkpoint_ns": ""}}, lambda run: run.checkpoint_id, None),
    ({"input": None}, lambda run: run.continues, True),
    ({"command": {"resume": None}}, _command, {"resume": None}),
    ({"command": {"goto": "__end__", "update": None}}, _command, {"goto": "__end__"}),
    ({"command": {"update": [["a", 1]]}}, _command, {"update": [["a", 1]]}),
    (
        {"command": {"graph": None, "resume": 1, "update": None, "goto": []}, "input": None},
        _command,
        {"resume": 1},
    ),
    (
        {"command": {"goto": [{"node": "n", "arg": 1}, {"node": "m", "input": 2}]}},
        _command,
        {"goto": [{"node": "n", "input": 1}, {"node": "m", "input": 2}]},
    ),
    ({"on_completion": "keep"}, lambda run: run.thread_id, THREAD),
]
REFUSED_ON_THREAD: list[tuple[str, dict[str, Any]]] = [
    *((name, {name: value}) for name, value in REFUSED),
    ("strict_resume", {"strict_resume": True}),
    ("on_completion", {"on_completion": "delete"}),
    ("input", {"command": {"resume": 1}, "input": {"a": 1}}),
    ("command", {"command": {}}),
    ("checkpoint", {"checkpoint": {"checkpoint_ns": "inner:1", "checkpoint_id": "c"}}),
    ("checkpoint", {"checkpoint": {"checkpoint_id": "c", "checkpoint_map": {"": "c", "a:1": "d"}}}),
    ("checkpoint_id", {"checkpoint": {"checkpoint_id": "c"}, "checkpoint_id": "d"}),
]


@pytest.mark.parametrize(("fields", "read", "expected"), ON_THREAD)
def test_a_field_is_honoured_on_a_thread(
    fields: dict[str, Any], read: Callable[[CreateRun], Any], expected: Any
):
    assert read(on_thread(**fields)) == expected


@pytest.mark.parametrize(("name", "fields"), REFUSED_ON_THREAD)
def test_a_field_is_refused_on_a_thread(name: str, fields: dict[str, Any]):
    with pytest.raises(InvalidBody) as refused:
        on_thread(**fields)
    assert [error.pointer for error in refused.value.errors] == [f"#/{name}"]


def test_a_thread_that_a_run_makes_is_known_by_its_graph():
    made = on_thread(if_not_exists="create", metadata={"a": 1}).on_thread.metadata
    assert made["graph_id"] == "any"
    assert made["a"] == 1


def test_every_field_is_in_a_table():
    tables = (HONOURED, KEPT_ANYWAY, REFUSED, REFUSED_WITHOUT_THREAD)
    assert {row[0] for table in tables for row in table} == set(RunCreate.model_fields)
    ours = {next(iter(row[1])) for row in HONOURED if row[0] == "config"}
    assert ours == set(RunConfig.model_fields)


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"bogus": 1}, "#/bogus"),
        ({"config": {"run_name": "x"}}, "#/config/run_name"),
        ({"multitask_strategy": "never"}, "#/multitask_strategy"),
        ({"on_disconnect": "wait"}, "#/on_disconnect"),
        ({"metadata": []}, "#/metadata"),
        ({"input": {}, "context": 1}, "#/context"),
        ({"config": {"recursion_limit": 0}}, "#/config/recursion_limit"),
    ],
)
def test_what_is_no_field_or_no_value_of_one_is_refused(fields: dict[str, Any], place: str):
    with pytest.raises(InvalidBody) as refused:
        request(**fields)
    assert place in {error.pointer for error in refused.value.errors}


def test_without_a_mode_the_values_are_streamed():
    assert request().stream == ("values",)


def test_the_order_of_modes_makes_no_other_job():
    one = parse(RunCreate, {"assistant_id": "any", "stream_mode": ["updates", "values"]})
    other = parse(RunCreate, {"assistant_id": "any", "stream_mode": ["values", "updates"]})
    assert job_body(one, "any").digest() == job_body(other, "any").digest()
