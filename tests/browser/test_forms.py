"""Forms and questions of graphs that the page has never heard of."""

from pathlib import Path

import orjson
from playwright.async_api import Browser, expect

from tests.browser.conftest import alone

TESTS = Path(__file__).parents[1]


async def test_a_graph_that_takes_no_object_takes_json(browser: Browser, tmp_path: Path) -> None:
    graphs = {"TAILRACE_GRAPHS": str(TESTS / "graphs" / "langgraph.json")}
    async with alone(browser, tmp_path, graphs) as (_, first):
        await first.start("functional", input='"quiet"')
        await first.ends()
        log = await first.equals_log(tmp_path)
        assert orjson.loads(log[-1].data)["status"] == "succeeded"
        await first.start("nested", path='["given"]')
        await first.ends()
        await expect(first.page.locator(".node-output h3 small").first).to_have_text("child")


async def test_a_graph_that_takes_a_context_is_given_one(browser: Browser, tmp_path: Path) -> None:
    graphs = {"TAILRACE_GRAPHS": str(TESTS / "graphs" / "langgraph.json")}
    async with alone(browser, tmp_path, graphs) as (_, first):
        await first.fill("with_model")
        context = first.page.locator("#context-words")
        await context.fill("5")
        await first.page.get_by_role("button", name="Start").click()
        await expect(first.page.locator("#context-words-wrong")).to_contain_text("'array'")
        await context.fill('["soft"]')
        await first.page.get_by_role("button", name="Start").click()
        await first.page.wait_for_url("**/?job=*")
        await first.ends()
        log = await first.equals_log(tmp_path)
        assert orjson.loads(log[-1].data)["result"] == {"seen": ["soft"]}


async def test_questions_that_are_asked_together_are_answered_together(
    browser: Browser, tmp_path: Path
) -> None:
    graphs = {"TAILRACE_GRAPHS": str(TESTS / "graphs" / "hostile" / "langgraph.json")}
    async with alone(browser, tmp_path, graphs) as (_, first):
        await first.start("two_at_once")
        for side in ("left", "right"):
            question = first.page.get_by_role("group", name=f"{side}?")
            await question.get_by_role("radio", name="A text").check()
            await question.get_by_role("textbox").fill(f"said {side}")
        await first.page.get_by_role("button", name="Send the answer").click()
        await first.ends()
        log = await first.equals_log(tmp_path)
        heard = orjson.loads(log[-1].data)["result"]["heard"]
        assert heard == ["left said left", "right said right"]
