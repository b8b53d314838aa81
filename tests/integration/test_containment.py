"""Whatever a graph raises or does, it ends its own job; its neighbours and its worker live on."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster

from tailrace.shared.jobs import new_job_id
from tailrace.worker.catalogue.registry import Registry
from tailrace.worker.leases.containment import CURRENT, Containment
from tests.support.leased import Site, faulty_graphs, site, working
from tests.support.openai_server import Refuses, openai_server

JOB = new_job_id()


@pytest.fixture
def graphs(blocking_is_an_error: BlockBuster) -> Registry:
    blocking_is_an_error.deactivate()  # graphs are other people's code
    return faulty_graphs()


@pytest.fixture
async def place(store_url: str) -> AsyncIterator[Site]:
    async with site(store_url) as place:
        yield place


@pytest.mark.parametrize(
    "graph",
    [
        "exits",
        "exits_in_thread",
        "keyboard",
        "cancels_itself",
        "no_exception",
        "no_exception_in_thread",
        "generator_exit",
        "stop_iteration",
    ],
)
async def test_what_a_graph_raises_ends_its_own_job_alone(
    place: Site, graphs: Registry, tmp_path: Path, graph: str
) -> None:
    gate = tmp_path / "gate"
    async with working(place, graphs):
        neighbour = await place.post("gated", {"gate": str(gate)})
        await place.has_said(neighbour, "at the gate")
        job = await place.ended(await place.post(graph), timeout_s=5)
        assert job.error is not None
        assert (job.status, job.error.type, job.attempt) == ("failed", "internal", 1)
        gate.touch()
        beside = await place.ended(neighbour)
    assert (beside.status, beside.attempt, beside.failures) == ("succeeded", 1, 0)


async def test_a_callback_that_raises_after_its_node_ends_nothing(
    place: Site, graphs: Registry
) -> None:
    async with working(place, graphs):
        assert (await place.ended(await place.post("raising_callback"))).status == "succeeded"


async def test_a_providers_words_that_json_cannot_hold_end_their_job_alone(
    place: Site, graphs: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    half_a_character = Refuses(429, "insufficient_quota", "over \ud800 quota", {})
    async with openai_server(half_a_character) as provider, working(place, graphs):
        for name, value in provider.environment().items():
            monkeypatch.setenv(name, value)
        job = await place.ended(await place.post("calls"), timeout_s=8)
        assert job.status == "failed"
        neighbour = await place.post("gated", {"gate": str(tmp_path)})
        assert (await place.ended(neighbour)).status == "succeeded"


async def test_the_task_that_runs_tells_whose_it_is() -> None:
    containment = Containment(asyncio.get_running_loop())
    containment.begin()

    async def ask() -> str | None:
        return containment.culprit()

    assert await asyncio.ensure_future(ask()) is None
    CURRENT.set(JOB)
    assert await asyncio.ensure_future(ask()) == JOB


async def test_tasks_that_a_jobs_task_starts_are_the_jobs() -> None:
    containment = Containment(asyncio.get_running_loop())
    containment.begin()
    CURRENT.set(JOB)

    async def inner() -> str | None:
        return containment.culprit()

    async def outer() -> str | None:
        return await asyncio.ensure_future(inner())

    assert await asyncio.ensure_future(outer()) == JOB
