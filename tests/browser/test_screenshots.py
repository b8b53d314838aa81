"""Pictures of the main states, with words of a real model: for docs/, where they are asked for."""

import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, ViewportSize, expect

from tailrace.deploy.local.model import MODEL_NAME
from tests.support.browser import fresh_page
from tests.support.browser_neighbour import neighbour
from tests.support.browser_page import Console
from tests.support.processes import answers, free_port, running_service

DOCS = Path(__file__).parents[2] / "docs" / "images"
MODEL_READY_S = 60.0
MOST_BYTES = 400_000
"""Twice what a window full of text takes: they are kept in the repository."""
PHONE: ViewportSize = {"width": 360, "height": 740}


@asynccontextmanager
async def local_model(folder: Path) -> AsyncGenerator[dict[str, str]]:
    """The small model of `make demo`; the variables under which a worker finds it."""
    port = free_port()
    command = [sys.executable, "-m", "tailrace.deploy.local.model", "--port", str(port)]
    async with neighbour(folder / "model.log", *command):
        await answers(f"http://127.0.0.1:{port}/health", timeout_s=MODEL_READY_S)
        yield {"OPENAI_BASE_URL": f"http://127.0.0.1:{port}/v1", "MODEL": MODEL_NAME}


async def test_the_main_states_are_kept_as_pictures(
    browser: Browser, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    folder = DOCS if request.config.getoption("--screenshots") else tmp_path
    async with (
        local_model(tmp_path) as model,
        running_service(tmp_path / "service", model) as service,
        fresh_page(browser, color_scheme="light") as page,
    ):
        console = Console(page, service.url)
        await _take_article(console, folder)
        await _take_question(console, folder)
        await _take_start(console, folder)
    sizes = {file.name: file.stat().st_size for file in folder.glob("*.png")}
    assert len(sizes) == 6
    assert {name: size for name, size in sizes.items() if size > MOST_BYTES} == {}


async def _take_article(console: Console, folder: Path) -> None:
    page = console.page
    await console.start("article", topic="how rivers shape the land")
    await expect(page.locator(".node-output h3").nth(1)).to_be_visible(timeout=120_000)
    await console.reconnect()
    await console.says("resumed after")
    await _picture(page, folder / "job-light.png")
    await page.emulate_media(color_scheme="dark")
    await _picture(page, folder / "job-dark.png")
    await console.ends()
    await page.emulate_media(color_scheme="light")
    await page.set_viewport_size(PHONE)
    await page.evaluate("scrollTo(0, 0)")
    await _picture(page, folder / "job-phone.png")


async def _take_question(console: Console, folder: Path) -> None:
    page = console.page
    await page.set_viewport_size({"width": 1280, "height": 860})
    await console.start("approval", text="The mill is closed on Monday.")
    await page.get_by_role("radio", name="Text").check()
    await page.locator(".interrupt textarea").fill("The mill is closed all week.")
    await _picture(page, folder / "question-light.png")


async def _take_start(console: Console, folder: Path) -> None:
    page = console.page
    await console.fill("answer", question="What color is the sky?")
    await expect(page.locator(".recent li").first).not_to_contain_text("…")
    await page.evaluate("document.activeElement.blur()")
    await _picture(page, folder / "start-light.png")
    await page.emulate_media(color_scheme="dark")
    await page.set_viewport_size(PHONE)
    await _picture(page, folder / "start-phone-dark.png")


async def _picture(page: Page, file: Path) -> None:
    await page.mouse.move(0, 0)
    await page.screenshot(path=file, animations="disabled", caret="hide")
