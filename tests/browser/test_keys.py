"""A service with keys: the page asks for one, and listens with a stream ticket."""

import hashlib
import re
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from playwright.async_api import Browser, Request, Route, expect

from tests.browser.conftest import alone
from tests.support.browser_page import ENDLESS, Console
from tests.support.wait import wait_until

KEY = "a-key-of-a-test"
KEYS = {"TAILRACE_API_KEYS": f"acme:{hashlib.sha256(KEY.encode()).hexdigest()}"}
SECRET = {"TAILRACE_SECRET": "signs the tickets of a test"}


@asynccontextmanager
async def locked(
    browser: Browser, folder: Path, **env: str
) -> AsyncGenerator[tuple[Console, list[Request]]]:
    """The console of a service that requires a key, and the requests that it sends."""
    async with alone(browser, folder, {**KEYS, **env}) as (_, console):
        asked: list[Request] = []

        def note(request: Request) -> None:
            asked.append(request)

        console.page.on("request", note)
        await console.open()
        yield console, asked


async def unlock(console: Console, key: str = KEY) -> None:
    """Give the key that the page asks for."""
    await console.page.get_by_label("API key").fill(key)
    await console.page.get_by_role("button", name="Use this key").click()


async def test_the_page_asks_for_a_key_and_reads_the_job_with_a_ticket(
    browser: Browser, tmp_path: Path
) -> None:
    async with locked(browser, tmp_path, **SECRET) as (console, asked):
        await unlock(console, "a wrong one")
        await expect(console.page.locator("#key")).to_contain_text("The key is not known.")
        await unlock(console)
        await console.choose("steps")
        await console.page.get_by_role("button", name="Start").click()
        await console.ends()
        assert await console.account() == "6 events, 1 to 6, none missing"
        streams = [request for request in asked if request.resource_type == "eventsource"]
        assert ["ticket=" in request.url for request in streams] == [True]
        assert not [request.url for request in asked if KEY in request.url]
        await console.page.reload()
        await console.ends()


async def test_a_key_is_kept_for_its_tab_only(browser: Browser, tmp_path: Path) -> None:
    async with locked(browser, tmp_path, **SECRET) as (console, _):
        await unlock(console)
        await expect(console.page.get_by_role("button", name="Start")).to_be_visible()
        other = Console(await console.page.context.new_page(), console.url)
        await other.open()
        await expect(other.page.get_by_label("API key")).to_be_visible()
        assert KEY not in str(await console.page.context.storage_state())


async def test_a_service_that_issues_no_tickets_says_so(browser: Browser, tmp_path: Path) -> None:
    async with locked(browser, tmp_path) as (console, _):
        await unlock(console)
        await console.choose("steps")
        await console.page.get_by_role("button", name="Start").click()
        await console.says("Stream tickets need TAILRACE_SECRET to be set.")


async def test_a_ticket_that_has_expired_is_replaced_and_the_line_goes_on(
    browser: Browser, tmp_path: Path
) -> None:
    env = {**SECRET, "TAILRACE_TICKET_TTL_S": "1", "TAILRACE_CONNECTION_AGE_S": "2"}
    async with locked(browser, tmp_path, **env) as (console, asked):
        await unlock(console)
        await console.choose("counter")
        await console.page.locator("#field-count").fill(ENDLESS)
        await console.page.locator("#field-interval_s").fill("0.1")
        await console.page.get_by_role("button", name="Start").click()
        await console.says("resumed after")
        await console.cancel()
        assert re.fullmatch(r"(\d+) events, 1 to \1, none missing", await console.account())
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
    async with locked(browser, tmp_path, **SECRET, TAILRACE_TICKET_TTL_S="4") as (console, _):
        await unlock(console)
        await console.page.route(re.compile(r"/events\?ticket="), late)
        await console.choose("steps")
        await console.page.get_by_role("button", name="Start").click()
        await console.ends()
        assert len(expired) == 1
