"""Forms and questions of graphs that the page has never heard of."""

from pathlib import Path

import orjson
from playwright.async_api import Browser, expect

from tests.support.browser import fresh_page
from tests.support.browser_page import FirstPage
from tests.support.processes import running_service

TESTS = Path(__file__).parents[1]


async def test_a_graph_that_takes_no_object_takes_json(browser: Browser, tmp_path: Path) -> None:
    graphs = {"TAILRACE_GRAPHS": str(TESTS / "graphs" / "langgraph.json")}
    async with (
        running_service(tmp_path / "service", graphs) as service,
        fresh_page(browser) as page,
    ):
        first = FirstPage(page, service.url)
        await first.start("functional", input='"quiet"')
        await first.ends()
        log = await first.equals_log(tmp_path)
        assert orjson.loads(log[-1].data)["status"] == "succeeded"
        await first.start("nested", path='["given"]')
        await first.ends()
        await expect(page.locator(".block h3 small").first).to_have_text("child")


async def test_questions_that_are_asked_together_are_answered_together(
    browser: Browser, tmp_path: Path
) -> None:
    graphs = {"TAILRACE_GRAPHS": str(TESTS / "graphs_b" / "langgraph.json")}
    async with (
        running_service(tmp_path / "service", graphs) as service,
        fresh_page(browser) as page,
    ):
        first = FirstPage(page, service.url)
        await first.start("two_at_once")
        for side in ("left", "right"):
            question = page.get_by_role("group", name=f"{side}?")
            await question.get_by_role("radio", name="A text").check()
            await question.get_by_role("textbox").fill(f"said {side}")
        await page.get_by_role("button", name="Send the answer").click()
        await first.ends()
        log = await first.equals_log(tmp_path)
        heard = orjson.loads(log[-1].data)["result"]["heard"]
        assert heard == ["left said left", "right said right"]
