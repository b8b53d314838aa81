"""One key, one job and one run, with real replicas, a killed one among them."""

import asyncio
import random
import signal
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
from redis.asyncio import Redis

from tailrace import Tailrace
from tests.support.cutting_proxy import Cut, cutting
from tests.support.event_stream import EventStreamReader
from tests.support.processes import Process, Service, answers, free_port, running, running_service
from tests.support.wait import wait_until
from tests.support.wire import asking

pytestmark = pytest.mark.timeout(180)

AT_ONCE = 100
KEYS = 100
JSON, STREAM = "Content-Type: application/json", "Accept: text/event-stream"


@dataclass(frozen=True, slots=True)
class Replicas:
    """A service with a second API process over the same store."""

    service: Service
    second: Process
    second_url: str
    redis: Any

    @property
    def urls(self) -> tuple[str, str]:
        return self.service.url, self.second_url

    async def jobs(self) -> int:
        return len(await self.redis.keys("tailrace:*:job:*"))


@pytest.fixture
async def replicas(tmp_path: Path) -> AsyncGenerator[Replicas]:
    async with running_service(tmp_path) as service:
        port = free_port()
        env = {**service.api.env, "TAILRACE_PORT": str(port)}
        url = f"http://127.0.0.1:{port}"
        async with (
            running(Process("api-2", "tailrace.api", env, tmp_path)) as second,
            Redis.from_url(service.store.url) as redis,
        ):
            await answers(f"{url}/readyz", (second,))
            yield Replicas(service, second, url, redis)


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
    async with Tailrace(replicas.second_url) as follower:
        events = [event async for event in follower.events(job_id)]
    runs = [e for e in events if e.name == "status" and e.fields["status"] == "running"]
    assert (len(runs), events[-1].name) == (1, "end")
    assert await replicas.jobs() == 1


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
    assert await replicas.jobs() == KEYS
    async with Tailrace(replicas.second_url) as follower:
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
            client.post(f"{replicas.second_url}/jobs", json=body, headers={"Prefer": "wait=60"})
        )
        await wait_until(replicas.jobs, "the job to be there")
        await replicas.second.stop()
    answer = waiting.result()
    assert answer.status_code == httpx.codes.ACCEPTED
    assert cast("str", answer.json()["status"]) in ("queued", "running")
