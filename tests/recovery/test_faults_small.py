"""A little of `make test-faults` in every run: each kind of fault once or twice, all counted."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tailrace.shared.jobs import JobId
from tests.faults.audit import attempts
from tests.faults.cluster import Cluster, running_cluster
from tests.faults.plan import Pass
from tests.faults.run import run_pass
from tests.support.wait import wait_until

SMALL = Pass(
    name="small",
    seed=7,
    counts={
        "worker kill": 1,
        "api kill": 1,
        "store restart": 1,
        "zombie": 1,
        "sigterm": 1,
        "partition": 1,
    },
    jobs=8,
    span_s=6.0,
    lease_s=2.0,
    env={
        "TAILRACE_LEASE_S": "2",
        "TAILRACE_RENEWAL_S": "0.4",
        "TAILRACE_GRACE_S": "1",
        "TAILRACE_HEARTBEAT_S": "1",
    },
    workers=3,
    listeners=3,
    longest=60,
)
NODE_S = 0.15
"""A node of the counting graph below: five events."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A short path: sockets lie in it."""
    with TemporaryDirectory(prefix="tailrace-") as path:
        yield Path(path)


@pytest.mark.timeout(120)
async def test_invariant_01_every_accepted_job_gets_one_end_under_faults(
    folder: Path,
) -> None:
    outcome = await run_pass(SMALL, folder)
    # How soon a job runs again is for `make test-faults`, which has the machine for itself.
    assert not outcome.broken, "\n".join([*outcome.broken, *outcome.table])


@pytest.mark.timeout(120)
async def test_an_attempt_goes_on_behind_nothing_that_its_predecessor_did_not_log(
    folder: Path,
) -> None:
    plan = replace(SMALL, name="order", workers=1, apis=1)
    async with running_cluster(folder, plan) as cluster:
        worker, api = cluster.nodes
        value = {"count": 60, "interval_s": 0.03, "nodes": 12}
        posted = await cluster.client.post(
            f"{api.url}/jobs", json={"graph": "counter", "input": value}
        )
        job_id = JobId(posted.json()["id"])

        async def counted() -> list[int]:
            return [i for _, found in attempts(await cluster.view.log(job_id)) for i in found]

        await wait_until(counted, "the first event", 10)
        # What it sends still arrives, but no answer comes back: its log waits, its graph does not.
        worker.link.partition("down")
        await asyncio.sleep(5 * NODE_S)
        await worker.process.kill()
        worker.link.heal()
        await cluster.start(worker)
        await wait_until(lambda: _has_ended(cluster, job_id), "the end", 20)
        found = await counted()
    assert set(found) == set(range(1, 61))


async def _has_ended(cluster: Cluster, job_id: JobId) -> bool:
    return (await cluster.view.log(job_id))[-1].name == "end"
