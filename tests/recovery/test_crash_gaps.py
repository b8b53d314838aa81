"""A process is killed between its two stores, at every such place; the job still gets its one end.

Queue and log live in two stores, and the one that is to be told second is frozen at the moment of
the kill: the call was made, and did not arrive.
"""

import asyncio
import signal
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.asyncio import Redis

from tailrace.shared.jobs import JobId
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.log_store.jobs.open_jobs import OpenJobs
from tailrace.shared.redis import keys
from tailrace.shared.settings import SharedSettings
from tests.support.faults import Faulty, faulty, frozen
from tests.support.processes import running
from tests.support.wait import wait_until

pytestmark = pytest.mark.timeout(90)

SWEPT_S = 40.0
"""Ten seconds until a job counts as missing, and two sweeps of five seconds around them."""


async def open_jobs(place: Faulty) -> set[JobId]:
    jobs = OpenJobs(place.redis)
    return {job_id for shard in keys.SHARDS for job_id in await jobs.ids(shard)}


async def ignore_answer(call: "asyncio.Future[httpx.Response]") -> None:
    """The caller whose API died: it never learns."""
    with pytest.raises(httpx.TransportError):
        await call


async def test_an_api_killed_between_its_stores_leaves_nothing_that_is_not_repaired(
    tmp_path: Path,
) -> None:
    """Gaps: create and enqueue, cancel flag and queue, answer and enqueue."""
    async with faulty(tmp_path, two_stores=True) as place:
        to_cancel = await place.post("gated", {"gate": str(tmp_path / "never")})
        to_answer = await place.post("approval")
        await place.has_said(to_cancel, "at the gate")
        await place.has_said(to_answer, "waiting")
        before = await open_jobs(place)

        with frozen(place.service.store):
            calls = [
                place.try_post("gated", {"gate": str(tmp_path)}),
                place.client.post(f"/jobs/{to_cancel}/cancel"),
                place.client.post(f"/jobs/{to_answer}/resume", json={"value": "you may"}),
            ]
            made = [asyncio.ensure_future(call) for call in calls]
            created = await wait_until(lambda: new_job(place, before), "the record of a job")
            assert created is not None
            jobs = JobStore(place.redis, SharedSettings())

            async def both_flagged() -> bool:
                answered = await jobs.get(to_answer)
                redis: Any = place.redis
                flag = await redis.hget(keys.job(to_cancel), "cancel")
                return answered.status == "queued" and flag is not None

            await wait_until(both_flagged, "the answer and the cancel flag")
            await place.service.api.kill()
            for call in made:
                await ignore_answer(call)

        assert (await place.ended(to_cancel, SWEPT_S))["status"] == "cancelled"
        assert (await place.ended(created, SWEPT_S))["status"] == "succeeded"
        answered = await place.ended(to_answer, SWEPT_S)
        assert (answered["status"], answered["result"]["heard"]) == ("succeeded", ["you may"])


async def new_job(place: Faulty, before: set[JobId]) -> JobId | None:
    found = await open_jobs(place) - before
    return found.pop() if found else None


async def test_a_worker_killed_between_claim_and_open_loses_nothing_and_fails_nothing(
    tmp_path: Path,
) -> None:
    async with faulty(tmp_path, workers=1, two_stores=True) as place:
        [worker] = place.service.workers
        worker.send(signal.SIGSTOP)
        job_id = await place.post("gated", {"gate": str(tmp_path)})
        with frozen(place.log_store):
            worker.send(signal.SIGCONT)
            await wait_until(lambda: "claim failed" not in worker.output(), "the worker")
            await wait_until(lambda: held(place, job_id), "the claim")
            await worker.kill()
        async with running(worker):
            assert (await place.ended(job_id))["status"] == "succeeded"

        assert (await JobStore(place.redis, SharedSettings()).get(job_id)).failures == 0
        assert await place.reasons(job_id) == []


async def held(place: Faulty, job_id: JobId) -> bool:
    async with Redis.from_url(place.service.store.url) as client:
        queue: Any = client
        return bool(await queue.hexists(keys.OWNERS, keys.arq_id(job_id)))


async def test_a_worker_killed_between_end_and_clean_up_ends_nothing_twice(
    tmp_path: Path,
) -> None:
    gate = tmp_path / "gate"
    async with faulty(tmp_path, workers=1, two_stores=True) as place:
        [worker] = place.service.workers
        job_id = await place.post("gated", {"gate": str(gate)})
        await place.has_said(job_id, "at the gate")
        with frozen(place.service.store):
            gate.touch()
            before = await place.ended(job_id)
            await worker.kill()
        assert await held(place, job_id)
        async with running(worker):
            await wait_until(lambda: forgotten(place, job_id), "the queue to forget it", 20)

        assert await place.ended(job_id) == before


async def forgotten(place: Faulty, job_id: JobId) -> bool:
    async with Redis.from_url(place.service.store.url) as queue:
        return not await queue.zcard(keys.QUEUE) and not await queue.keys(f"*{job_id}")
