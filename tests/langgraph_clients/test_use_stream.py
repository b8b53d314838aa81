"""LangGraph's hook `useStream`, as npm has it, in Chromium: the example's page and a service."""

import re
from collections.abc import AsyncGenerator

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.langgraph_clients.conftest import NODE
from tests.langgraph_clients.needs import PAGE
from tests.support.browser import PATIENCE_MS, chromium
from tests.support.browser_neighbour import neighbour
from tests.support.cutting_proxy import Cut, cutting
from tests.support.processes import READY_S, Service, answers
from tests.support.wait import wait_until

VITE = PAGE / "node_modules" / "vite" / "bin" / "vite.js"

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncGenerator[Browser]:
    """One browser for all tests."""
    expect.set_options(timeout=PATIENCE_MS)
    async with chromium() as browser:
        yield browser


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def address(
    page_port: int, ours: Service, tmp_path_factory: pytest.TempPathFactory
) -> AsyncGenerator[str]:
    """Where the page is, served by Vite, which forwards its calls to the service."""
    log = tmp_path_factory.mktemp("vite") / "vite.log"
    command = (str(NODE), str(VITE), "--port", str(page_port), "--strictPort")
    async with neighbour(log, *command, cwd=PAGE, env={"TAILRACE_URL": ours.url}):
        await answers(f"http://127.0.0.1:{page_port}/", timeout_s=READY_S)
        yield f"http://127.0.0.1:{page_port}/?assistant=chat"


@pytest_asyncio.fixture(loop_scope="session")
async def page(browser: Browser, address: str) -> AsyncGenerator[Page]:
    """The page, opened."""
    context = await browser.new_context()
    page = await context.new_page()
    await page.goto(address)
    yield page
    await context.close()


async def say(page: Page, text: str) -> None:
    await expect(page.get_by_role("status")).to_have_text("ready")
    await page.get_by_label("Message").fill(text)
    await page.get_by_role("button", name="Send").click()


async def hears(page: Page, *texts: str) -> None:
    """Expect these messages, and no others, and that the page is ready."""
    await expect(page.get_by_role("listitem").locator("span")).to_have_text(list(texts))
    await expect(page.get_by_role("status")).to_have_text("ready")


async def test_a_conversation(page: Page) -> None:
    await say(page, "hello")
    await hears(page, "hello", "Echo: hello")
    await say(page, "again")
    await hears(page, "hello", "Echo: hello", "again", "Echo: again")
    await page.reload()
    await hears(page, "hello", "Echo: hello", "again", "Echo: again")


async def test_a_page_that_is_reloaded_rejoins_its_run(page: Page) -> None:
    await say(page, "slow tale of a mill and a river")
    await expect(page.get_by_text("Echo: slow", exact=False)).to_be_visible()
    await page.reload()
    await hears(page, "slow tale of a mill and a river", "Echo: slow tale of a mill and a river")


async def test_stop_ends_the_run(page: Page, ours: Service) -> None:
    await say(page, "slow tale that nobody wants to hear to its very end")
    await expect(page.get_by_text("Echo: slow", exact=False)).to_be_visible()
    await page.get_by_role("button", name="Stop").click()
    await expect(page.get_by_role("status")).to_have_text("ready")
    found = re.search(r"thread=([0-9a-f-]+)", page.url)
    assert found is not None
    async with httpx.AsyncClient(base_url=f"{ours.url}/langgraph") as client:

        async def interrupted() -> bool:
            [run] = (await client.get(f"/threads/{found[1]}/runs")).json()
            return run["status"] == "interrupted"

        await wait_until(interrupted, "the run to be cancelled")
    await say(page, "next")
    await expect(page.get_by_text("Echo: next")).to_be_visible()


async def test_a_question_is_answered(page: Page) -> None:
    await say(page, "ask me")
    question = page.get_by_role("region", name="Question")
    await expect(question).to_contain_text("ask me")
    await page.reload()
    await expect(question).to_contain_text("ask me")
    await question.get_by_role("button", name="Yes").click()
    await hears(page, "ask me", "Echo: yes")
    await expect(question).not_to_be_visible()


async def test_an_edit_branches_and_the_branches_can_be_switched(page: Page) -> None:
    await say(page, "one")
    await hears(page, "one", "Echo: one")
    page.once("dialog", lambda dialog: dialog.accept("two"))
    await page.get_by_role("button", name="Edit").click()
    await hears(page, "two", "Echo: two")
    await page.get_by_role("button", name="1", exact=True).click()
    await hears(page, "one", "Echo: one")
    await page.get_by_role("button", name="2", exact=True).click()
    await hears(page, "two", "Echo: two")


async def test_a_run_whose_connections_break_is_whole(
    browser: Browser, ours: Service, address: str
) -> None:
    def plan(number: int) -> Cut | None:
        # Every other connection is left alone: a request for the state has to come through, too.
        return None if number % 2 == 0 else Cut(3000 + 700 * number, "rst")

    async with cutting(int(ours.url.rsplit(":", 1)[1]), plan) as proxy:
        page = await browser.new_page()
        await page.goto(f"{address}&api={proxy.url}/langgraph")
        await say(page, "slow and steady")
        await hears(page, "slow and steady", "Echo: slow and steady")
        assert proxy.cuts
        await page.close()
