"""Responses that are cut off, are lost, or arrive before the events do."""

import re

import pytest
from playwright.async_api import Browser, Route, expect

from tests.browser.conftest import Stage
from tests.support.browser import fresh_page
from tests.support.browser_page import Console
from tests.support.cutting_proxy import Cut, How, cutting
from tests.support.wire import ask

RECORD = re.compile(r"/jobs/[0-9a-f-]{36}$")
"""Where the page asks how and when a job has ended."""
TO_LISTEN = re.compile(r"/jobs/[0-9a-f-]{36}\?ticket=true$")
SHOWN = """
  window.shown = [];
  new MutationObserver((changes) => {
    for (const { target, addedNodes } of changes) {
      if (target.matches?.("[data-status]")) shown.push(addedNodes[0].data);
    }
  }).observe(document, { childList: true, subtree: true });
"""


async def test_a_record_that_is_lost_on_its_way_is_asked_for_again(console: Console) -> None:
    lost: list[str] = []

    async def lose(route: Route) -> None:
        if len(lost) == 2:
            return await route.continue_()
        lost.append(route.request.url)
        return await route.abort()

    await console.page.route(RECORD, lose)
    await console.start("counter", count="5", interval_s="0.1")
    await console.ends()
    await expect(console.status).to_have_text(re.compile(r"^succeeded after \d\.\d s$"))
    await expect(console.page.locator(".notice")).to_be_hidden()
    assert len(lost) == 2


@pytest.mark.parametrize("how", ["fin", "rst"])
async def test_an_answer_that_breaks_off_is_asked_for_again(
    browser: Browser, stage: Stage, how: How
) -> None:
    port = int(stage.url.rpartition(":")[2])
    async with fresh_page(browser) as page:
        console = Console(page, stage.url)
        job = await console.start("steps")
        await console.ends()
        head = (await ask(port, "GET", f"/jobs/{job}?ticket=true")).head.raw
        async with cutting(port, lambda n: None if n else Cut(len(head) + 20, how)) as proxy:
            await page.route(
                TO_LISTEN,
                lambda route: route.continue_(url=route.request.url.replace(stage.url, proxy.url)),
            )
            await page.reload()
            await console.ends()
            await console.shows_log()
            assert proxy.cuts == 1


async def test_a_post_whose_answer_was_lost_finds_its_job_when_it_is_sent_again(
    console: Console,
) -> None:
    made: list[str] = []

    async def lose(route: Route) -> None:
        response = await route.fetch()
        made.append((await response.json())["id"])
        await route.abort()

    await console.page.route("**/jobs", lose, times=1)
    await console.fill("steps")
    start = console.page.get_by_role("button", name="Start")
    await start.click()
    await expect(console.page.get_by_role("alert")).to_contain_text(
        "The service is not responding."
    )
    await start.click()
    await console.ends()
    assert [console.page.url.partition("?job=")[2]] == made


async def test_a_service_that_refuses_its_graphs_is_not_waited_for(console: Console) -> None:
    async def refuse(route: Route) -> None:
        await route.fulfill(status=403, json={"title": "Forbidden", "detail": "Not from here."})

    await console.page.route("**/graphs", refuse)
    await console.open()
    await expect(console.page.locator("#start .lead")).to_have_text("Not from here.")


async def test_a_job_that_has_ended_is_not_shown_as_running_while_its_events_come(
    console: Console,
) -> None:
    await console.start("approval", text="Closed on Monday.")
    await console.page.get_by_role("radio", name="Yes").check()
    await console.page.get_by_role("button", name="Resume").click()
    await console.ends()
    await console.page.add_init_script(SHOWN)
    await console.page.reload()
    await console.ends()
    await console.shows_log()
    assert await console.page.evaluate("shown") == ["succeeded"]
