"""A cancel ends its job: at once where nobody runs it, else soon, and once in any case."""

import asyncio
import statistics
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from blockbuster import BlockBuster

from tailrace.shared.errors import LogClosed
from tailrace.shared.jobs import Holder
from tailrace.shared.process.tasks import cancel_and_wait
from tailrace.shared.redis import keys
from tailrace.shared.sweep import CANCEL_OVERDUE_S
from tailrace.worker.catalogue.registry import Registry
from tests.support.jobs import custom
from tests.support.leased import Site, faulty_graphs, site, working
from tests.support.wait import wait_until

MEDIAN_S = 0.1
RUNS = 9


@pytest.fixture
def graphs(blocking_is_an_error: BlockBuster) -> Registry:
    blocking_is_an_error.deactivate()  # graphs are other people's code
    return faulty_graphs()


@pytest.fixture
async def place(store_url: str) -> AsyncIterator[Site]:
    async with site(store_url) as place:
        yield place


async def test_a_queued_job_is_closed_at_once_and_never_runs(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    job_id = await place.post("gated", {"gate": str(tmp_path), "notes": str(notes)})
    await place.cancel(job_id)
    assert (await place.ended(job_id, timeout_s=0.1)).status == "cancelled"

    await place.queue.enqueue(job_id)
    async with working(place, graphs):
        await place.queue_is_empty()
    assert not notes.exists()
    assert await place.statuses(job_id) == [("queued", None), ("cancelled", None)]


async def test_running_jobs_end_within_a_tenth_of_a_second(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    took: list[float] = []
    async with working(place, graphs):
        for _ in range(RUNS):
            job_id = await place.post("gated", {"gate": str(tmp_path / "never")})
            await place.has_said(job_id, "at the gate")
            since = time.monotonic()
            await place.cancel(job_id)
            assert (await place.ended(job_id)).status == "cancelled"
            took.append(time.monotonic() - since)
        await place.queue_is_empty()

    assert statistics.median(took) < MEDIAN_S


async def test_a_node_blocked_in_a_thread_does_not_hold_up_the_end(
    place: Site, graphs: Registry
) -> None:
    async with working(place, graphs):
        job_id = await place.post("threaded", {"for_s": 3.0})
        await place.has_said(job_id, "in a thread")
        await place.cancel(job_id)
        assert (await place.ended(job_id, timeout_s=2)).status == "cancelled"


async def test_a_cancel_reaches_a_worker_that_has_no_free_slot(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    async with working(place, graphs, slots=1):
        job_id = await place.post("gated", {"gate": str(tmp_path / "never")})
        await place.has_said(job_id, "at the gate")
        await place.cancel(job_id)
        assert (await place.ended(job_id, timeout_s=2)).status == "cancelled"


async def test_a_cancel_whose_message_was_lost_is_found_by_the_renewal(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    async with working(place, graphs):
        job_id = await place.post("gated", {"gate": str(tmp_path / "never")})
        await place.has_said(job_id, "at the gate")
        await place.jobs.cancel(job_id)
        await place.redis.zadd(keys.CANCELLED, {keys.arq_id(job_id): time.time() * 1000})
        assert (await place.ended(job_id, timeout_s=2)).status == "cancelled"


async def test_an_obstinate_node_does_not_hold_up_the_end_nor_add_to_it(
    place: Site, graphs: Registry
) -> None:
    async with working(place, graphs):
        job_id = await place.post("obstinate", {"for_s": 1.0})
        await place.has_said(job_id, "obeying nobody")
        await place.cancel(job_id)
        assert (await place.ended(job_id, timeout_s=5)).status == "cancelled"
        await place.queue_is_empty()


async def test_a_job_whose_holder_does_not_answer_is_ended_by_the_sweep(place: Site) -> None:
    job_id = await place.post("gated")
    [claim] = await place.queue.claim("frozen", 1)
    holder = Holder(job_id, claim.attempt, "frozen")
    await place.jobs.open_attempt(holder)
    since = time.monotonic()
    await place.cancel(job_id)
    sweeping = asyncio.ensure_future(place.sweep().run())
    assert (await place.ended(job_id)).status == "cancelled"
    await cancel_and_wait(sweeping)

    assert CANCEL_OVERDUE_S <= time.monotonic() - since < 5
    with pytest.raises(LogClosed):
        await place.log.append(holder, 3, [custom("late")])


async def test_invariant_08_nothing_follows_the_end_of_a_cancelled_job(
    place: Site, graphs: Registry
) -> None:
    async with working(place, graphs) as hand:
        job_id = await place.post("floods", {"events": 1_000_000, "bytes": 10})
        await place.has_said(job_id, "xxxxxxxxxx")
        since = time.monotonic()
        await place.cancel(job_id)
        job = await place.ended(job_id)
        assert (job.status, time.monotonic() - since < 5) == ("cancelled", True)
        await wait_until(lambda: not hand.worker.tasks, "the worker to be idle")
        assert len(await place.events(job_id)) == job.seq


async def test_cancelling_again_and_again_gives_one_end(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    async with working(place, graphs):
        job_id = await place.post("gated", {"gate": str(tmp_path / "never")})
        await place.has_said(job_id, "at the gate")
        await asyncio.gather(*(place.cancel(job_id) for _ in range(10)))
        assert (await place.ended(job_id)).status == "cancelled"
        await place.cancel(job_id)
        await place.ended(job_id)


async def test_cancelling_an_ended_job_changes_nothing(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    async with working(place, graphs):
        job_id = await place.post("gated", {"gate": str(tmp_path)})
        await place.ended(job_id)
        before = await place.events(job_id)
        await place.cancel(job_id)

    assert (await place.jobs.get(job_id)).status == "succeeded"
    assert await place.events(job_id) == before


async def test_a_cancelled_job_whose_worker_is_gone_is_never_run_again(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    job_id = await place.post("gated", {"gate": str(tmp_path / "never"), "notes": str(notes)})
    async with working(place, graphs) as lost:
        await place.has_said(job_id, "at the gate")
        await lost.vanish()
        await place.jobs.cancel(job_id)
        await place.expire_lease(job_id)
        async with working(place, graphs):
            assert (await place.ended(job_id)).status == "cancelled"
    assert notes.read_text().split() == ["gate"]


async def test_a_job_cancelled_while_it_waits_for_its_retry_does_not_run_again(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    async with working(place, graphs, backoff_s=60.0):
        job_id = await place.post("flaky", {"notes": str(notes), "fails": 1})
        await place.has_said(job_id, '"retry"')
        await place.cancel(job_id)
        assert (await place.ended(job_id, timeout_s=2)).status == "cancelled"
        await place.queue_is_empty()
    assert notes.read_text().split() == ["run"]


async def test_of_many_cancelled_jobs_every_one_ends(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    async with working(place, graphs, slots=3), working(place, graphs, slots=3):
        gate = str(tmp_path / "never")
        ids = [await place.post("gated", {"gate": gate}) for _ in range(12)]
        await place.has_said(ids[0], "at the gate")
        await asyncio.gather(*map(place.cancel, ids))
        assert {(await place.ended(job_id)).status for job_id in ids} == {"cancelled"}
        await place.queue_is_empty()
