"""Connections that break: by the network in mid-event, by the user, by a restart, out of sight."""

import random
import re
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from playwright.async_api import Browser, Page, Request, expect

from tests.browser.conftest import Stage, alone
from tests.support.browser import fresh_page, untouched_page
from tests.support.browser_page import ENDLESS, LONG_MS, Console, as_lines, log_of
from tests.support.cutting_proxy import Cut, Plan, Proxy, cutting

COUNT = 400
COLLECT = """
([url, names]) => new Promise((resolve) => {
  const got = [];
  const source = new EventSource(url);
  for (const name of names) {
    source.addEventListener(name, ({ lastEventId, data }) => {
      got.push({ id: Number(lastEventId), event: name, data });
      if (name !== "end") return;
      source.close();
      resolve(got);
    });
  }
})
"""
DROP = """
(button) => {
  button.click();
  return document.querySelector(".connection-words").innerText;
}
"""
"""In one step: the page reconnects by itself, after a time in which a busy browser may not look."""
NAMES = ["status", "updates", "messages", "custom", "gap", "end"]


@asynccontextmanager
async def behind(browser: Browser, stage: Stage, plan: Plan) -> AsyncGenerator[tuple[Page, Proxy]]:
    """A page that reaches the service only through a proxy that cuts."""
    port = httpx.URL(stage.url).port or 80
    async with cutting(port, plan) as proxy, fresh_page(browser) as page:
        yield page, proxy


@pytest.mark.parametrize("seed", [1, 2])
async def test_invariant_02_chromiums_eventsource_hears_a_running_job_whole_over_resets(
    browser: Browser, stage: Stage, seed: int
) -> None:
    dice = random.Random(seed)
    given = {"count": COUNT, "interval_s": 0.02, "pad_bytes": 600}
    # Chromium keeps connections: the page's own files come over them first, 20,000 bytes in all.
    async with behind(browser, stage, lambda _: Cut(dice.randint(30_000, 60_000), "rst")) as (
        page,
        proxy,
    ):
        await page.goto(f"{proxy.url}/web/examples/eventsource.html")
        async with httpx.AsyncClient(base_url=stage.url) as client:
            job = (await client.post("/jobs", json={"graph": "counter", "input": given})).json()
        heard = await page.evaluate(COLLECT, [job["urls"]["events"], NAMES])
        assert proxy.cuts >= 3
    for event in heard:
        # Text until here: a browser's numbers are too short for nanoseconds.
        event["data"] = orjson.loads(event["data"])
    assert heard == as_lines(await log_of(stage.url, job["id"]))
    assert len(heard) == COUNT + 4


async def test_a_cut_in_the_middle_of_an_event_is_told_and_costs_nothing(
    browser: Browser, stage: Stage, tmp_path: Path
) -> None:
    # Those that Chromium opens for the page's own files: it takes one of them for the stream. The
    # byte lies behind the files, and in the padding of an event, which is most of the stream.
    async with behind(browser, stage, lambda n: Cut(150_000, "rst") if n < 6 else None) as (
        page,
        proxy,
    ):
        console = Console(page, proxy.url)
        await console.start("counter", count=ENDLESS, interval_s="0.1", pad_bytes="5000")
        await console.says("reconnecting…")
        await console.says("resumed after")
        await console.cancel()
        await console.equals_log(tmp_path)
        assert await page.locator(".timeline i").count() >= 1


async def test_a_connection_that_is_dropped_on_purpose_resumes_after_its_last_event(
    console: Console, tmp_path: Path
) -> None:
    streams: list[str] = []

    def note(request: Request) -> None:
        if request.resource_type == "eventsource":
            streams.append(request.url)

    console.page.on("request", note)
    await console.start("counter", count=ENDLESS, interval_s="0.03")
    await console.has(20)
    drop = console.page.get_by_role("button", name="Disconnect")
    said = re.search(r"disconnected on purpose, after (\d+);", await drop.evaluate(DROP))
    assert said
    last = said[1]
    await console.says(f"resumed after {last}")
    assert [url.partition("?")[2] for url in streams] == ["", f"after={last}"]
    await console.reconnect()
    await console.cancel()
    await console.says("reconnected 2 times")
    await console.equals_log(tmp_path)


async def test_an_api_that_is_killed_and_restarted_costs_the_page_nothing(
    browser: Browser, tmp_path: Path
) -> None:
    async with alone(browser, tmp_path) as (service, console):
        await console.start("counter", count=ENDLESS, interval_s="0.05")
        await console.has(50)
        await service.api.kill()
        await console.says("reconnecting…")
        service.api.start()
        await console.says("resumed after")
        await console.cancel()
        await console.equals_log(tmp_path)


async def test_a_page_that_is_hidden_has_everything_when_it_is_shown_again(
    stage: Stage, tmp_path: Path
) -> None:
    async with untouched_page(tmp_path) as page:
        console = Console(page, stage.url)
        await console.start("counter", count="100", interval_s="0.02")
        await console.has(10)
        front = await page.context.new_page()
        await front.bring_to_front()
        await expect(page).to_have_title("succeeded · counter · Tailrace", timeout=LONG_MS)
        assert await page.evaluate("document.visibilityState") == "hidden"
        await page.bring_to_front()
        await console.ends()
        await console.shows_log()


async def test_a_frozen_page_goes_on_when_it_is_thawed(console: Console, tmp_path: Path) -> None:
    await console.start("counter", count="150", interval_s="0.02")
    await console.has(10)
    session = await console.page.context.new_cdp_session(console.page)
    await session.send("Page.setWebLifecycleState", {"state": "frozen"})
    await _job_ended(console)
    await session.send("Page.setWebLifecycleState", {"state": "active"})
    await console.ends()
    await console.equals_log(tmp_path)


async def _job_ended(console: Console) -> Any:
    return await log_of(console.url, console.page.url.partition("?job=")[2])
