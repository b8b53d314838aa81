"""How the page is to look at and to use, in each of its states: no barrier, a phone's width."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import axe_playwright_python
import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.browser.conftest import Stage
from tests.support.browser import fresh_page
from tests.support.browser_page import Console

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE: ViewportSize = {"width": 360, "height": 740}

Scheme = Literal["light", "dark"]
State = Callable[[Console], Awaitable[object]]


async def starting(console: Console) -> None:
    await console.fill("answer")


async def refused(console: Console) -> None:
    await console.fill("approval", text="")
    await console.page.get_by_role("button", name="Start").click()
    await expect(console.page.get_by_role("alert").first).to_be_visible()


async def running(console: Console) -> None:
    await console.start("countdown", seconds="60")
    await console.has(4)


async def dropped(console: Console) -> None:
    await running(console)
    await console.page.get_by_role("button", name="Disconnect").click()
    await console.says("disconnected")


async def waiting(console: Console) -> None:
    await console.start("approval", text="Closed on Monday.")
    await console.page.get_by_role("radio", name="Text").check()


async def ended(console: Console) -> None:
    await console.start("article", topic="the sky")
    await console.ends()
    await console.page.locator(".row").last.click()
    await expect(console.page.locator(".opened")).to_be_visible()


async def failed(console: Console) -> None:
    await console.start("counter", count="50", fail_at="20")
    await console.ends("failed")


async def unknown(console: Console) -> None:
    await console.open("nothing")
    await expect(console.page.get_by_role("heading", level=1)).to_have_text("There is no such job")


async def long(console: Console) -> None:
    await console.start("counter", count="5000", nodes="99", tag="w" * 900)
    await console.ends()


async def visited(console: Console) -> None:
    await console.start("steps")
    await console.ends()
    await console.open()
    await expect(console.page.locator(".recent li")).to_contain_text("succeeded")


STATES: list[State] = [
    starting, refused, running, dropped, waiting, ended, failed, unknown, long, visited,
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
async def test_a_state_of_the_page_has_no_barrier_and_fits_a_phone(
    browser: Browser, stage: Stage, state: State, scheme: Scheme
) -> None:
    async with fresh_page(browser, color_scheme=scheme) as page:
        await state(Console(page, stage.url))
        assert await barriers(page) == []
        await page.set_viewport_size(PHONE)
        assert await barriers(page) == []
        assert await overflow(page) == []


@pytest.mark.parametrize("name", ["eventsource", "fetch-event-source"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_an_example_has_no_barrier_and_fits_a_phone(
    browser: Browser, stage: Stage, name: str, scheme: Scheme
) -> None:
    async with fresh_page(browser, color_scheme=scheme) as page:
        await page.goto(f"{stage.url}/web/examples/{name}.html")
        await page.get_by_role("button").first.click()
        await expect(page.get_by_role("status")).to_have_text("succeeded")
        assert await barriers(page) == []
        await page.set_viewport_size(PHONE)
        assert await overflow(page) == []


async def test_on_a_phone_the_jobs_head_reads_from_top_to_bottom(
    browser: Browser, stage: Stage
) -> None:
    async with fresh_page(browser) as page:
        await ended(Console(page, stage.url))
        await page.set_viewport_size(PHONE)
        parts = [
            page.get_by_role("heading", level=1),
            page.locator(".job-state"),
            page.locator(".job-id"),
        ]
        boxes = [await part.bounding_box() for part in parts]
        tops = [box["y"] for box in boxes if box]
        assert tops == sorted(tops)
        assert all(box and box["height"] < 40 for box in boxes)


async def test_motion_is_reduced_where_it_is_unwelcome(browser: Browser, stage: Stage) -> None:
    async with fresh_page(browser, reduced_motion="reduce") as page:
        await running(Console(page, stage.url))
        moving = "() => document.getAnimations().filter(({ playState }) => playState === 'running')"
        assert await page.evaluate(f"({moving})().length") == 0


async def test_tokens_are_not_announced_one_by_one(console: Console) -> None:
    await console.open()
    watch = """() => {
      window.said = [];
      const announcer = document.getElementById("announcer");
      new MutationObserver(() => window.said.push(announcer.textContent))
        .observe(announcer, { childList: true, characterData: true, subtree: true });
    }"""
    await console.page.evaluate(watch)
    await console.choose("article")
    await console.page.locator("#field-topic").fill("the sky")
    await console.page.get_by_role("button", name="Start").click()
    await console.ends()
    said = await console.page.evaluate("() => window.said")
    assert said[-1] == "The job succeeded."
    assert len(said) <= 3
    live = "() => document.querySelector('.transcript').closest('[aria-live], [role=status]')"
    assert await console.page.evaluate(live) is None


async def barriers(page: Page) -> list[str]:
    """What axe-core finds wrong, one line each."""
    await page.evaluate(AXE)
    options = {"runOnly": {"type": "tag", "values": RULES}}
    found: dict[str, Any] = await page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{violation['id']}: {node['html'][:160]} {node['failureSummary'][:300]}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]


async def overflow(page: Page) -> list[str]:
    """What sticks out of the window at the side, outside of what scrolls by itself."""
    return await page.evaluate(
        """() => {
          const root = document.documentElement;
          if (root.scrollWidth <= root.clientWidth) return [];
          return [...document.querySelectorAll("body *")]
            .filter((part) => part.getBoundingClientRect().right > root.clientWidth + 1)
            .map((part) => part.outerHTML.slice(0, 120));
        }"""
    )
