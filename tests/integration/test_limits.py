"""What a job may bring into its log, and that its end always fits."""

from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
from blockbuster import BlockBuster

from tailrace.shared.jobs import JobId
from tailrace.shared.redis import keys
from tailrace.worker.catalogue.registry import Registry
from tests.support.leased import Site, faulty_graphs, site, working
from tests.support.wait import wait_until

# LangGraph leaves a coroutine of its own behind where its stream is closed early.
pytestmark = pytest.mark.filterwarnings("ignore:coroutine 'AsyncQueue.wait' was never awaited")

EVENT_BYTES, EVENTS, LOG_BYTES, RESULT_BYTES = 2000, 50, 20_000, 2000
BLOB_BYTES = 10_000
LIMITS = {
    "min_blob_bytes": 1024,
    "max_blob_bytes": BLOB_BYTES,
    "max_blobs_bytes": BLOB_BYTES + 5000,
    "max_event_bytes": EVENT_BYTES,
    "max_events": EVENTS,
    "max_log_bytes": LOG_BYTES,
    "max_result_bytes": RESULT_BYTES,
}


@pytest.fixture
def graphs(blocking_is_an_error: BlockBuster) -> Registry:
    blocking_is_an_error.deactivate()  # graphs are other people's code
    return faulty_graphs()


@pytest.fixture
async def place(store_url: str) -> AsyncIterator[Site]:
    async with site(store_url) as place:
        yield place


@pytest.mark.parametrize(
    ("graph", "events", "size", "error"),
    [
        ("floods", 1, BLOB_BYTES + 1, "blob-too-large"),
        ("floods_differently", 4, BLOB_BYTES // 2, "blobs-too-large"),
        ("floods", EVENTS, 1, "too-many-events"),
        ("floods", 20, EVENT_BYTES // 2, "log-too-large"),
        ("swells", 1, BLOB_BYTES + 1, "blob-too-large"),
    ],
)
async def test_a_job_over_a_limit_ends_with_the_limits_own_error(
    place: Site, graphs: Registry, graph: str, events: int, size: int, error: str
) -> None:
    async with working(place, graphs, **LIMITS):
        job_id = await place.post(graph, {"events": events, "bytes": size}, stream=("custom",))
        job = await place.ended(job_id)

    assert job.error is not None
    assert (job.status, job.error.type, job.attempt) == ("failed", error, 1)
    assert job.result is None
    assert job.seq <= EVENTS + 2


async def test_a_result_that_no_reference_makes_small_enough_ends_its_job(
    place: Site, graphs: Registry
) -> None:
    async with working(place, graphs, max_result_bytes=100):
        job = await place.ended(await place.post("swells", {"bytes": 500}, stream=("custom",)))

    assert job.error is not None
    assert job.error.type == "result-too-large"


@pytest.mark.parametrize(
    ("graph", "events", "size"),
    [
        ("floods", 1, EVENT_BYTES - 50),
        ("floods", EVENTS - 2, 1),
        ("floods", 9, EVENT_BYTES - 50),
        ("floods", 1, EVENT_BYTES),
        ("floods_differently", 2, BLOB_BYTES // 2),
        ("swells", 1, RESULT_BYTES - 50),
        ("swells", 1, RESULT_BYTES),
    ],
)
async def test_a_job_just_inside_its_limits_succeeds(
    place: Site, graphs: Registry, graph: str, events: int, size: int
) -> None:
    async with working(place, graphs, **LIMITS):
        job_id = await place.post(graph, {"events": events, "bytes": size}, stream=("custom",))
        assert (await place.ended(job_id)).status == "succeeded"


async def test_a_flood_that_never_ends_is_ended_and_keeps_its_neighbour_running(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    async with working(place, graphs, max_events=5000):
        flood = await place.post("floods", {"events": 10_000_000, "bytes": 1})
        neighbour = await place.post("gated", {"gate": str(tmp_path)})
        assert (await place.ended(neighbour)).status == "succeeded"
        job = await place.ended(flood)
    assert job.error is not None
    assert job.error.type == "too-many-events"


@asynccontextmanager
async def full(place: Site) -> AsyncGenerator[None]:
    """The store is at its memory limit inside the block."""
    redis: Any = place.redis
    await redis.config_set("maxmemory", 1)
    try:
        yield
    finally:
        await redis.config_set("maxmemory", 0)


async def test_the_end_is_stored_where_the_store_is_full(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    async with working(place, graphs):
        job_id = await place.post("gated", {"gate": str(tmp_path / "never")})
        await place.has_said(job_id, "at the gate")
        async with full(place):
            await place.jobs.close_over(job_id, "failed")
            assert (await place.ended(job_id)).status == "failed"


async def test_a_job_cancelled_while_the_store_is_full_ends(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    async with working(place, graphs):
        job_id = await place.post("gated", {"gate": str(tmp_path / "never")})
        await place.has_said(job_id, "at the gate")
        async with full(place):
            await place.cancel(job_id)
            assert (await place.ended(job_id, timeout_s=5)).status == "cancelled"


async def test_leases_are_kept_while_the_store_is_full(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    async with working(place, graphs):
        job_id = await place.post("gated", {"gate": str(gate)})
        await place.has_said(job_id, "at the gate")
        async with full(place):
            first = await lease_end_ms(place, job_id)

            async def has_moved_on() -> bool:
                return await lease_end_ms(place, job_id) > first + 2000

            await wait_until(has_moved_on, "renewals")
        gate.touch()
        job = await place.ended(job_id)
    assert (job.status, job.attempt, job.failures) == ("succeeded", 1, 0)


async def lease_end_ms(place: Site, job_id: JobId) -> float:
    redis: Any = place.redis
    return float(await redis.zscore(keys.QUEUE, keys.arq_id(job_id)))
