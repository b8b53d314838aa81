"""A node that blocks its worker's loop keeps its lease, is named, and past the limit is ended."""

import signal
from pathlib import Path

import pytest

from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.settings import SharedSettings
from tailrace.worker.leases.watchdog import EXIT_BLOCKED
from tests.support.faults import LEASE_S, faulty
from tests.support.wait import wait_until

pytestmark = pytest.mark.timeout(60)


async def test_a_node_that_blocks_for_longer_than_a_lease_keeps_it_and_is_reported(
    tmp_path: Path,
) -> None:
    async with faulty(tmp_path, workers=2) as place:
        job_id = await place.post("loop_blocking", {"for_s": 2 * LEASE_S})
        assert (await place.ended(job_id))["status"] == "succeeded"

        assert await place.reasons(job_id) == []
        written = [w.output() for w in place.service.workers]
        assert any("blocked" in output and job_id in output for output in written)


async def test_past_the_limit_the_culprit_ends_and_its_neighbours_go_on_elsewhere(
    tmp_path: Path,
) -> None:
    gate = tmp_path / "gate"
    async with faulty(tmp_path, workers=2, TAILRACE_BLOCKED_LIMIT_S="3") as place:
        one, two = place.service.workers
        two.send(signal.SIGSTOP)
        neighbour = await place.post("gated", {"gate": str(gate)}, max_attempts=1)
        await place.has_said(neighbour, "at the gate")
        culprit = await place.post("loop_blocking", {"for_s": 60.0})
        await place.has_said(culprit, "on the loop")
        end = await place.ended(culprit)
        assert (end["status"], end["error"]["type"]) == ("failed", "blocked")
        assert await one.exited() == EXIT_BLOCKED

        two.send(signal.SIGCONT)
        gate.touch()
        assert (await place.ended(neighbour))["status"] == "succeeded"
        jobs = JobStore(place.redis, SharedSettings())
        assert (await jobs.get(neighbour)).failures == 0
        assert await place.reasons(neighbour) == ["shutdown"]


async def test_a_job_past_its_time_that_blocks_the_loop_is_ended(tmp_path: Path) -> None:
    async with faulty(tmp_path) as place:
        [worker] = place.service.workers
        job_id = await place.post("loop_blocking", {"for_s": 60.0}, timeout_s=0.5)
        end = await place.ended(job_id)
        assert (end["status"], end["error"]["type"]) in (
            ("failed", "blocked"),
            ("failed", "timeout"),
        )
        assert await worker.exited() == EXIT_BLOCKED


async def test_a_worker_that_stood_still_as_a_whole_blames_no_job(tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    async with faulty(tmp_path, TAILRACE_BLOCKED_LIMIT_S="3", TAILRACE_LEASE_S="30") as place:
        [worker] = place.service.workers
        job_id = await place.post("gated", {"gate": str(gate)}, max_attempts=1)
        await place.has_said(job_id, "at the gate")
        worker.send(signal.SIGSTOP)
        other = await place.post("gated", {"gate": str(gate)})
        redis_time_s = (await place.redis.time())[0]

        async def time_has_passed() -> bool:
            return (await place.redis.time())[0] >= redis_time_s + 5

        await wait_until(time_has_passed, "longer than a loop may be blocked", 10)
        worker.send(signal.SIGCONT)
        await place.has_said(other, "at the gate")
        gate.touch()

        assert (await place.ended(job_id))["status"] == "succeeded"
        assert worker.exit_code is None
        assert await place.reasons(job_id) == []
