"""The store restarts, freezes, is full or read-only, or forgets: nobody exits, all recover."""

import asyncio
import shutil
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tailrace.deploy.local.store import EmbeddedStore
from tailrace.shared.jobs import JobId
from tests.support.faults import Faulty, faulty, frozen
from tests.support.wait import wait_until

pytestmark = pytest.mark.timeout(90)


@asynccontextmanager
async def restarted(place: Faulty) -> AsyncGenerator[None]:
    place.service.store.kill()
    place.service.store.start()
    yield


@asynccontextmanager
async def frozen_store(place: Faulty) -> AsyncGenerator[None]:
    with frozen(place.service.store):
        yield


@asynccontextmanager
async def full(place: Faulty) -> AsyncGenerator[None]:
    redis: Any = place.redis
    await redis.config_set("maxmemory", 1)
    yield
    await redis.config_set("maxmemory", 0)


@asynccontextmanager
async def read_only(place: Faulty) -> AsyncGenerator[None]:
    redis: Any = place.redis
    # A primary that is not there: the store keeps its data and takes no write.
    await redis.config_set("replica-serve-stale-data", "yes")
    await redis.replicaof("127.0.0.1", "1")
    yield
    await redis.replicaof("NO", "ONE")


async def nobody_exited(place: Faulty) -> None:
    codes = {process.name: process.exit_code for process in place.service.processes}
    assert set(codes.values()) == {None}, codes


async def test_invariant_14_no_202_while_the_store_takes_no_write_and_all_recover(
    tmp_path: Path,
) -> None:
    gate = tmp_path / "gate"
    async with faulty(tmp_path, workers=2) as place:
        running = await place.post("gated", {"gate": str(gate)}, max_attempts=10)
        await place.has_said(running, "at the gate")
        for trouble in (full, read_only, frozen_store):
            async with trouble(place):
                refused = await place.try_post("gated", {"gate": str(gate)})
                assert (refused.status_code, trouble) == (503, trouble)
                assert int(refused.headers["Retry-After"]) > 0
            await nobody_exited(place)
            await wait_until(lambda: accepted(place, gate), "POST to be accepted again", 15)
        async with restarted(place):
            pass
        late = await wait_until(lambda: accepted(place, gate), "POST after the restart", 15)
        gate.touch()

        assert (await place.ended(running))["status"] == "succeeded"
        assert late is not None
        assert (await place.ended(late))["status"] == "succeeded"
        await nobody_exited(place)


async def accepted(place: Faulty, gate: Path) -> JobId | None:
    answer = await place.try_post("gated", {"gate": str(gate)})
    return JobId(answer.json()["id"]) if answer.status_code == 202 else None


def written_by_workers(place: Faulty) -> set[str]:
    return {line for worker in place.service.workers for line in worker.output().splitlines()}


@pytest.mark.parametrize("trouble", [full, read_only])
async def test_short_trouble_fails_no_job(tmp_path: Path, trouble: Any) -> None:
    """As long as a lease: the workers live, and take back what ran out meanwhile."""
    gate = tmp_path / "gate"
    async with faulty(tmp_path, workers=2, TAILRACE_LEASE_S="1") as place:
        ids = [await place.post("gated", {"gate": str(gate)}, max_attempts=1) for _ in range(3)]
        for job_id in ids:
            await place.has_said(job_id, "at the gate")
        before = written_by_workers(place)
        async with trouble(place):
            # One that has no job may say nothing for as long as it waits for one.
            await wait_until(
                lambda: len(written_by_workers(place) - before) >= 2, "the workers to notice", 10
            )
        gate.touch()
        ends = [await place.ended(job_id) for job_id in ids]
    assert [end["status"] for end in ends] == ["succeeded"] * 3


async def test_a_listener_is_cut_while_the_store_is_away_and_finds_everything_afterwards(
    tmp_path: Path,
) -> None:
    gate = tmp_path / "gate"
    async with faulty(tmp_path) as place:
        job_id = await place.post("gated", {"gate": str(gate)}, max_attempts=10)
        await place.has_said(job_id, "at the gate")
        with frozen(place.service.store):
            body = b""
            async with place.client.stream("GET", f"/jobs/{job_id}/events") as answer:
                assert answer.status_code == 200
                with pytest.raises(httpx.RemoteProtocolError):  # noqa: PT012 - what came counts too
                    async for part in answer.aiter_bytes():
                        body += part
            assert b"retry: " in body
        gate.touch()
        end = await place.ended(job_id)
        whole = await place.client.get(f"/jobs/{job_id}/events", params={"after": "0"})
        assert end["status"] == "succeeded"
        assert whole.content.count(b"\nid: ") == len(await place.events(job_id))


async def test_invariant_13_a_store_that_went_back_in_time_is_noticed_by_its_writer(
    tmp_path: Path,
) -> None:
    gate = tmp_path / "gate"
    async with faulty(tmp_path, TAILRACE_LEASE_S="20") as place:
        store, old = place.service.store, tmp_path / "old"
        job_id = await place.post("floods", {"events": 10**9, "bytes": 1}, timeout_s=600)
        await place.has_said(job_id, '"data":"x"')
        copy_of_store(store, tmp_path / "store", old)
        early = len(await place.events(job_id))

        async def well_on() -> bool:
            return len(await place.events(job_id)) > early + 50

        await wait_until(well_on, "events that the copy does not have")
        before = await place.events(job_id)
        await asyncio.to_thread(store.kill)
        put_back(old, tmp_path / "store")
        store.start()

        await place.has_said(job_id, "store_lost")
        await place.client.post(f"/jobs/{job_id}/cancel")
        await wait_until(lambda: place.is_final(job_id), "the end", 15)
        after = {event.seq: event for event in await place.events(job_id)}
        reused = [e.seq for e in before if e.seq in after and after[e.seq].data != e.data]
        assert reused == []
        missing = set(range(1, max(after) + 1)) - after.keys()
        assert missing

        body = (await place.client.get(f"/jobs/{job_id}/events")).content
        assert b"event: gap\n" in body
        assert b'"from":%d' % min(missing) in body
        assert not gate.exists()


def copy_of_store(store: EmbeddedStore, folder: Path, to: Path) -> None:
    """What a snapshot of the machine would hold, taken while the store stands still."""
    with frozen(store):
        shutil.copytree(folder / "appendonlydir", to)


def put_back(old: Path, folder: Path) -> None:
    shutil.rmtree(folder / "appendonlydir")
    old.rename(folder / "appendonlydir")
