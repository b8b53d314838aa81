"""What counts as a failure, what is tried again, and what fences whom."""

import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import orjson
import pytest
from blockbuster import BlockBuster

from tailrace.shared.errors import Fenced
from tailrace.shared.events import decode
from tailrace.shared.jobs import Holder, JobId
from tailrace.worker.attempt.attempt import Stop
from tailrace.worker.catalogue.registry import Registry
from tests.support.leased import Site, faulty_graphs, site, working
from tests.support.openai_server import OpenAIServer, Refuses, Says, openai_server
from tests.support.wait import wait_until

PAUSE_S = 1
RATE_LIMITED = Refuses(429, "rate_limit_exceeded", "Rate limit reached.")
RATE_LIMITED_FOR_LONG = replace(RATE_LIMITED, headers={"Retry-After": str(PAUSE_S)})


@pytest.fixture
def graphs(blocking_is_an_error: BlockBuster) -> Registry:
    blocking_is_an_error.deactivate()  # graphs are other people's code
    return faulty_graphs()


@pytest.fixture
async def place(store_url: str) -> AsyncIterator[Site]:
    async with site(store_url) as place:
        yield place


def lines(path: Path) -> list[str]:
    return path.read_text().split() if path.exists() else []


async def claimed_anew(place: Site, job_id: JobId) -> bool:
    """Let the lease run out again and again, until a claim comes before a renewal."""
    if (await place.jobs.get(job_id)).attempt > 1:
        return True
    await place.expire_lease(job_id)
    return False


