"""What the page says where something is not there, not allowed, or not right."""

import os
import re
import signal
from functools import partial
from http import HTTPStatus
from pathlib import Path

import httpx
from playwright.async_api import Browser, Route, expect

from tailrace import Tailrace
from tailrace.api.settings import ApiSettings
from tailrace.shared.redis import keys
from tests.browser.conftest import alone
from tests.support.browser import fresh_page
from tests.support.browser_page import LONG_MS, Console
from tests.support.openai_server import WRONG_KEY, openai_server
from tests.support.service import serving, writing
from tests.support.wait import wait_until


async def test_an_unknown_job_is_said_to_be_unknown(console: Console) -> None:
    await console.open("01a1fc91-6207-732d-ba47-90d83b400c90")
    await expect(console.page.get_by_role("heading", level=1)).to_have_text("There is no such job")
    await expect(console.page.locator(".connection")).to_be_hidden()
    await console.page.get_by_role("link", name="New job").click()
    await expect(console.page.get_by_role("button", name="Start")).to_be_visible()


async def test_what_the_graph_refuses_is_said_at_its_field(console: Console) -> None:
    await console.fill("counter", count="10", pad_bytes="200001")
    await console.page.get_by_role("button", name="Start").click()
    field = console.page.get_by_label("pad_bytes")
    await expect(console.page.get_by_role("alert").first).to_contain_text("refuses the input")
    await expect(console.page.locator("#field-pad_bytes-wrong")).to_contain_text("greater than")
    await expect(field).to_have_attribute("aria-invalid", "true")
    await expect(field).to_be_focused()
    await field.fill("1")
    await console.page.get_by_role("button", name="Start").click()
    await console.ends()


async def test_a_field_that_is_needed_says_so(console: Console) -> None:
    await console.fill("article", topic=" ")
    await console.page.get_by_role("button", name="Start").click()
    await expect(console.page.locator("#field-topic-wrong")).to_contain_text("does not match")


async def test_a_field_that_is_no_json_is_not_sent(console: Console) -> None:
    await console.fill("steps", messages='["one"')
    await console.page.get_by_role("button", name="Start").click()
    await expect(console.page.locator("#field-messages-wrong")).to_contain_text("This is not JSON")
    await console.page.locator("#field-messages").fill('["one", 2]')
    await console.page.get_by_role("button", name="Start").click()
    await expect(console.page.locator("#field-messages-wrong")).to_contain_text("At 1: 2 is not")


async def test_a_job_that_fails_says_why(browser: Browser, tmp_path: Path) -> None:
    async with (
        openai_server(WRONG_KEY) as model,
        alone(browser, tmp_path, model.environment()) as (_, console),
    ):
        await console.start("answer", question="Why?")
        await console.ends("failed")
        outcome = console.page.locator(".outcome")
        await expect(outcome).to_contain_text("Failed: authentication")
        await expect(outcome).to_contain_text("Incorrect API key provided.")


async def test_a_developer_sees_the_traceback_of_a_job_that_fails(
    browser: Browser, tmp_path: Path
) -> None:
    async with alone(browser, tmp_path, {"TAILRACE_SHOW_ERRORS": "1"}) as (_, console):
        await console.start("counter", count="2", fail_at="1")
        await console.ends("failed")
        await expect(console.page.locator(".outcome p")).to_have_text(
            "StoppedAsAsked: stopped at event 1, as asked"
        )
        await expect(console.page.locator(".outcome .traceback")).to_contain_text("counter.py")


async def test_a_page_without_its_service_waits_for_it(browser: Browser, tmp_path: Path) -> None:
    async with alone(browser, tmp_path) as (service, console):
        page = console.page
        await console.fill("steps")
        start = page.get_by_role("button", name="Start")
        await service.api.kill()
        await start.click()
        await expect(page.get_by_role("alert")).to_contain_text("The service is not responding.")
        await expect(page.locator("#readiness")).to_have_text("The service is not responding.")
        service.api.start()
        await expect(page.locator("#readiness")).to_have_text("", timeout=LONG_MS)
        await start.click()
        await console.ends()


async def test_a_job_whose_service_is_down_is_found_when_it_is_back(
    browser: Browser, tmp_path: Path
) -> None:
    async with alone(browser, tmp_path) as (service, console):
        page = console.page
        await console.start("steps")
        await console.ends()
        os.kill(service.store.pid, signal.SIGSTOP)
        try:
            await page.reload(wait_until="domcontentloaded")
            await expect(page.locator(".quiet")).to_contain_text("Retrying", timeout=LONG_MS)
            # There is nothing yet to drop or to cancel.
            await expect(page.locator("#job").get_by_role("button", name="line")).to_be_hidden()
            await expect(page.locator("#job").get_by_role("button", name="job")).to_be_hidden()
        finally:
            os.kill(service.store.pid, signal.SIGCONT)
        await console.ends()
        await console.shows_log()


async def test_events_that_are_gone_leave_the_outcome(browser: Browser, tmp_path: Path) -> None:
    env = {"TAILRACE_EVENTS_TTL_S": "1"}
    async with alone(browser, tmp_path, env) as (service, console):
        async with Tailrace(service.url) as tailrace:
            job = (await tailrace.create("steps", {"messages": ["start"]})).id
        gone = partial(_are_gone, f"{service.url}/jobs/{job}/events")
        await wait_until(gone, "the end of the events' life", timeout_s=60)
        await console.open(job)
        await expect(console.status).to_contain_text("succeeded")
        await expect(console.connection).to_contain_text("The events are gone")
        await expect(console.page.locator(".outcome")).to_contain_text("Node C processed")


async def _are_gone(url: str) -> bool:
    async with httpx.AsyncClient() as client:
        return (await client.head(url)).status_code == HTTPStatus.GONE


async def test_events_that_go_before_the_line_is_open_leave_the_outcome(
    browser: Browser, store_url: str
) -> None:
    async def late(route: Route) -> None:
        if route.request.method == "GET":
            await logs.store.delete(keys.log(job.holder.job_id))
        await route.continue_()

    async with (
        serving(ApiSettings(redis_url=store_url)) as api,
        writing(store_url) as logs,
        fresh_page(browser) as page,
    ):
        job = await logs.ended()
        await page.route(re.compile(r"/events(\?|$)"), late)
        console = Console(page, api.url)
        await console.open(job.holder.job_id)
        await expect(console.connection).to_contain_text("The events are gone")
        await expect(page.locator(".outcome")).to_contain_text("Succeeded")
        await expect(page.locator(".outcome")).to_contain_text("done")


async def test_a_service_without_a_worker_says_what_is_missing(
    browser: Browser, store_url: str
) -> None:
    async with (
        serving(ApiSettings(redis_url=store_url)) as api,
        writing(store_url) as logs,
        fresh_page(browser) as page,
    ):
        await Console(page, api.url).open()
        await expect(page.locator("#start .lead")).to_contain_text("No worker has announced")
        await expect(page.locator("#readiness")).to_have_text(
            "The service is waiting for a worker."
        )
        await logs.announce()
        await expect(page.get_by_role("button", name="Start")).to_be_visible()
