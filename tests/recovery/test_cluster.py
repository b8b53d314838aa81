"""A whole service on a Cluster: a log's slot moves from node to node, a worker is killed."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tailrace import JsonValue, ReceivedEvent, Tailrace
from tailrace.shared.jobs import JobId
from tailrace.shared.redis import keys
from tests.support.cluster_store import ClusterStore, cluster_store
from tests.support.processes import running_service
from tests.support.wait import wait_until

ENDLESS = 100_000
AROUND_MOVE = 50
JOB_S = 30.0


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[ClusterStore]:
    with cluster_store(tmp_path / "cluster") as cluster:
        yield cluster


@pytest.mark.timeout(180)
async def test_a_listener_has_a_whole_log_whose_slot_moved_under_it(
    tmp_path: Path, cluster: ClusterStore
) -> None:
    heard: list[ReceivedEvent] = []

    async def listen(tailrace: Tailrace, job_id: str) -> None:
        async for event in tailrace.events(job_id):
            heard.append(event)  # noqa: PERF401 - it is watched while it grows

    logs_are = {"TAILRACE_LOG_REDIS_URL": cluster.url}
    async with (
        running_service(tmp_path, logs_are) as service,
        Tailrace(service.url) as tailrace,
        asyncio.TaskGroup() as tasks,
    ):
        given: dict[str, JsonValue] = {"count": ENDLESS, "interval_s": 0.01}
        job = await tailrace.create("counter", given, stream=["custom"])
        listening = tasks.create_task(listen(tailrace, job.id))
        await wait_until(lambda: len(heard) > AROUND_MOVE, "the first events", JOB_S)
        move = await cluster.move(keys.log(JobId(job.id)))
        await move.begin()
        await move.finish()
        more = len(heard) + AROUND_MOVE
        await wait_until(lambda: len(heard) > more, "events from the new place", JOB_S)
        await tailrace.cancel(job.id)
        await wait_until(listening.done, "the end", JOB_S)
        again = [event async for event in tailrace.events(job.id)]
        status = (await tailrace.job(job.id)).status

    assert status == "cancelled"
    assert heard == again
    assert [event.seq for event in heard] == [*range(1, len(heard) + 1)]
    parts: list[Any] = [event.value for event in heard if event.name == "custom"]
    assert [part["data"]["i"] for part in parts] == [*range(1, len(parts) + 1)]


@pytest.mark.timeout(180)
async def test_a_service_that_has_only_a_cluster_loses_nothing_with_its_worker(
    tmp_path: Path, cluster: ClusterStore
) -> None:
    async with (
        running_service(tmp_path, {"TAILRACE_REDIS_URL": cluster.url}) as service,
        Tailrace(service.url) as tailrace,
    ):
        [worker] = service.workers
        given: dict[str, JsonValue] = {"count": 3 * AROUND_MOVE, "interval_s": 0.02}
        job = await tailrace.create("counter", given, stream=["custom"])
        heard: list[ReceivedEvent] = []
        async for event in tailrace.events(job.id):
            heard.append(event)
            if len(heard) == AROUND_MOVE:
                await worker.kill()
                worker.start()
        again = [event async for event in tailrace.events(job.id)]
        status = (await tailrace.job(job.id)).status
        queued = await (await cluster.owner(keys.QUEUE)).call("ZCARD", keys.QUEUE)

    assert (status, queued) == ("succeeded", 0)
    assert heard == again
    assert [event.seq for event in heard] == [*range(1, len(heard) + 1)]
    said: list[Any] = [event.value for event in heard if event.name == "status"]
    assert "worker_lost" in [told.get("reason") for told in said]
