"""Jobs whose providers fail: what is tried again, how late, and what their users are told."""

import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from blockbuster import BlockBuster

from tailrace.shared.jobs import JobError
from tailrace.worker.catalogue.registry import Registry
from tests.support.gateway import Replies, Reply, Streams, gateway, token
from tests.support.leased import Site, faulty_graphs, site, working

WORDS = "All of our GPUs are busy."
HALF = Streams((token("Half an "), token("answer")))


@pytest.fixture
def graphs(blocking_is_an_error: BlockBuster) -> Registry:
    blocking_is_an_error.deactivate()  # graphs are other people's code
    return faulty_graphs()


@pytest.fixture
async def place(store_url: str) -> AsyncIterator[Site]:
    async with site(store_url) as place:
        yield place


def refusal(status: int, **headers: str) -> Replies:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Replies(status, {"error": {"message": WORDS}}, named)


@pytest.mark.parametrize("graph", ["fetches", "fetches_twice"])
@pytest.mark.parametrize(("status", "type_"), [(503, "unavailable"), (429, "rate-limited")])
async def test_a_provider_that_goes_on_failing_is_tried_again_and_then_told_in_its_own_words(
    place: Site, graphs: Registry, graph: str, status: int, type_: str
) -> None:
    async with gateway(refusal(status)) as url, working(place, graphs):
        job = await place.ended(await place.post(graph, {"url": url}, max_attempts=2))

    assert (job.status, job.failures, job.attempt) == ("failed", 1, 2)
    assert job.error == JobError(type_, WORDS, retryable=True)


async def test_a_refusal_that_will_not_pass_ends_its_job_at_once_in_the_providers_words(
    place: Site, graphs: Registry
) -> None:
    async with gateway(refusal(404)) as url, working(place, graphs):
        job = await place.ended(await place.post("fetches", {"url": url}))

    assert (job.status, job.attempt) == ("failed", 1)
    assert job.error == JobError("not-found", WORDS)


async def test_a_graphs_own_retries_come_first_and_are_no_failures_of_the_job(
    place: Site, graphs: Registry, tmp_path: Path
) -> None:
    notes = tmp_path / "notes"
    async with working(place, graphs):
        value = {"notes": str(notes), "fails": 2}
        job = await place.ended(await place.post("flaky_with_policy", value))

    assert (job.status, job.failures, job.attempt) == ("succeeded", 0, 1)
    assert notes.read_text().split() == ["run"] * 3


async def test_a_retry_after_is_heeded_up_to_the_limit(place: Site, graphs: Registry) -> None:
    async with (
        gateway(refusal(429, retry_after="3600")) as url,
        working(place, graphs, retry_after_max_s=0.5, backoff_s=0.01),
    ):
        since = time.monotonic()
        job = await place.ended(await place.post("fetches", {"url": url}, max_attempts=2))

    assert time.monotonic() - since >= 0.5
    assert (job.status, job.attempt) == ("failed", 2)


@pytest.fixture
async def half_answers(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Reply]:
    async with gateway(HALF) as url:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{url}/v1")
        monkeypatch.setenv("MODEL", "any")
        yield HALF


@pytest.mark.parametrize(("code", "type_"), [(429, "rate-limited"), (502, "unavailable")])
async def test_an_error_that_a_gateway_sends_into_a_stream_is_tried_again_and_then_told(
    place: Site, graphs: Registry, monkeypatch: pytest.MonkeyPatch, code: int, type_: str
) -> None:
    failed: dict[str, Any] = {"error": {"code": code, "message": WORDS}, "choices": []}
    async with gateway(Streams((token("Half an "), token("answer"), failed))) as url:
        monkeypatch.setenv("OPENAI_BASE_URL", f"{url}/v1")
        monkeypatch.setenv("MODEL", "any")
        async with working(place, graphs):
            job = await place.ended(await place.post("calls", max_attempts=2))

    assert (job.status, job.attempt) == ("failed", 2)
    assert job.error == JobError(type_, WORDS, retryable=True)


@pytest.mark.usefixtures("half_answers")
async def test_an_answer_that_was_broken_off_is_tried_again_and_is_no_success(
    place: Site, graphs: Registry
) -> None:
    async with working(place, graphs):
        job = await place.ended(await place.post("calls", max_attempts=2))

    assert (job.status, job.attempt) == ("failed", 2)
    words = "The model's output was cut off before its end."
    assert job.error == JobError("unavailable", words, retryable=True)


@pytest.mark.usefixtures("half_answers")
async def test_an_endpoint_without_finish_reasons_can_be_allowed(
    place: Site, graphs: Registry
) -> None:
    async with working(place, graphs, whole_answers=False):
        job = await place.ended(await place.post("calls"))

    assert job.status == "succeeded"
    assert job.result == b'{"text":"Half an answer"}'


async def test_a_development_run_shows_text_and_traceback_of_a_graphs_error(
    place: Site, graphs: Registry
) -> None:
    async with working(place, graphs, show_errors=True):
        job_id = await place.post("hopeless")
        job = await place.ended(job_id)

    assert job.error is not None
    assert (job.error.type, job.error.detail) == ("internal", "ValueError")
    assert job.error.traceback is not None
    assert "in fail_for_good" in job.error.traceback
    end = orjson.loads((await place.events(job_id))[-1].data)
    assert end["error"]["traceback"] == job.error.traceback


async def test_production_shows_neither(place: Site, graphs: Registry) -> None:
    async with working(place, graphs):
        job_id = await place.post("hopeless")
        job = await place.ended(job_id)

    assert job.error is not None
    assert job.error.detail.startswith("Something unexpected went wrong. Reference: ")
    end = orjson.loads((await place.events(job_id))[-1].data)
    assert end["error"].keys() == {"type", "detail", "retryable"}
