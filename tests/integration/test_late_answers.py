"""Whatever the stores answer late, no attempt is lost that was not, and each job ends once.

`pytest tests/integration/test_late_answers.py --moves 6000` takes some minutes.
"""

import asyncio
import logging
import random
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import cast

import orjson
import pytest
from blockbuster import BlockBuster
from starlette.types import Message

from tailrace.api.relay.cursor import StartPosition
from tailrace.api.relay.frames import EVENT_STREAM
from tailrace.api.relay.relay import Relay
from tailrace.api.settings import ApiSettings
from tailrace.shared.jobs import JobId
from tailrace.shared.log_store.jobs.summaries import read_summaries
from tailrace.shared.process.tasks import cancel_and_wait
from tailrace.shared.redis.commands import ping
from tailrace.shared.redis.connection import Client, connect
from tailrace.worker.attempt.attempt import Stop
from tailrace.worker.catalogue.registry import Registry
from tailrace.worker.runtime.retry import until_stored
from tests.support.leased import Hand, Site, faulty_graphs, site, working
from tests.support.proxy import store_proxy
from tests.support.service import writing
from tests.support.wait import wait_until

LATE_S = 0.05
RENEWAL_S = 0.01
LEASE_S = 20.0
"""Beyond any pause of this machine: what is lost here was lost to an answer."""
MOVES_OF_A_JOB = 6
OPEN_JOBS = 40
HANDED_BACK = 0.02
"""How many of the running jobs are given back at each look."""
SECONDS_A_MOVE = 0.5
LISTENERS = 5
AT_ONCE_S = 8.0
"""Half of what housekeeping takes to check on a silent log; this machine may be slow."""
NOT_SAID = (
    "attempt lost",
    "attempt abandoned",
    "attempt crashed",
    "queue not told of the outcome, lease will expire",
)


@dataclass
class Crowd:
    """Jobs that never get far at once, and all that is done to them."""

    place: Site
    direct: Client
    """The store without delays: for looking on."""
    workers: list[Hand]
    chance: random.Random
    tasks: asyncio.TaskGroup
    open: dict[JobId, list[str]] = field(default_factory=dict[JobId, list[str]])
    ended: dict[JobId, list[str]] = field(default_factory=dict[JobId, list[str]])
    answered: set[tuple[JobId, int]] = field(default_factory=set[tuple[JobId, int]])

    async def post(self) -> None:
        moves = self.chance.choices(["ask", "fail", "rest"], [4, 1, 2], k=MOVES_OF_A_JOB)
        job_id = await self.place.created("wavering", {"moves": moves}, max_attempts=99)
        await until_stored(lambda: self.place.queue.enqueue(job_id))
        self.open[job_id] = moves

    async def go_on(self) -> bool:
        """Answer who asks, stop some of who runs; whether all have ended."""
        ids = list(self.open)
        for job_id, head in zip(ids, await read_summaries(self.direct, ids), strict=True):
            assert head is not None
            if head.ended:
                self.ended[job_id] = self.open.pop(job_id)
            elif head.status == "waiting" and (job_id, head.seq) not in self.answered:
                self.answered.add((job_id, head.seq))
                self.tasks.create_task(self._answer(job_id))
            elif head.status == "running" and self.chance.random() < HANDED_BACK:
                for hand in self.workers:
                    hand.worker.stop(job_id, Stop.SHUTDOWN)
        return not self.open

    async def _answer(self, job_id: JobId) -> None:
        """As the API does, or as where the queue has lost its count of attempts."""
        job = await self.place.jobs.get(job_id)
        answer = {asked.id: "this" for asked in job.pause.interrupts}
        await until_stored(lambda: self.place.jobs.resume(job, answer))
        above = self.chance.choice([job.attempt, 0])
        await until_stored(lambda: self.place.queue.enqueue(job_id, above=above))


@pytest.fixture
def graphs(blocking_is_an_error: BlockBuster) -> Registry:
    blocking_is_an_error.deactivate()  # graphs are other people's code
    return faulty_graphs()


@pytest.fixture
async def place(store_url: str) -> AsyncIterator[Site]:
    """Both stores are far away, each by times of its own."""
    async with store_proxy(store_url) as queue_link, store_proxy(store_url) as log_link:
        queue_link.delay_replies(LATE_S, seed=1)
        log_link.delay_replies(LATE_S, seed=2)
        urls = {"log_redis_url": log_link.url, "lease_s": LEASE_S, "renewal_s": RENEWAL_S}
        async with site(queue_link.url, **urls) as place:
            yield place


