"""The example pages work as they stand, also over connections that break."""

import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.browser.conftest import TEXT, Stage
from tests.support.browser import fresh_page
from tests.support.browser_page import LONG_MS, log_of
from tests.support.cutting_proxy import Cut, cutting
from tests.support.openai_server import Says, openai_server
from tests.support.processes import running_service
from tests.support.wait import wait_until

EXAMPLES = Path(__file__).parents[2] / "api" / "console" / "examples"
CHROMIUMS_LINES = 6
"""So many connections it opens to one host over HTTP/1.1; it keeps them."""
FILES = 40_000
"""More bytes than an example's own files have, over whichever connection they come."""


@asynccontextmanager
async def example(browser: Browser, url: str, name: str) -> AsyncGenerator[Page]:
    """An example page, open."""
    async with fresh_page(browser) as page:
        await page.goto(f"{url}/web/examples/{name}.html")
        yield page


async def listed(page: Page) -> list[tuple[int, str, str]]:
    """Number, name and data of each event that the page lists."""
    rows = await page.locator("#events li").all_text_contents()
    parts = [row.split(" ", 2) for row in rows]
    return [(int(number), name, data) for number, name, data in parts]


async def equals_log(page: Page, url: str) -> None:
    """The page's list is the log of the job that it names in its events."""
    posted = await page.evaluate(
        "() => performance.getEntriesByType('resource').map(({ name }) => name)"
    )
    [job] = {found[1] for name in posted if (found := re.search(r"/jobs/([0-9a-f-]{36})", name))}
    log = await log_of(url, job)
    assert await listed(page) == [(int(e.last_event_id), e.name, e.data.decode()) for e in log]


@pytest.mark.parametrize("graph", ["answer", "article", "steps", "progress", "countdown"])
async def test_eventsource_hears_each_of_the_tutorials_tasks(
    browser: Browser, stage: Stage, graph: str
) -> None:
    async with example(browser, stage.url, "eventsource") as page:
        await page.get_by_label("Graph").select_option(graph)
        await page.get_by_role("button", name="Start").click()
        await expect(page.get_by_role("status")).to_have_text("succeeded", timeout=LONG_MS)
        await equals_log(page, stage.url)
        texts = {"answer": TEXT, "article": TEXT * 3}
        assert await page.locator("#text").text_content() == texts.get(graph, "")


async def test_eventsource_is_closed_and_goes_on_behind_its_last_event(
    browser: Browser, stage: Stage
) -> None:
    async with example(browser, stage.url, "eventsource") as page:
        await page.get_by_label("Graph").select_option("countdown")
        await page.get_by_role("button", name="Start").click()
        await expect(page.locator("#events li").nth(2)).to_be_visible()
        await page.get_by_role("button", name="Close the stream").click()
        await expect(page.get_by_role("status")).to_contain_text("the job keeps running")
        await page.get_by_role("button", name="Listen again").click()
        await expect(page.get_by_role("status")).to_have_text("succeeded", timeout=LONG_MS)
        await equals_log(page, stage.url)


async def test_eventsource_says_what_the_service_refuses(browser: Browser, stage: Stage) -> None:
    async with example(browser, stage.url, "eventsource") as page:
        await page.get_by_label("Input").fill('{"question": 1}')
        await page.get_by_role("button", name="Start").click()
        await expect(page.get_by_role("status")).to_contain_text("1 is not of type 'string'")


async def test_fetch_event_source_hears_the_answer_by_get(browser: Browser, stage: Stage) -> None:
    async with example(browser, stage.url, "fetch-event-source") as page:
        await page.get_by_role("button", name="Stream by GET").click()
        await expect(page.get_by_role("status")).to_have_text("succeeded")
        assert await page.locator("#text").text_content() == TEXT
        await equals_log(page, stage.url)


async def test_fetch_event_source_hears_the_answer_by_post(browser: Browser, stage: Stage) -> None:
    async with example(browser, stage.url, "fetch-event-source") as page:
        async with page.expect_response("**/jobs") as answer:
            await page.get_by_role("button", name="Stream by POST").click()
        await expect(page.get_by_role("status")).to_have_text("succeeded")
        assert await page.locator("#text").text_content() == TEXT
        job = (await (await answer.value).all_headers())["location"].rpartition("/")[2]
        log = await log_of(stage.url, job)
        assert [number for number, _, _ in await listed(page)] == list(range(1, len(log) + 1))


async def test_the_answer_without_a_stream_is_the_whole_answer(
    browser: Browser, stage: Stage
) -> None:
    async with example(browser, stage.url, "fetch-event-source") as page:
        await page.get_by_role("button", name="Wait, without a stream").click()
        await expect(page.get_by_role("status")).to_have_text("succeeded")
        assert await page.locator("#text").text_content() == TEXT


async def test_a_refusal_is_fatal_and_is_not_tried_again(browser: Browser, stage: Stage) -> None:
    async with example(browser, stage.url, "fetch-event-source") as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.method))
        await page.get_by_label("Question").fill(" ")
        await page.get_by_role("button", name="Stream by POST").click()
        await expect(page.get_by_role("status")).to_contain_text("The graph refuses the input")
        # The library has given up: what it was asked for is over.
        await expect(page.get_by_role("button", name="Close the stream")).to_be_disabled()
        assert asked.count("POST") == 1


@pytest.mark.parametrize("way", ["GET", "POST"])
async def test_who_starts_again_hears_the_second_job_alone(
    browser: Browser, stage: Stage, way: str
) -> None:
    async with example(browser, stage.url, "fetch-event-source") as page:
        held: list[Route] = []

        async def hold(route: Route) -> None:
            held.append(route)

        await page.route("**/jobs", hold)
        for number in (1, 2):
            await page.get_by_role("button", name=f"Stream by {way}").click()
            await wait_until(lambda n=number: len(held) == n, "the job to be posted")
        await expect(page.get_by_role("button", name="Close the stream")).to_be_enabled()
        for route in held:
            await route.continue_()
        await expect(page.get_by_role("status")).to_have_text("succeeded")
        assert await page.locator("#text").text_content() == TEXT
        numbers = [number for number, _, _ in await listed(page)]
        assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("way", ["GET", "POST"])
async def test_fetch_event_source_comes_back_after_a_reset_and_has_the_whole_log(
    browser: Browser, tmp_path: Path, way: str
) -> None:
    text = "water " * 1000
    async with (
        openai_server(Says(text)) as model,
        running_service(tmp_path / "service", model.environment()) as service,
        cutting(
            int(service.url.rpartition(":")[2]),
            lambda n: Cut(FILES, "rst") if n < CHROMIUMS_LINES else None,
        ) as proxy,
        example(browser, proxy.url, "fetch-event-source") as page,
    ):
        await page.get_by_role("button", name=f"Stream by {way}").click()
        await expect(page.get_by_role("status")).to_have_text("succeeded", timeout=LONG_MS)
        numbers = [number for number, _, _ in await listed(page)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert await page.locator("#text").text_content() == text
        assert proxy.cuts >= 1
