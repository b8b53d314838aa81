"""Forms and questions of graphs that the page has never heard of."""

from pathlib import Path

import orjson
from playwright.async_api import Browser, expect

from tests.browser.conftest import alone

TESTS = Path(__file__).parents[1]


async def test_a_graph_that_takes_no_object_takes_json(browser: Browser, tmp_path: Path) -> None:
    graphs = {"TAILRACE_GRAPHS": str(TESTS / "graphs" / "langgraph.json")}
    async with alone(browser, tmp_path, graphs) as (_, console):
        await console.start("functional", input='"quiet"')
        await console.ends()
        log = await console.equals_log(tmp_path)
        assert orjson.loads(log[-1].data)["status"] == "succeeded"
        await console.start("nested", path='["given"]')
        await console.ends()
        await expect(console.page.locator(".node-output h3 small").first).to_have_text("child")


async def test_a_graph_that_takes_a_context_is_given_one(browser: Browser, tmp_path: Path) -> None:
    graphs = {"TAILRACE_GRAPHS": str(TESTS / "graphs" / "langgraph.json")}
    async with alone(browser, tmp_path, graphs) as (_, console):
        await console.fill("with_model")
        context = console.page.locator("#context-words")
        await context.fill("5")
        await console.page.get_by_role("button", name="Start").click()
        await expect(console.page.locator("#context-words-wrong")).to_contain_text("'array'")
        await context.fill('["soft"]')
        await console.page.get_by_role("button", name="Start").click()
        await console.page.wait_for_url("**/?job=*")
        await console.ends()
        log = await console.equals_log(tmp_path)
        assert orjson.loads(log[-1].data)["result"] == {"seen": ["soft"]}


async def test_questions_that_are_asked_together_are_answered_together(
    browser: Browser, tmp_path: Path
) -> None:
    graphs = {"TAILRACE_GRAPHS": str(TESTS / "graphs" / "hostile" / "langgraph.json")}
    async with alone(browser, tmp_path, graphs) as (_, console):
        await console.start("two_at_once")
        for side in ("left", "right"):
            question = console.page.get_by_role("group", name=f"{side}?")
            await question.get_by_role("radio", name="Text").check()
            await question.get_by_role("textbox").fill(f"said {side}")
        await console.page.get_by_role("button", name="Resume").click()
        await console.ends()
        log = await console.equals_log(tmp_path)
        heard = orjson.loads(log[-1].data)["result"]["heard"]
        assert heard == ["left said left", "right said right"]
