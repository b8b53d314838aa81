"""SIGTERM: no new jobs, what runs may end within the grace, the rest goes on elsewhere at once."""

import signal
import time
from pathlib import Path

import pytest

from tailrace.shared.jobs import JobId
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.settings import SharedSettings
from tests.support.faults import Faulty, faulty, frozen
from tests.support.processes import running
from tests.support.wait import wait_until

pytestmark = pytest.mark.timeout(60)

GONE_S = 6.0
"""A grace of nothing, three seconds for graphs to obey, and the time a busy machine takes."""


async def failures(place: Faulty, job_id: JobId) -> int:
    return (await JobStore(place.redis, SharedSettings()).get(job_id)).failures


async def test_invariant_09_a_job_handed_back_goes_on_elsewhere_within_a_second(
    tmp_path: Path,
) -> None:
    gate, notes = tmp_path / "gate", tmp_path / "notes"
    async with faulty(tmp_path, workers=2) as place:
        one, two = place.service.workers
        two.send(signal.SIGSTOP)
        ids = [
            await place.post("staged", {"gate": str(gate), "notes": str(notes)}, max_attempts=1)
            for _ in range(3)
        ]
        for job_id in ids:
            await place.has_said(job_id, "at the gate")
        two.send(signal.SIGCONT)
        since = time.monotonic()
        one.send(signal.SIGTERM)
        for job_id in ids:
            await place.has_said(job_id, '"status":"running","attempt":2')
        took = time.monotonic() - since
        gate.touch()

        assert {(await place.ended(job_id))["status"] for job_id in ids} == {"succeeded"}
        assert await one.exited(GONE_S) == 0
        assert took < 1
        assert [await failures(place, job_id) for job_id in ids] == [0, 0, 0]
        assert [await place.reasons(job_id) for job_id in ids] == [["shutdown"]] * 3
    # The first node was done: nobody ran it again.
    assert notes.read_text().split().count("first") == 3


async def test_within_the_grace_a_job_ends_where_it_runs_and_no_other_is_taken(
    tmp_path: Path,
) -> None:
    gate = tmp_path / "gate"
    async with faulty(tmp_path, TAILRACE_GRACE_S="15", TAILRACE_SLOTS="2") as place:
        [worker] = place.service.workers
        running_job = await place.post("gated", {"gate": str(gate)})
        await place.has_said(running_job, "at the gate")
        worker.send(signal.SIGTERM)
        await wait_until(lambda: "worker stopping" in worker.output(), "the worker to stop")
        late = await place.post("gated", {"gate": str(gate)})
        gate.touch()

        assert (await place.ended(running_job))["status"] == "succeeded"
        assert await worker.exited(GONE_S) == 0
        assert await place.reasons(running_job) == []
        assert len(await place.events(late)) == 1


@pytest.mark.parametrize(
    ("graph", "value", "words"),
    [
        ("obstinate", {"for_s": 60.0}, "obeying nobody"),
        ("threaded", {"for_s": 60.0}, "in a thread"),
    ],
)
async def test_a_graph_that_does_not_let_go_holds_up_nobody_and_fails_nothing(
    tmp_path: Path, graph: str, value: dict[str, float], words: str
) -> None:
    async with faulty(tmp_path) as place:
        [worker] = place.service.workers
        job_id = await place.post(graph, value, max_attempts=1)
        await place.has_said(job_id, words)
        worker.send(signal.SIGTERM)
        assert await worker.exited(GONE_S) == 0

        job = await place.job(job_id)
        assert (job["status"], await failures(place, job_id)) == ("queued", 0)
        async with running(worker):
            await place.has_said(job_id, '"attempt":2')
            assert await failures(place, job_id) == 0


async def test_a_worker_whose_store_is_away_still_goes(tmp_path: Path) -> None:
    async with faulty(tmp_path) as place:
        [worker] = place.service.workers
        job_id = await place.post("threaded", {"for_s": 60.0})
        await place.has_said(job_id, "in a thread")
        with frozen(place.service.store):
            worker.send(signal.SIGTERM)
            await worker.exited(15)
