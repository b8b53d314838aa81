"""The lease thread by itself, on a real store: what it may end, and what must not hold it up."""

import secrets
import time
from collections.abc import AsyncIterator

import pytest

from tailrace.shared.jobs import Holder
from tailrace.shared.queue_store.queue.job_queue import Claim
from tailrace.worker.attempt.attempt import Attempt
from tailrace.worker.leases.watchdog import OVERTIME_S
from tests.support.leased import Site, keeper_of, renewing, site
from tests.support.proxy import store_proxy
from tests.support.wait import wait_until

RENEWALS = 5


@pytest.fixture
async def place(store_url: str) -> AsyncIterator[Site]:
    async with site(store_url) as place:
        yield place


async def overdue(place: Site, worker: str) -> Attempt:
    """An attempt that should have ended by itself a while ago."""
    job_id = await place.post("any")
    [claim] = await place.queue.claim(worker, 1)
    attempt = Attempt(claim, secrets.token_hex(4))
    await place.jobs.open_attempt(Holder(job_id, claim.attempt, attempt.token))
    attempt.deadline = time.monotonic() - 2 * OVERTIME_S
    return attempt


async def taken_over(place: Site, attempt: Attempt) -> Claim:
    """Another worker has the job by now, in the queue and in the log."""
    await place.expire_lease(attempt.claim.job_id)
    [claim] = await place.queue.claim("heir", 1)
    await place.jobs.open_attempt(Holder(claim.job_id, claim.attempt, "heir"))
    return claim


async def test_a_watchdog_takes_no_job_from_the_worker_that_has_it_by_now(
    place: Site, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO")
    keeper = keeper_of(place)
    attempt = await overdue(place, keeper.worker_id)
    heir = await taken_over(place, attempt)
    async with renewing(keeper):
        keeper.hold(attempt)
        await wait_until(
            lambda: "job already ended or taken over" in caplog.messages, "the watchdog to look"
        )

    assert await place.queue.renew("heir", [heir]) == ["held"]
    assert (await place.jobs.get(heir.job_id)).status == "running"


async def test_a_log_store_that_does_not_answer_holds_up_no_renewal(
    place: Site, store_url: str
) -> None:
    async with store_proxy(store_url) as log_link, store_proxy(store_url) as queue_link:
        urls = {"redis_url": queue_link.url, "log_redis_url": log_link.url}
        keeper = keeper_of(place, **urls)
        attempt = await overdue(place, keeper.worker_id)
        log_link.hold_replies()
        async with renewing(keeper):
            keeper.hold(attempt)
            await wait_until(lambda: queue_link.script_calls > RENEWALS, "renewals", timeout_s=3)
            log_link.release_replies()
            await place.ended(attempt.claim.job_id)
