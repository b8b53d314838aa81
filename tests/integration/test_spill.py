"""Values that are too large for an event: kept beside the log, referred to, and to be put back."""

import base64
import json
from collections.abc import AsyncIterator
from typing import Any, cast

import pytest
from blockbuster import BlockBuster

from tailrace.shared.jobs import JobId
from tailrace.shared.log_store.blobs.blob_store import BlobStore
from tailrace.worker.catalogue.registry import Registry
from tests.graphs.hostile.looking import PNG
from tests.support.leased import Site, faulty_graphs, site, working
from tests.support.markdown import blocks

EVENT_BYTES = 256 * 1024


@pytest.fixture
def graphs(blocking_is_an_error: BlockBuster) -> Registry:
    blocking_is_an_error.deactivate()  # graphs are other people's code
    return faulty_graphs()


@pytest.fixture
async def place(store_url: str) -> AsyncIterator[Site]:
    async with site(store_url) as place:
        yield place


def references(value: Any) -> list[dict[str, Any]]:
    """Every reference to a blob that stands in a JSON value."""
    match value:
        case {"$blob": blob}:
            return [cast("dict[str, Any]", blob)]
        case dict():
            return references([*cast("dict[str, Any]", value).values()])
        case list():
            return [found for item in cast("list[Any]", value) for found in references(item)]
        case _:
            return []


def documented() -> dict[str, Any]:
    """The reference that PROTOCOL shows."""
    [shown] = [block.text for block in blocks("PROTOCOL.md") if block.name == "blob"]
    return json.loads(shown)["$blob"]


async def content(place: Site, job_id: JobId, number: int) -> bytes:
    blobs = BlobStore(place.redis, place.settings)
    blob = await blobs.find(job_id, number)
    return b"".join([piece async for piece in blobs.pieces(job_id, blob)])


async def whole(place: Site, job_id: JobId, value: Any) -> Any:
    """The value with its blobs put back, as PROTOCOL says."""
    match value:
        case {"$blob": blob}:
            return await _put_back(place, job_id, cast("dict[str, Any]", blob))
        case dict():
            members = cast("dict[str, Any]", value).items()
            return {name: await whole(place, job_id, item) for name, item in members}
        case list():
            return [await whole(place, job_id, item) for item in cast("list[Any]", value)]
        case _:
            return value


async def _put_back(place: Site, job_id: JobId, blob: dict[str, Any]) -> Any:
    data = await content(place, job_id, blob["n"])
    text = base64.b64encode(data).decode()
    match blob["as"]:
        case "bytes":
            return {"$bytes": text}
        case "base64":
            return text
        case "data-url":
            return f"data:{blob['media_type']};base64,{text}"
        case "text":
            return data.decode()
        case _:
            return await whole(place, job_id, json.loads(data))


async def test_a_screenshot_of_two_megabytes_does_not_end_its_job(
    place: Site, graphs: Registry
) -> None:
    modes = ("updates", "messages", "values", "custom", "tasks", "checkpoints")
    job_id = await place.post("looks", {"messages": []}, stream=modes)
    async with working(place, graphs):
        job = await place.ended(job_id)

    events = await place.events(job_id)
    referred = [r for event in events for r in references(json.loads(event.data))]
    assert job.status == "succeeded"
    assert max(len(event.data) for event in events) <= EVENT_BYTES
    assert len(referred) >= 6
    assert {r["n"] for r in referred} == {1}
    assert {(r["bytes"], r["media_type"]) for r in referred} == {(len(PNG), "image/png")}
    assert {r["url"] for r in referred} == {f"/jobs/{job_id}/blobs/1"}
    assert {tuple(r) for r in referred} == {tuple(documented())}
    assert await content(place, job_id, 1) == PNG
    assert b"I see it" in (job.result or b"")


async def test_a_value_that_was_taken_out_can_be_put_back(place: Site, graphs: Registry) -> None:
    job_id = await place.post("looks", {"messages": []}, stream=("updates", "custom"))
    async with working(place, graphs):
        job = await place.ended(job_id)

    [told] = [json.loads(e.data) for e in await place.events(job_id) if e.name == "custom"]
    result = await whole(place, job_id, json.loads(job.result or b""))
    encoded = base64.b64encode(PNG).decode()
    assert await whole(place, job_id, told["data"]) == {"raw": {"$bytes": encoded}}
    assert result["messages"][0]["content"][1]["source"]["data"] == encoded


async def test_a_state_of_many_small_parts_is_referred_to_as_a_whole(
    place: Site, graphs: Registry
) -> None:
    job_id = await place.post("swells_in_parts", {"messages": []}, stream=("values",))
    async with working(place, graphs):
        job = await place.ended(job_id)

    *_, last = [json.loads(e.data) for e in await place.events(job_id) if e.name == "values"]
    result = json.loads(job.result or b"")
    assert (last["data"]["$blob"]["as"], result["messages"]["$blob"]["as"]) == ("json", "json")
    messages = (await whole(place, job_id, result))["messages"]
    assert [message["id"] for message in messages] == [str(i) for i in range(300)]
    assert (await whole(place, job_id, last["data"])) == {"messages": messages}


async def test_a_result_of_thousands_of_small_parts_is_referred_to_as_a_whole(
    place: Site, graphs: Registry
) -> None:
    async with working(place, graphs, max_result_bytes=20_000):
        job = await place.ended(job_id := await place.post("lists", 1000, stream=("custom",)))

    result = json.loads(job.result or b"")
    assert len(job.result or b"") < 1000
    assert await whole(place, job_id, result) == {str(i): "x" * 100 for i in range(1000)}


async def test_a_question_of_two_megabytes_is_asked_and_answered(
    place: Site, graphs: Registry
) -> None:
    job_id = await place.post("at_length", {}, stream=("custom",))
    async with working(place, graphs):
        asked = await place.reaches(job_id, "waiting")
        await place.resume(job_id, "yes")
        job = await place.ended(job_id)

    [question] = asked.pause.interrupts
    assert await whole(place, job_id, question.value) == "x" * 2_000_000
    assert json.loads(job.result or b"") == {"heard": ["yes"]}


async def test_what_is_within_the_limit_of_an_event_stays_in_it(
    place: Site, graphs: Registry
) -> None:
    job_id = await place.post("floods", {"events": 1, "bytes": 200_000}, stream=("custom",))
    async with working(place, graphs):
        await place.ended(job_id)

    [told] = [json.loads(e.data) for e in await place.events(job_id) if e.name == "custom"]
    assert told["data"] == "x" * 200_000
