"""A graph that asks: its job waits without a slot, and goes on with the first answer, anywhere."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from blockbuster import BlockBuster

from tailrace import Tailrace
from tailrace.api.settings import ApiSettings
from tailrace.shared.errors import NotWaiting
from tailrace.shared.jobs import Holder, JobId
from tailrace.shared.queue_store.catalogue import GraphSpec, announce
from tailrace.worker.catalogue.registry import Registry
from tests.support.leased import Site, faulty_graphs, site, working
from tests.support.service import serving


@pytest.fixture
def graphs(blocking_is_an_error: BlockBuster) -> Registry:
    blocking_is_an_error.deactivate()  # graphs are other people's code
    return faulty_graphs()


@pytest.fixture
async def place(store_url: str) -> AsyncIterator[Site]:
    async with site(store_url) as place:
        yield place


@pytest.fixture
async def client(place: Site) -> AsyncIterator[httpx.AsyncClient]:
    async with serving(ApiSettings(redis_url=place.settings.redis_url)) as api:
        await announce(place.redis, "worker", [GraphSpec("approval", "Asks.", {}, "")])
        async with httpx.AsyncClient(base_url=api.url) as client:
            yield client


def heard(result: bytes | None) -> Any:
    return orjson.loads(result or b"null")["heard"]


async def test_a_waiting_job_says_what_it_asks(place: Site, graphs: Registry) -> None:
    job_id = await place.post("approval")
    async with working(place, graphs):
        job = await place.reaches(job_id, "waiting")

    [asked] = job.pause.interrupts
    last = (await place.events(job_id))[-1]
    told = orjson.loads(last.data)
    assert (last.name, told["status"], told["attempt"]) == ("status", "waiting", 1)
    assert told["interrupts"] == [{"id": asked.id, "value": "may I?"}]


async def test_a_waiting_job_takes_no_slot_and_no_place_in_the_queue(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    asking = [await place.post("approval") for _ in range(3)]
    async with working(place, graphs, slots=1):
        for job_id in asking:
            await place.reaches(job_id, "waiting")
        await place.queue_is_empty()
        after = await place.post("gated", {"gate": str(tmp_path)})
        assert (await place.ended(after)).status == "succeeded"


async def test_an_answer_goes_on_with_another_worker(place: Site, graphs: Registry) -> None:
    job_id = await place.post("approval")
    async with working(place, graphs):
        await place.reaches(job_id, "waiting")
    await place.resume(job_id, "you may")
    async with working(place, graphs):
        job = await place.ended(job_id)

    assert (job.status, heard(job.result), job.failures) == ("succeeded", ["you may"], 0)
    assert await place.statuses(job_id) == [
        ("queued", None),
        ("running", None),
        ("waiting", None),
        ("queued", "resume"),
        ("running", "resume"),
        ("succeeded", None),
    ]


@pytest.mark.parametrize("answer", [None, False, 0, "", [], {}, {"a": [1]}])
async def test_any_json_is_an_answer(place: Site, graphs: Registry, answer: Any) -> None:
    job_id = await place.post("approval")
    async with working(place, graphs):
        await place.reaches(job_id, "waiting")
        await place.resume(job_id, answer)
        job = await place.ended(job_id)

    assert (job.status, heard(job.result)) == ("succeeded", [answer])


async def test_all_that_is_asked_at_once_is_answered_at_once(place: Site, graphs: Registry) -> None:
    job_id = await place.post("two_at_once")
    async with working(place, graphs):
        job = await place.reaches(job_id, "waiting")
        answers = {asked.id: str(asked.value).upper() for asked in job.pause.interrupts}
        assert sorted(answers.values()) == ["LEFT?", "RIGHT?"]
        await place.jobs.resume(job, answers)
        await place.queue.enqueue(job_id)
        job = await place.ended(job_id)

    assert heard(job.result) == ["left LEFT?", "right RIGHT?"]


async def test_two_questions_in_a_row_get_each_its_own_answer(
    place: Site, graphs: Registry
) -> None:
    job_id = await place.post("twice")
    async with working(place, graphs):
        for question, answer in (("first?", "one"), ("second?", "two")):
            await place.has_said(job_id, question)
            job = await place.reaches(job_id, "waiting")
            assert [asked.value for asked in job.pause.interrupts] == [question]
            await place.resume(job_id, answer)
        job = await place.ended(job_id)

    assert heard(job.result) == ["1 one", "2 two"]


async def test_an_answer_is_not_given_twice_after_its_worker_was_lost(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    job_id = await place.post("twice", {"gate": str(gate)})
    async with working(place, graphs) as lost:
        await place.reaches(job_id, "waiting")
        await place.resume(job_id, "one")
        await place.has_said(job_id, "heard one")
        await lost.vanish()
        gate.touch()
        async with working(place, graphs):
            await place.has_said(job_id, "second?")
            await place.reaches(job_id, "waiting")
            await place.resume(job_id, "two")
            job = await place.ended(job_id)

    assert heard(job.result) == ["1 one", "2 two"]


async def test_an_answer_is_not_lost_with_the_worker_that_had_it(
    place: Site, graphs: Registry
) -> None:
    job_id = await place.post("approval")
    async with working(place, graphs):
        await place.reaches(job_id, "waiting")
        await place.queue_is_empty()
    await place.resume(job_id, "you may")
    [claim] = await place.queue.claim("lost", 1)
    await place.jobs.open_attempt(Holder(job_id, claim.attempt, "lost"))
    await place.expire_lease(job_id)
    async with working(place, graphs):
        job = await place.ended(job_id)

    assert (job.status, heard(job.result), job.failures) == ("succeeded", ["you may"], 1)


async def test_a_lost_worker_between_waiting_and_queue_asks_nothing_twice(
    place: Site, graphs: Registry
) -> None:
    job_id = await place.post("approval")
    async with working(place, graphs):
        await place.reaches(job_id, "waiting")
        await place.queue_is_empty()
    before = await place.events(job_id)
    await place.queue.enqueue(job_id)
    async with working(place, graphs):
        await place.queue_is_empty()

    assert await place.events(job_id) == before


async def test_of_concurrent_answers_the_first_wins(place: Site, graphs: Registry) -> None:
    job_id = await place.post("approval")
    async with working(place, graphs):
        job = await place.reaches(job_id, "waiting")
    [asked] = job.pause.interrupts
    answers = [place.jobs.resume(job, {asked.id: n}) for n in range(8)]
    outcomes = await asyncio.gather(*answers, return_exceptions=True)

    assert outcomes.count(None) == 1
    assert [type(o) for o in outcomes if o is not None] == [NotWaiting] * 7


async def waiting(place: Site, graphs: Registry, graph: str = "approval") -> JobId:
    job_id = await place.post(graph)
    async with working(place, graphs):
        await place.reaches(job_id, "waiting")
        await place.queue_is_empty()
    return job_id


async def test_one_of_two_callers_gets_202_and_the_other_409(
    place: Site, graphs: Registry, client: httpx.AsyncClient
) -> None:
    path = f"/jobs/{await waiting(place, graphs)}/resume"
    answers = await asyncio.gather(
        *(client.post(path, json={"value": word}) for word in ("yes", "no"))
    )
    assert sorted(answer.status_code for answer in answers) == [202, 409]


async def test_the_same_answer_again_is_202_and_stored_once(
    place: Site, graphs: Registry, client: httpx.AsyncClient
) -> None:
    job_id = await waiting(place, graphs)
    for _ in range(3):
        answer = await client.post(f"/jobs/{job_id}/resume", json={"value": {"a": 1, "b": 2}})
        assert answer.status_code == 202
    other_order = await client.post(f"/jobs/{job_id}/resume", json={"value": {"b": 2, "a": 1}})
    assert other_order.status_code == 202

    async with working(place, graphs):
        assert (await client.get(f"/jobs/{job_id}")).json()["status"] != "waiting"
        await place.ended(job_id)
    assert [s for s, r in await place.statuses(job_id) if r == "resume"] == ["queued", "running"]


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"value": 1, "values": {}},
        {"values": {}},
        {"values": {"unknown": 1}},
        {"values": None},
        {"answer": 1},
        [],
    ],
)
async def test_an_answer_that_does_not_fit_is_422_and_changes_nothing(
    place: Site, graphs: Registry, client: httpx.AsyncClient, body: Any
) -> None:
    job_id = await waiting(place, graphs)
    assert (await client.post(f"/jobs/{job_id}/resume", json=body)).status_code == 422
    assert (await client.get(f"/jobs/{job_id}")).json()["status"] == "waiting"


async def test_one_value_does_not_answer_two_questions(
    place: Site, graphs: Registry, client: httpx.AsyncClient
) -> None:
    job_id = await waiting(place, graphs, "two_at_once")
    one = (await client.get(f"/jobs/{job_id}")).json()["interrupts"][0]["id"]

    for body in ({"value": 1}, {"values": {one: 1}}):
        assert (await client.post(f"/jobs/{job_id}/resume", json=body)).status_code == 422


async def test_a_waiting_job_that_is_cancelled_is_closed_at_once_and_takes_no_answer(
    place: Site, graphs: Registry, client: httpx.AsyncClient
) -> None:
    job_id = await waiting(place, graphs)
    cancelled = await client.post(f"/jobs/{job_id}/cancel")
    assert cancelled.json()["status"] == "cancelled"

    late = await client.post(f"/jobs/{job_id}/resume", json={"value": 1})
    assert late.status_code == 409


async def test_an_answer_that_never_reached_the_queue_is_swept_there(
    place: Site, graphs: Registry
) -> None:
    job_id = await place.post("approval")
    async with working(place, graphs):
        job = await place.reaches(job_id, "waiting")
        await place.queue_is_empty()
        await place.jobs.resume(job, {asked.id: "late" for asked in job.pause.interrupts})
        await place.sweep(missing={job_id: 0.0}).sweep()
        job = await place.ended(job_id)

    assert heard(job.result) == ["late"]


@pytest.mark.parametrize("stream", [("custom",), ("updates",)])
async def test_a_question_that_cannot_be_told_ends_its_job_and_nothing_else(
    place: Site, graphs: Registry, tmp_path: Path, stream: tuple[str, ...]
) -> None:
    job_id = await place.post("without_words", stream=stream)
    async with working(place, graphs):
        assert (await place.ended(job_id)).status == "failed"
        neighbour = await place.post("gated", {"gate": str(tmp_path)})
        assert (await place.ended(neighbour)).status == "succeeded"


@pytest.mark.parametrize("before", [["ask"], "*"])
async def test_a_job_asks_for_a_stop_and_is_let_go_on_before_it_is_answered(
    place: Site, graphs: Registry, client: httpx.AsyncClient, before: Any
) -> None:
    async with Tailrace(str(client.base_url)) as tailrace, working(place, graphs):
        posted = await tailrace.create("approval", {}, interrupt_before=before)
        job_id = JobId(posted.id)
        await place.reaches(job_id, "waiting")
        stopped = await tailrace.job(job_id)
        assert (stopped.interrupts, stopped.next) == ((), ("ask",))
        for _ in range(2):
            await tailrace.resume(job_id, after=stopped.after)
        await place.has_said(job_id, "may I?")
        await place.reaches(job_id, "waiting")
        asks = await tailrace.job(job_id)
        assert [asked.value for asked in asks.interrupts] == ["may I?"]
        await tailrace.resume(job_id, after=stopped.after)
        await tailrace.resume(job_id, "you may")
        job = await place.ended(job_id)

    assert (job.status, heard(job.result)) == ("succeeded", ["you may"])
    assert [s for s, r in await place.statuses(job_id) if r == "resume"].count("queued") == 2
