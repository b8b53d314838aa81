"""Chromium, the system's own, driven by Playwright; and its pages, which must not complain.

Owns how the browser is started. How a test sees the console is up to `browser_page`.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, ConsoleMessage, Page, async_playwright

from tests.support.browser_neighbour import neighbour
from tests.support.wait import wait_until
from tools import programs

ARGUMENTS = [
    "--headless=new",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
]
START_S = 60.0
PATIENCE_MS = 30_000
"""For what should come soon; two cores also run the service and its worker."""
REFUSED = "Failed to load resource"
"""Chromium's words for any unsuccessful response; tests of refusals provoke them."""


@asynccontextmanager
async def chromium() -> AsyncGenerator[Browser]:
    """A running browser without a window."""
    async with async_playwright() as playwright:
        # Playwright's own headless mode is another program; `--headless=new` is the browser itself.
        browser = await playwright.chromium.launch(
            executable_path=programs.required("chromium"),
            headless=False,
            args=_arguments(),
        )
        try:
            yield browser
        finally:
            await browser.close()


@asynccontextmanager
async def untouched_page(folder: Path) -> AsyncGenerator[Page]:
    """A page of a browser that Playwright only watches: elsewhere it calls every page visible.

    Args:
        folder: an empty one, for the browser's profile and what it writes.
    """
    profile = folder / "profile"
    command = [*_command(), f"--user-data-dir={profile}", "--remote-debugging-port=0"]
    async with neighbour(folder / "chromium.log", *command, "about:blank"):
        port = profile / "DevToolsActivePort"
        await wait_until(lambda: port.exists() and port.read_text(), "the browser's port", START_S)
        address = f"http://127.0.0.1:{port.read_text().splitlines()[0]}"
        async with async_playwright() as playwright:
            browser = await playwright.chromium.connect_over_cdp(address, no_defaults=True)
            yield browser.contexts[0].pages[0]
            await browser.close()


@asynccontextmanager
async def fresh_page(browser: Browser, **options: Any) -> AsyncGenerator[Page]:
    """A page of a context of its own: no key, no jobs from before. Fails if the page complains.

    Args:
        browser: the running browser.
        options: what Playwright's `new_context` takes: the window's size, light or dark.
    """
    context = await browser.new_context(viewport={"width": 1280, "height": 860}, **options)
    context.set_default_timeout(PATIENCE_MS)
    complaints: list[str] = []

    def hear(message: ConsoleMessage) -> None:
        if message.type == "error" and REFUSED not in message.text:
            complaints.append(message.text)

    context.on("console", hear)
    context.on("weberror", lambda error: complaints.append(str(error.error)))
    try:
        yield await context.new_page()
    finally:
        await context.close()
    assert complaints == []


def _command() -> list[str]:
    return [programs.required("chromium"), *_arguments()]


def _arguments() -> list[str]:
    # The sandbox refuses root, which containers and CI often are.
    return [*ARGUMENTS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
