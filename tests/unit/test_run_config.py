from typing import Any
from uuid import UUID

import pytest
from langgraph.graph import START, MessagesState, StateGraph

from tailrace.shared.jobs import Job, JobId, JobRequest
from tailrace.worker.attempt.run_config import NoSuchNode, asked_for, for_graph, run_config
from tailrace.worker.catalogue.factories import Graph

JOB_ID = JobId("0197a2b4-0000-7000-8000-00000000000a")


def job(attempt: int = 1, metadata: dict[str, Any] | None = None, **config: Any) -> Job:
    request = JobRequest("mill", {}, config=config, metadata=metadata or {})
    return Job(JOB_ID, "acme", request, "running", attempt, 2, "2026-01-01T00:00:00Z")


def stay(_: MessagesState) -> None:
    return None


def graph(**config: Any) -> Graph:
    builder: Any = StateGraph(MessagesState)
    builder.add_node("node", stay)
    builder.add_edge(START, "node")
    return builder.compile().with_config(config)


@pytest.mark.parametrize(
    ("asked", "own", "limit"),
    [
        ({}, {}, 100),
        ({}, {"recursion_limit": 400}, 400),
        ({"recursion_limit": 7}, {}, 7),
        ({"recursion_limit": 100}, {"recursion_limit": 400}, 100),
    ],
)
def test_the_callers_limit_wins_over_the_graphs_own_and_that_over_ours(
    asked: dict[str, Any], own: dict[str, Any], limit: int
) -> None:
    assert for_graph(run_config(job(**asked)), graph(**own)).get("recursion_limit") == limit


def test_a_caller_who_leaves_the_limit_open_sets_none_for_a_factory() -> None:
    assert "recursion_limit" not in run_config(job())


def test_a_graph_learns_which_run_of_which_graph_it_is_and_whose() -> None:
    found = run_config(job(configurable={"user_id": "u"})).get("configurable", {})

    assert (found["thread_id"], found["run_id"], found["graph_id"]) == (JOB_ID, JOB_ID, "mill")
    assert (found["tenant"], found["langgraph_auth_user_id"]) == ("acme", "acme")
    assert found["langgraph_auth_user"]["identity"] == "acme"
    assert found["user_id"] == "u"


def test_what_is_ours_is_set_after_the_callers() -> None:
    names = ("thread_id", "run_id", "graph_id", "tenant")
    forged: dict[str, Any] = dict.fromkeys(names, "forged")
    config = run_config(job(metadata=forged, configurable=forged))

    assert "forged" not in config.get("configurable", {}).values()
    assert config.get("metadata", {})["run_id"] == JOB_ID
    assert config.get("metadata", {})["graph_id"] == "mill"


def test_a_tracer_sees_one_run_under_the_jobs_id() -> None:
    assert run_config(job()).get("run_id") == UUID(JOB_ID)
    assert "run_id" not in run_config(job(attempt=2))


def test_a_request_that_says_nothing_leaves_the_graphs_own_stops_and_no_context() -> None:
    assert set(asked_for(graph(), job().request).values()) == {None}


def test_stops_and_context_reach_the_run() -> None:
    asked = JobRequest("mill", {}, interrupt_before="*", interrupt_after=("node",), context={})

    assert asked_for(graph(), asked) == {
        "interrupt_before": "*",
        "interrupt_after": ["node"],
        "context": {},
    }


def test_a_stop_at_a_node_that_is_not_there_is_told_with_those_that_are() -> None:
    asked = JobRequest("mill", {}, interrupt_before=("nod",))

    with pytest.raises(NoSuchNode, match=r"'nod'.*node"):
        asked_for(graph(), asked)
