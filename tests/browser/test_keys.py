"""A service with keys: the page asks for one, and listens with a stream ticket."""

import hashlib
import re
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Request, Route, expect

from tests.browser.conftest import alone
from tests.support.browser_page import ENDLESS, FirstPage
from tests.support.wait import wait_until

KEY = "a-key-of-a-test"
KEYS = {"TAILRACE_API_KEYS": f"acme:{hashlib.sha256(KEY.encode()).hexdigest()}"}
SECRET = {"TAILRACE_SECRET": "signs the tickets of a test"}


@asynccontextmanager
async def locked(
    browser: Browser, folder: Path, **env: str
) -> AsyncGenerator[tuple[FirstPage, list[Request]]]:
    """The first page of a service that wants a key, and what it asks the service for."""
    async with alone(browser, folder, {**KEYS, **env}) as (_, first):
        asked: list[Request] = []

        def note(request: Request) -> None:
            asked.append(request)

        first.page.on("request", note)
        await first.open()
        yield first, asked


async def unlock(first: FirstPage, key: str = KEY) -> None:
    """Give the key that the page asks for."""
    await first.page.get_by_label("API key").fill(key)
    await first.page.get_by_role("button", name="Use this key").click()


async def test_the_page_asks_for_a_key_and_reads_the_job_with_a_ticket(
    browser: Browser, tmp_path: Path
) -> None:
    async with locked(browser, tmp_path, **SECRET) as (first, asked):
        await unlock(first, "a wrong one")
        await expect(first.page.locator("#key")).to_contain_text("The key is not known.")
        await unlock(first)
        await first.choose("steps")
        await first.page.get_by_role("button", name="Start").click()
        await first.ends()
        assert await first.account() == "6 events, 1 to 6, none missing"
        streams = [request for request in asked if request.resource_type == "eventsource"]
        assert ["ticket=" in request.url for request in streams] == [True]
        assert not [request.url for request in asked if KEY in request.url]
        await first.page.reload()
        await first.ends()


async def test_a_key_is_kept_for_its_tab_only(browser: Browser, tmp_path: Path) -> None:
    async with locked(browser, tmp_path, **SECRET) as (first, _):
        await unlock(first)
        await expect(first.page.get_by_role("button", name="Start")).to_be_visible()
        other = FirstPage(await first.page.context.new_page(), first.url)
        await other.open()
        await expect(other.page.get_by_label("API key")).to_be_visible()
        assert KEY not in str(await first.page.context.storage_state())


async def test_a_service_that_issues_no_tickets_says_so(browser: Browser, tmp_path: Path) -> None:
    async with locked(browser, tmp_path) as (first, _):
        await unlock(first)
        await first.choose("steps")
        await first.page.get_by_role("button", name="Start").click()
        await first.says("Stream tickets need TAILRACE_SECRET to be set.")


async def test_a_ticket_that_has_expired_is_replaced_and_the_line_goes_on(
    browser: Browser, tmp_path: Path
) -> None:
    env = {**SECRET, "TAILRACE_TICKET_TTL_S": "1", "TAILRACE_CONNECTION_AGE_S": "2"}
    async with locked(browser, tmp_path, **env) as (first, asked):
        await unlock(first)
        await first.choose("counter")
        await first.page.locator("#field-count").fill(ENDLESS)
        await first.page.locator("#field-interval_s").fill("0.1")
        await first.page.get_by_role("button", name="Start").click()
        await first.says("resumed after")
        await first.cancel()
        assert re.fullmatch(r"(\d+) events, 1 to \1, none missing", await first.account())
        tickets = [r.url.partition("ticket=")[2] for r in asked if r.resource_type == "eventsource"]
        assert len(set(tickets)) > 1


async def test_a_ticket_that_runs_out_before_it_is_used_is_replaced(
    browser: Browser, tmp_path: Path
) -> None:
    async def late(route: Route) -> None:
        expiry = int(route.request.url.partition("ticket=")[2].partition(".")[0])
        if not expired:
            expired.append(route.request.url)
            await wait_until(lambda: time.time() > expiry, "the ticket's end", 30)
        await route.continue_()

    expired: list[str] = []
    async with locked(browser, tmp_path, **SECRET, TAILRACE_TICKET_TTL_S="4") as (first, _):
        await unlock(first)
        await first.page.route(re.compile(r"/events\?ticket="), late)
        await first.choose("steps")
        await first.page.get_by_role("button", name="Start").click()
        await first.ends()
        assert len(expired) == 1