@pytest.mark.timeout(3600)
async def test_no_attempt_is_lost_to_an_answer_that_comes_late(
    place: Site,
    store_url: str,
    graphs: Registry,
    request: pytest.FixtureRequest,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.WARNING)
    # What the graph raises, by the hundred.
    logging.getLogger("tailrace.worker.attempt.failures.verdict").disabled = True
    moves = cast("int", request.config.getoption("--moves"))
    direct = connect(store_url)
    place.clients.push_async_callback(direct.aclose)
    async with AsyncExitStack() as stack:
        workers = [await stack.enter_async_context(working(place, graphs)) for _ in range(2)]
        async with asyncio.TaskGroup() as tasks:
            crowd = Crowd(place, direct, workers, random.Random(3), tasks)
            for _ in range(0, moves, MOVES_OF_A_JOB):
                await wait_until(
                    lambda: _has_room(crowd), "a job to end", LEASE_S + OPEN_JOBS * SECONDS_A_MOVE
                )
                await crowd.post()
            await wait_until(crowd.go_on, "all jobs to end", LEASE_S + OPEN_JOBS * SECONDS_A_MOVE)
        await place.queue_is_empty()

    said = [record.message for record in caplog.records]
    assert [words for words in said if words in NOT_SAID] == []
    for job_id, moves_of_it in crowd.ended.items():
        await _is_whole(place, job_id, moves_of_it)


async def _has_room(crowd: Crowd) -> bool:
    await crowd.go_on()
    return len(crowd.open) < OPEN_JOBS


async def _is_whole(place: Site, job_id: JobId, moves: list[str]) -> None:
    """Everything was done once, in order, and failed only where the graph did."""
    job = await place.ended(job_id)
    done = [f"{at} {kind}" if kind != "ask" else "this" for at, kind in enumerate(moves)]
    assert (job.status, orjson.loads(job.result or b"null")["done"]) == ("succeeded", done)
    statuses = await place.statuses(job_id)
    assert ("running", "worker_lost") not in statuses
    # A graph that failed as it was stopped counts as stopped.
    assert job.failures == statuses.count(("queued", "retry")) <= moves.count("fail")


async def test_a_listener_that_joins_as_the_log_ends_hears_its_end_at_once(
    store_url: str,
) -> None:
    """Those who join late have read nothing more, when the tail has read the end already."""
    async with (
        store_proxy(store_url) as link,
        writing(store_url) as logs,
        _relay(link.url, store_url) as relay,
    ):
        link.delay_replies(10 * LATE_S, seed=1)
        job = await logs.opened()
        async with asyncio.timeout(AT_ONCE_S), asyncio.TaskGroup() as tasks:
            hearing = [
                tasks.create_task(_heard(relay, job.job_id, job.seq)) for _ in range(LISTENERS)
            ]
            await logs.has_waiting_reader()
            await job.close(result=b"1")
        assert {await heard for heard in hearing} == {await job.frames(after=2)}


@asynccontextmanager
async def _relay(pages_url: str, tail_url: str) -> AsyncGenerator[Relay]:
    """A relay whose pages come another way than what its tail reads."""
    store = connect(pages_url)
    await asyncio.gather(
        *(ping(store) for _ in range(LISTENERS))
    )  # each over a connection of its own
    relay = Relay(store, ApiSettings(redis_url=tail_url))
    running = asyncio.ensure_future(relay.run())
    try:
        yield relay
    finally:
        await cancel_and_wait(running)
        await store.aclose()


async def _heard(relay: Relay, job_id: JobId, seq: int) -> bytes:
    """All that a client hears that has everything up to `seq`."""
    heard: list[bytes] = []
    complete = asyncio.Event()

    async def send(message: Message) -> None:
        heard.append(message["body"])
        if not message["more_body"]:
            complete.set()

    async def receive() -> Message:
        await complete.wait()
        return {"type": "http.disconnect"}

    start = StartPosition(job_id, seq, seq)
    await relay.serve(start, EVENT_STREAM, {"type": "http"}, receive, send)
    return b"".join(heard)
