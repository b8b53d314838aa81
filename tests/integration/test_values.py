"""Values of every kind through a job: the same form in its events, its questions and its result."""

import json
from collections.abc import AsyncIterator
from typing import Any, get_args

import pytest
from blockbuster import BlockBuster

from tailrace.shared.jobs import JobId, StreamMode
from tailrace.worker.catalogue.registry import Registry
from tests.support.leased import Site, faulty_graphs, site, working
from tests.support.values import KEPT, SECRET

MODES: tuple[StreamMode, ...] = get_args(StreamMode)


@pytest.fixture
def graphs(blocking_is_an_error: BlockBuster) -> Registry:
    blocking_is_an_error.deactivate()  # graphs are other people's code
    return faulty_graphs()


@pytest.fixture
async def place(store_url: str) -> AsyncIterator[Site]:
    async with site(store_url) as place:
        yield place


async def told(place: Site, job_id: JobId, name: str) -> list[Any]:
    """The data of the job's events of one name."""
    return [json.loads(e.data)["data"] for e in await place.events(job_id) if e.name == name]


async def test_what_a_checkpoint_keeps_has_one_form_in_every_event_and_in_the_result(
    place: Site, graphs: Registry
) -> None:
    async with working(place, graphs):
        jobs = {kind: await place.post("gives", {"kind": kind}, stream=MODES) for kind in KEPT}
        for kind, job_id in jobs.items():
            job = await place.ended(job_id)
            form = KEPT[kind][1]
            assert (kind, job.status, job.error) == (kind, "succeeded", None)
            assert (kind, json.loads(job.result or b"")["value"]) == (kind, form)
            assert (kind, await told(place, job_id, "custom")) == (kind, [form])
            assert (kind, (await told(place, job_id, "updates"))[0]["value"]) == (kind, form)
            assert (kind, (await told(place, job_id, "values"))[-1]["value"]) == (kind, form)
            [_, task] = await told(place, job_id, "tasks")
            assert (kind, task["result"]["value"]) == (kind, form)
            checkpoints = await told(place, job_id, "checkpoints")
            assert (kind, checkpoints[-1]["values"]["value"]) == (kind, form)
            assert SECRET not in b"".join(e.data for e in await place.events(job_id)).decode()


@pytest.mark.parametrize(
    "kind", ["bytes", "a model", "a time span", "a name of ours", "an artifact"]
)
async def test_a_question_and_a_state_that_was_read_again_have_the_form_too(
    place: Site, graphs: Registry, kind: str
) -> None:
    form = KEPT[kind][1]
    job_id = await place.post("gives_and_asks", {"kind": kind}, stream=MODES)
    async with working(place, graphs):
        asked = await place.reaches(job_id, "waiting")
    async with working(place, graphs):
        await place.resume(job_id, "yes")
        job = await place.ended(job_id)

    [waiting] = [e for e in await place.events(job_id) if b'"waiting"' in e.data]
    assert [interrupt.value for interrupt in asked.pause.interrupts] == [form]
    assert [i["value"] for i in json.loads(waiting.data)["interrupts"]] == [form]
    assert json.loads(job.result or b"") == {"kind": kind, "value": form, "answer": "yes"}


async def test_what_has_no_form_in_a_mode_that_nobody_asked_for_does_no_harm(
    place: Site, graphs: Registry
) -> None:
    async with working(place, graphs):
        quiet = await place.ended(await place.post("generates", {}, stream=("updates",)))
        loud = await place.ended(await place.post("generates", {}, stream=("custom",)))

    assert (quiet.status, json.loads(quiet.result or b"")) == ("succeeded", {"value": "told"})
    assert loud.error is not None
    assert loud.error.type == "unserializable"
    assert "data.steps[0]: tuple_iterator" in loud.error.detail
