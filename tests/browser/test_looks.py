"""How the page is to look at and to use, in each of its states: no barrier, a phone's width."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Literal

import axe_playwright_python
import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from tests.browser.conftest import Stage
from tests.support.browser import fresh_page
from tests.support.browser_page import FirstPage

AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text()
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
PHONE: ViewportSize = {"width": 360, "height": 740}

Scheme = Literal["light", "dark"]
State = Callable[[FirstPage], Awaitable[object]]


async def starting(first: FirstPage) -> None:
    await first.fill("answer")


async def refused(first: FirstPage) -> None:
    await first.fill("approval", text="")
    await first.page.get_by_role("button", name="Start").click()
    await expect(first.page.get_by_role("alert").first).to_be_visible()


async def running(first: FirstPage) -> None:
    await first.start("countdown", seconds="60")
    await first.has(4)


async def dropped(first: FirstPage) -> None:
    await running(first)
    await first.page.get_by_role("button", name="Drop the line").click()
    await first.says("dropped")


async def waiting(first: FirstPage) -> None:
    await first.start("approval", text="Closed on Monday.")
    await first.page.get_by_role("radio", name="A text").check()


async def ended(first: FirstPage) -> None:
    await first.start("article", topic="the sky")
    await first.ends()
    await first.page.locator(".row").last.click()
    await expect(first.page.locator(".opened")).to_be_visible()


async def failed(first: FirstPage) -> None:
    await first.start("counter", count="50", fail_at="20")
    await first.ends("failed")


async def unknown(first: FirstPage) -> None:
    await first.open("nothing")
    await expect(first.page.get_by_role("heading", level=1)).to_have_text("There is no such job")


async def long(first: FirstPage) -> None:
    await first.start("counter", count="5000", nodes="99", tag="w" * 900)
    await first.ends()


async def visited(first: FirstPage) -> None:
    await first.start("steps")
    await first.ends()
    await first.open()
    await expect(first.page.locator(".recent li")).to_contain_text("succeeded")


STATES: list[State] = [
    starting, refused, running, dropped, waiting, ended, failed, unknown, long, visited,
]  # fmt: skip


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
async def test_a_state_of_the_page_has_no_barrier_and_fits_a_phone(
    browser: Browser, stage: Stage, state: State, scheme: Scheme
) -> None:
    async with fresh_page(browser, color_scheme=scheme) as page:
        await state(FirstPage(page, stage.url))
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
        await ended(FirstPage(page, stage.url))
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
        await running(FirstPage(page, stage.url))
        moving = "() => document.getAnimations().filter(({ playState }) => playState === 'running')"
        assert await page.evaluate(f"({moving})().length") == 0


async def test_tokens_are_not_announced_one_by_one(first: FirstPage) -> None:
    await first.open()
    watch = """() => {
      window.said = [];
      const announcer = document.getElementById("announcer");
      new MutationObserver(() => window.said.push(announcer.textContent))
        .observe(announcer, { childList: true, characterData: true, subtree: true });
    }"""
    await first.page.evaluate(watch)
    await first.choose("article")
    await first.page.locator("#field-topic").fill("the sky")
    await first.page.get_by_role("button", name="Start").click()
    await first.ends()
    said = await first.page.evaluate("() => window.said")
    assert said[-1] == "The job is succeeded."
    assert len(said) <= 3
    live = "() => document.querySelector('.transcript').closest('[aria-live], [role=status]')"
    assert await first.page.evaluate(live) is None


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
