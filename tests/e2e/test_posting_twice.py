"""One key, one job and one run, with real replicas, a killed one among them."""

import asyncio
import random
import signal
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from redis.asyncio import Redis

from tailrace import Tailrace
from tests.support.cutting_proxy import Cut, cutting
from tests.support.event_stream import EventStreamReader
from tests.support.processes import Service
from tests.support.replicas import Replicas, replicated
from tests.support.wait import wait_until
from tests.support.wire import asking

pytestmark = pytest.mark.timeout(180)

AT_ONCE = 100
KEYS = 100
JSON, STREAM = "Content-Type: application/json", "Accept: text/event-stream"


@pytest.fixture
async def replicas(tmp_path: Path) -> AsyncGenerator[Replicas]:
    async with replicated(tmp_path) as replicas:
        yield replicas


async def jobs(replicas: Replicas) -> int:
    """How many there are."""
    async with Redis.from_url(replicas.service.store.url) as redis:
        return len(await cast("Any", redis).keys("tailrace:*:job:*"))


async def posted(client: httpx.AsyncClient, url: str, key: str) -> httpx.Response:
    body = {"graph": "counter", "input": {"count": 3, "tag": key}}
    return await client.post(f"{url}/jobs", json=body, headers={"Idempotency-Key": key})


async def test_invariant_11_a_hundred_posts_at_once_at_two_replicas_run_one_job(
    replicas: Replicas,
) -> None:
    limits = httpx.Limits(max_connections=AT_ONCE)
    async with httpx.AsyncClient(timeout=30, limits=limits) as client:
        told = await asyncio.gather(
            *(posted(client, replicas.urls[n % 2], "order-42") for n in range(AT_ONCE))
        )
    assert sorted(answer.status_code for answer in told) == [200] * (AT_ONCE - 1) + [202]
    [job_id] = {str(answer.json()["id"]) for answer in told}
    async with Tailrace(replicas.urls[1]) as follower:
        events = [event async for event in follower.events(job_id)]
    runs = [e for e in events if e.name == "status" and e.fields["status"] == "running"]
    assert (len(runs), events[-1].name) == (1, "end")
    assert await jobs(replicas) == 1


async def test_invariant_11_a_replica_killed_in_the_middle_of_posts_leaves_one_job_a_key(
    replicas: Replicas,
) -> None:
    """Every caller posts again, elsewhere, until somebody has answered."""
    asked = answered = 0

    async def until_stored(client: httpx.AsyncClient, key: str) -> str:
        nonlocal asked, answered
        url = replicas.urls[0]
        while True:
            asked += 1
            try:
                answer = await posted(client, url, key)
            except httpx.TransportError:
                url = replicas.urls[1]
                continue
            assert answer.status_code in (200, 202), answer.text
            answered += 1
            if answered == 1:
                replicas.service.api.send(signal.SIGKILL)
            return str(answer.json()["id"])

    async with httpx.AsyncClient(timeout=30) as client, asyncio.TaskGroup() as tasks:
        posts = [tasks.create_task(until_stored(client, f"order-{n}")) for n in range(KEYS)]
    assert asked >= KEYS + 10, "too few posts were broken off"
    assert len({task.result() for task in posts}) == KEYS
    assert await jobs(replicas) == KEYS
    async with Tailrace(replicas.urls[1]) as follower:
        for task in posts:
            last = [event async for event in follower.events(task.result())][-1]
            assert (last.name, last.fields["status"]) == ("end", "succeeded")


@pytest.mark.parametrize("seed", [1, 2, 3])
async def test_invariant_02_a_stream_posted_again_after_every_cut_is_the_whole_log(
    service: Service, seed: int
) -> None:
    dice = random.Random(seed)
    cuts = [Cut(dice.randint(300, 12_000), dice.choice(["fin", "rst"])) for _ in range(12)]
    headers = (JSON, STREAM, f"Idempotency-Key: cut-{seed}-{service.api.pid}")
    body = b'{"graph":"counter","input":{"count":150,"interval_s":0.004,"pad_bytes":200}}'
    heard, jobs = EventStreamReader(), set[str]()
    upstream = httpx.URL(service.url).port or 80
    async with cutting(upstream, lambda n: cuts[n] if n < len(cuts) else None) as line:
        while not heard.ended:
            last = heard.last_event_id
            heard.connect()
            more = (f"Last-Event-ID: {last}",) if last else ()
            try:
                async with asking(line.port, "POST", "/jobs", *headers, *more, body=body) as stream:
                    jobs.add(stream.head.one("location"))
                    heard.feed(await stream.rest())
            except (ConnectionError, asyncio.IncompleteReadError):
                continue
    assert line.cuts >= 3
    [path] = jobs
    async with asking(upstream, "GET", f"{path}/events") as whole:
        assert heard.as_frames() == await whole.rest()


async def test_a_replica_that_is_told_to_stop_lets_nobody_wait_in_vain(
    replicas: Replicas,
) -> None:
    """A wait ends with the process: the job goes on elsewhere, so its caller gets the 202."""
    body = {"graph": "counter", "input": {"count": 6000, "interval_s": 0.01}}
    async with httpx.AsyncClient(timeout=30) as client, asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(
            client.post(f"{replicas.urls[1]}/jobs", json=body, headers={"Prefer": "wait=60"})
        )
        await wait_until(lambda: jobs(replicas), "the job to be there")
        await replicas.second.stop()
    answer = waiting.result()
    assert answer.status_code == httpx.codes.ACCEPTED
    assert cast("str", answer.json()["status"]) in ("queued", "running")
