"""What is lost with a worker is at most the node that it was running, and never the job."""

import asyncio
import re
import signal
from pathlib import Path

import pytest

from tailrace.shared.jobs import JobId
from tests.support.faults import LEASE_S, Faulty, faulty
from tests.support.openai_server import Says, openai_server
from tests.support.processes import Process, running
from tests.support.wait import wait_until

pytestmark = pytest.mark.timeout(60)


async def test_after_a_kill_an_article_does_not_pay_for_its_finished_parts_again(
    tmp_path: Path,
) -> None:
    held = asyncio.Event()
    turns = (Says("An idea."), Says("An outline. With two.", held), Says("Words."))
    async with (
        openai_server(*turns) as model,
        faulty(tmp_path, OPENAI_BASE_URL=model.base_url, MODEL="fake") as place,
    ):
        [worker] = place.service.workers
        job_id = await place.post("article", {"topic": "rivers"})
        await wait_until(lambda: len(model.requests) == 2, "the second node to call", 20)
        await place.has_said(job_id, "An idea.")
        await worker.kill()
        held.set()
        async with running(worker):
            end = await place.ended(job_id)

        assert end["status"] == "succeeded"
        assert end["result"]["idea"] == "An idea."
        assert await place.reasons(job_id) == ["worker_lost"]
    asked = [request.body["messages"][-1]["content"] for request in model.requests]
    assert [text.count("Brainstorm") for text in asked] == [1, 0, 0, 0]


async def test_invariant_15_a_job_that_kills_its_workers_ends_and_takes_nothing_else_down(
    tmp_path: Path,
) -> None:
    gate = tmp_path / "gate"
    async with faulty(tmp_path, workers=2, TAILRACE_LEASE_S="1") as place:
        neighbours = [
            await place.post("gated", {"gate": str(gate)}, max_attempts=10) for _ in range(4)
        ]
        for job_id in neighbours:
            await place.has_said(job_id, "at the gate")
        poison = await place.post("poison", {}, max_attempts=3)
        async with asyncio.TaskGroup() as tasks:
            keeping = [tasks.create_task(keep_up(worker)) for worker in place.service.workers]
            end = await place.ended(poison, 40)
            gate.touch()
            ends = [await place.ended(job_id, 40) for job_id in neighbours]
            for task in keeping:
                task.cancel()

        assert (end["status"], end["error"]["type"]) == ("failed", "worker-lost")
        assert len(await place.reasons(poison)) == 2
        assert [other["status"] for other in ends] == ["succeeded"] * 4


async def keep_up(worker: Process) -> None:
    """What a supervisor does."""
    while True:
        await wait_until(lambda: worker.exit_code is not None, "the worker to die", 60)
        worker.start()


async def test_a_frozen_worker_that_wakes_adds_nothing_to_its_successors_log(
    tmp_path: Path,
) -> None:
    gate = tmp_path / "gate"
    async with faulty(tmp_path, workers=2) as place:
        one, two = place.service.workers
        two.send(signal.SIGSTOP)
        job_id = await place.post("gated", {"gate": str(gate)})
        await place.has_said(job_id, "at the gate")
        one.send(signal.SIGSTOP)
        two.send(signal.SIGCONT)
        await place.has_said(job_id, "worker_lost", LEASE_S + 5)
        gate.touch()
        one.send(signal.SIGCONT)
        assert (await place.ended(job_id))["status"] == "succeeded"
        gives_up = re.compile("attempt lost|nothing to run")
        await wait_until(lambda: gives_up.search(one.output()), "the zombie to give up")

        assert len(await events_of_attempt_two(place, job_id)) >= 1
        assert [one.exit_code, two.exit_code] == [None, None]


async def events_of_attempt_two(place: Faulty, job_id: JobId) -> list[bytes]:
    events = await place.events(job_id)
    [at] = [n for n, event in enumerate(events) if b"worker_lost" in event.data]
    return [event.data for event in events[at + 1 :]]


async def test_invariant_08_a_job_on_a_frozen_worker_is_cancelled_within_five_seconds(
    tmp_path: Path,
) -> None:
    """There is no other worker: the API ends what nobody else can."""
    async with faulty(tmp_path, workers=1) as place:
        [worker] = place.service.workers
        job_id = await place.post("gated", {"gate": str(tmp_path / "never")})
        await place.has_said(job_id, "at the gate")
        worker.send(signal.SIGSTOP)
        await place.client.post(f"/jobs/{job_id}/cancel")
        assert (await place.ended(job_id, 5))["status"] == "cancelled"
        before = await place.events(job_id)
        worker.send(signal.SIGCONT)
        gives_up = re.compile("attempt lost|nothing to run")
        await wait_until(lambda: gives_up.search(worker.output()), "the zombie to give up", 10)
        assert await place.events(job_id) == before