async def test_an_attempt_that_the_log_has_seen_goes_on_above_it(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    job_id = await place.created("gated", {"gate": str(tmp_path)})
    await place.jobs.open_attempt(Holder(job_id, 5, "of another life of the queue"))
    await place.queue.enqueue(job_id)

    async with working(place, graphs):
        job = await place.ended(job_id)
    assert (job.status, job.attempt, job.failures) == ("succeeded", 6, 1)


async def test_invariant_05_a_zombie_adds_nothing_once_its_successor_has_opened(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    job_id = await place.post("gated", {"gate": str(gate)})
    async with working(place, graphs) as hand:
        await place.has_said(job_id, "at the gate")
        await place.jobs.open_attempt(Holder(job_id, 2, "successor"))
        before = await place.events(job_id)
        gate.touch()
        await wait_until(lambda: not hand.worker.tasks, "the zombie to give up")
        assert await place.events(job_id) == before
    assert await place.queue.missing([job_id]) == []


async def test_a_queue_that_is_behind_the_log_gives_a_resumed_job_out_above_it(
    place: Site, graphs: Registry
) -> None:
    job_id = await place.post("approval")
    async with working(place, graphs):
        job = await place.reaches(job_id, "waiting")
        await place.jobs.resume(job, {job.pause.interrupts[0].id: "yes"})
        await place.queue.enqueue(job_id)
        job = await place.ended(job_id)
    assert (job.status, job.attempt, job.failures) == ("succeeded", 2, 0)


async def test_a_zombie_that_opens_late_never_fences_its_successor(place: Site) -> None:
    job_id = await place.post("gated")
    [zombie] = await place.queue.claim("zombie", 1)
    await place.expire_lease(job_id)
    [heir] = await place.queue.claim("heir", 1)
    holder = Holder(job_id, heir.attempt, "heir")
    await place.jobs.open_attempt(holder)

    with pytest.raises(Fenced):
        await place.jobs.open_attempt(Holder(job_id, zombie.attempt, "zombie"))
    await place.queue.release("zombie", zombie, above=heir.attempt)
    assert await place.queue.renew("heir", [heir]) == ["held"]
    assert (await place.jobs.get(job_id)).attempt == heir.attempt


async def test_a_lost_worker_counts_as_a_failure_and_the_next_attempt_says_so(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    job_id = await place.post("gated", {"gate": str(gate)})
    async with working(place, graphs) as lost:
        await place.has_said(job_id, "at the gate")
        await lost.vanish()
        gate.touch()
        async with working(place, graphs):
            job = await place.ended(job_id)

    assert (job.status, job.failures, job.attempt) == ("succeeded", 1, 2)
    assert ("running", "worker_lost") in await place.statuses(job_id)


async def test_an_attempt_goes_on_behind_the_nodes_that_are_done(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    gate, notes = tmp_path / "gate", tmp_path / "notes"
    job_id = await place.post("staged", {"gate": str(gate), "notes": str(notes)})
    async with working(place, graphs) as lost:
        await place.has_said(job_id, "at the gate")
        await lost.vanish()
        gate.touch()
        async with working(place, graphs):
            job = await place.ended(job_id)

    assert job.status == "succeeded"
    assert lines(notes) == ["first", "gate", "gate", "last"]
    [again] = [e for e in await place.events(job_id) if b"worker_lost" in e.data]
    assert orjson.loads(again.data)["resumed"] is True


async def test_a_job_whose_workers_are_lost_too_often_ends_as_worker_lost(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    job_id = await place.post("gated", {"gate": str(tmp_path / "never")}, max_attempts=2)
    for attempt in (1, 2):
        async with working(place, graphs) as lost:
            await place.has_said(job_id, f'"attempt":{attempt}')
            await lost.vanish()
        await place.expire_lease(job_id)
    async with working(place, graphs):
        job = await place.ended(job_id)
        await place.queue_is_empty()

    assert (job.status, job.failures) == ("failed", 2)
    assert job.error is not None
    assert (job.error.type, job.error.retryable) == ("worker-lost", False)


async def test_a_worker_that_claims_its_own_expired_job_keeps_its_new_lease(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    job_id = await place.post("gated", {"gate": str(gate)})
    async with working(place, graphs, renewal_s=0.6, lease_s=0.7):
        await place.has_said(job_id, "at the gate")
        await wait_until(lambda: claimed_anew(place, job_id), "the worker to claim its own job")
        await place.has_said(job_id, "worker_lost")
        since = time.monotonic()

        # Two leases later it still has to be the same attempt's.
        while time.monotonic() - since < 1.5:
            assert (await place.jobs.get(job_id)).attempt == 2
        gate.touch()
        job = await place.ended(job_id)
    assert (job.status, job.failures, job.attempt) == ("succeeded", 1, 2)


async def test_a_shutdown_counts_as_no_failure(place: Site) -> None:
    job_id = await place.post("gated", max_attempts=1)
    for _ in range(4):
        [claim] = await place.queue.claim("worker", 1)
        holder = Holder(job_id, claim.attempt, f"token {claim.attempt}")
        await place.jobs.open_attempt(holder)
        await place.jobs.requeue(holder, "shutdown", failures=0)
        await place.queue.release("worker", claim)

    job = await place.jobs.get(job_id)
    assert (job.status, job.failures, job.attempt) == ("queued", 0, 4)


async def test_an_error_that_may_pass_is_tried_again(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    job_id = await place.post("flaky", {"notes": str(notes), "fails": 2})
    async with working(place, graphs):
        job = await place.ended(job_id)

    assert (job.status, job.failures, job.attempt) == ("succeeded", 2, 3)
    assert len(lines(notes)) == 3
    assert await place.statuses(job_id) == [
        ("queued", None),
        ("running", None),
        ("queued", "retry"),
        ("running", "retry"),
        ("queued", "retry"),
        ("running", "retry"),
        ("succeeded", None),
    ]


@pytest.mark.parametrize("most", [1, 2, 4])
async def test_max_attempts_caps_the_failures(
    place: Site, graphs: Registry, tmp_path: Path, most: int
) -> None:
    notes = tmp_path / "notes"
    job_id = await place.post("flaky", {"notes": str(notes), "fails": 9}, max_attempts=most)
    async with working(place, graphs):
        job = await place.ended(job_id)

    assert job.status == "failed"
    assert len(lines(notes)) == most


async def test_an_error_that_will_not_pass_is_not_tried_again(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    job_id = await place.post("hopeless", {"notes": str(notes)})
    async with working(place, graphs):
        job = await place.ended(job_id)

    assert (job.status, job.attempt) == ("failed", 1)
    assert lines(notes) == ["run"]


async def test_a_graph_that_nobody_serves_ends_its_job(place: Site, graphs: Registry) -> None:
    job_id = await place.post("unheard-of")
    async with working(place, graphs):
        job = await place.ended(job_id)

    assert job.error is not None
    assert (job.status, job.error.type) == ("failed", "unknown-graph")


async def test_the_pause_before_a_retry_grows_and_is_kept(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    """With full jitter no single pause is sure, but none is above its bound."""
    job_id = await place.post("flaky", {"notes": str(tmp_path / "notes"), "fails": 1})
    async with working(place, graphs, backoff_s=30.0):
        await place.has_said(job_id, "retry")
        delayed = await place.queue.missing([job_id])
    assert delayed == []


@pytest.fixture
async def provider(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[OpenAIServer]:
    # The client tries each call three times by itself; the last refusal is the job's.
    turns = (RATE_LIMITED, RATE_LIMITED, RATE_LIMITED_FOR_LONG, Says("Patience pays."))
    async with openai_server(*turns) as provider:
        for name, value in provider.environment().items():
            monkeypatch.setenv(name, value)
        yield provider


async def test_a_providers_retry_after_is_honoured(
    place: Site, graphs: Registry, provider: OpenAIServer
) -> None:
    job_id = await place.post("calls")
    async with working(place, graphs):
        await place.has_said(job_id, '"retry"')
        since = time.monotonic()
        job = await place.ended(job_id)

    assert time.monotonic() - since >= PAUSE_S * 0.9
    assert (job.status, job.failures) == ("succeeded", 1)
    assert len(provider.requests) == 4


async def test_an_attempt_that_takes_too_long_ends_its_job(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    job_id = await place.post("gated", {"gate": str(tmp_path / "never")}, timeout_s=0.2)
    async with working(place, graphs):
        job = await place.ended(job_id)

    assert job.error is not None
    assert (job.status, job.error.type) == ("failed", "timeout")


async def test_a_node_in_a_thread_ends_in_time_as_far_as_its_job_goes(
    place: Site, graphs: Registry
) -> None:
    job_id = await place.post("threaded", {"for_s": 3.0}, timeout_s=0.2)
    since = time.monotonic()
    async with working(place, graphs):
        job = await place.ended(job_id)

    assert job.status == "failed"
    assert time.monotonic() - since < 2


async def test_an_obstinate_node_is_ended_over_its_head(place: Site, graphs: Registry) -> None:
    job_id = await place.post("obstinate", {"for_s": 7.5}, timeout_s=0.2)
    async with working(place, graphs):
        job = await place.ended(job_id)
        assert job.error is not None
        assert (job.status, job.error.type) == ("failed", "timeout")
        await place.queue_is_empty()


async def test_a_node_that_is_stopped_on_its_way_to_the_next_is_not_taken_for_done(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    gate, notes = tmp_path / "gate", tmp_path / "notes"
    job_id = await place.post("routed", {"gate": str(gate), "notes": str(notes)})
    async with working(place, graphs) as hand:
        await wait_until(lambda: lines(notes), "the node to be done")
        hand.worker.stop(job_id, Stop.SHUTDOWN)
        await place.has_said(job_id, '"shutdown"')
        gate.touch()
        job = await place.ended(job_id)
    assert (job.status, decode(job.result or b"")["text"]) == ("succeeded", "out and there")


async def test_a_node_that_fails_on_its_way_to_the_next_is_not_taken_for_done(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    (gate := tmp_path / "gate").touch()
    plan = {"gate": str(gate), "notes": str(tmp_path / "notes"), "fails": 1}
    job_id = await place.post("routed", plan)
    async with working(place, graphs):
        job = await place.ended(job_id)
    assert (job.status, decode(job.result or b"")["text"]) == ("succeeded", "out and there")


@pytest.mark.parametrize("times", [1, 2])
async def test_what_a_run_finds_of_a_closed_log_is_only_cleaned_up(
    place: Site, graphs: Registry, times: int
) -> None:
    job_id = await place.created("hopeless")
    await place.jobs.cancel(job_id)
    for _ in range(times):
        await place.queue.enqueue(job_id)
    before = await place.events(job_id)
    async with working(place, graphs):
        await place.queue_is_empty()

    assert await place.events(job_id) == before
