"""Graphs that remember: by each way to a store that LangGraph has, and for their tenant alone."""

import json
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from redis.asyncio import Redis

from tailrace.shared.jobs import new_job_id
from tailrace.shared.queue_store.queue.job_queue import Claim
from tailrace.worker.attempt.attempt import Attempt
from tailrace.worker.attempt.execution import Execution
from tailrace.worker.attempt.runner import Runner
from tailrace.worker.attempt.unserved import Unserved
from tailrace.worker.catalogue.registry import Registry
from tailrace.worker.checkpoints.checkpoints import Checkpoints
from tailrace.worker.settings import WorkerSettings
from tailrace.worker.store.graph_store import GraphStores
from tests.support.graphs import their_graphs
from tests.support.jobs import request, stores

Remember = Callable[[str, str, str], Awaitable[Any]]


@pytest.fixture
def registry() -> Registry:
    return their_graphs()


@pytest.fixture
async def remember(redis: Redis, registry: Registry) -> Remember:
    """Run a graph for a tenant with a note: the notes that it knew before, or its error."""
    settings = WorkerSettings()
    unserved, checkpoints = Unserved(registry, redis, settings), Checkpoints(redis, settings)
    execution = Execution(registry, checkpoints, settings, unserved, GraphStores(redis))
    kept = stores(redis)
    runner = Runner(execution, kept.journals, "worker")

    async def run(tenant: str, graph: str, note: str) -> Any:
        job_id = new_job_id()
        await kept.jobs.create(job_id, tenant, request(graph, {"note": note}))
        await runner.run(Attempt(Claim(job_id, 1)))
        job = await kept.jobs.get(job_id)
        return job.error.type if job.error else json.loads(job.result or b"")["before"]

    return run


@pytest.mark.parametrize(
    "graph",
    [
        "getting",
        "getting_in_a_thread",
        "by_runtime",
        "by_argument",
        "injected",
        "entered",
        "in_a_subgraph",
        "by_factory",
    ],
)
async def test_a_job_finds_what_jobs_of_its_tenant_have_remembered(
    remember: Remember, graph: str
) -> None:
    assert await remember("ann", graph, "one") == []
    assert await remember("ann", graph, "two") == ["one"]
    assert await remember("ann", "getting", "three") == ["one", "two"]


async def test_invariant_07_another_tenants_items_do_not_exist(remember: Remember) -> None:
    assert await remember("ann", "getting", "one") == []
    assert await remember("bob", "getting", "two") == []
    assert await remember("ann", "getting", "three") == ["one"]


async def test_a_graph_that_was_compiled_with_a_store_keeps_it(remember: Remember) -> None:
    assert await remember("ann", "own", "one") == []
    assert await remember("ann", "own", "two") == ["one"]
    assert await remember("ann", "getting", "three") == []


@pytest.mark.parametrize("graph", ["without_await", "by_meaning"])
async def test_what_the_store_refuses_ends_the_job_and_not_its_worker(
    remember: Remember, graph: str
) -> None:
    assert await remember("ann", graph, "one") == "internal"
    assert await remember("ann", "getting", "two") == []
