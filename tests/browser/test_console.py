"""The console works: jobs are started, followed, resumed, cancelled, and found again."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from playwright.async_api import expect

from tailrace.shared.jobs import JobId, JobRequest, Pause, new_job_id
from tests.browser.conftest import TEXT, Stage
from tests.support.browser_page import Console
from tests.support.service import writing

NODES = ["brainstorm", "write_outline", "write_article"]


async def test_a_job_is_read_to_its_end_node_by_node(console: Console, tmp_path: Path) -> None:
    await console.start("article", topic="the sky")
    await console.ends()
    log = await console.equals_log(tmp_path)
    blocks = console.page.locator(".node-output")
    assert await blocks.locator("h3").all_inner_texts() == NODES
    for block in await blocks.all():
        assert await block.locator(".text").text_content() == TEXT
    assert orjson.loads(log[-1].data)["result"]["article"] == TEXT
    await expect(console.page.locator(".outcome")).to_contain_text("see write_article above")


async def test_a_reload_in_the_middle_goes_on_with_the_whole_log(
    console: Console, tmp_path: Path
) -> None:
    await console.start("counter", count="150", interval_s="0.02")
    await console.has(40)
    await console.page.reload()
    await console.ends()
    assert len(await console.equals_log(tmp_path)) == 154


async def test_a_second_tab_at_the_jobs_own_address_shows_the_same(
    console: Console, tmp_path: Path
) -> None:
    job = await console.start("counter", count="100", interval_s="0.02")
    await console.has(20)
    other = Console(await console.page.context.new_page(), console.url)
    await other.open(job)
    for tab in (console, other):
        await tab.page.bring_to_front()
        await tab.ends()
        await tab.equals_log(tmp_path)
    assert await console.rows() == await other.rows()


async def test_a_cancelled_job_says_so_and_keeps_what_came_before(
    console: Console, tmp_path: Path
) -> None:
    await console.start("countdown", seconds="60")
    await console.has(3)
    await console.cancel()
    await expect(console.page.locator(".outcome")).to_contain_text("Cancelled")
    await expect(console.page.get_by_role("button", name="Cancel the job")).to_be_hidden()
    await console.equals_log(tmp_path)


async def test_a_waiting_job_is_resumed_twice_and_continues(
    console: Console, tmp_path: Path
) -> None:
    await console.start("approval", text="Closed on Monday.")
    question = console.page.locator(".interrupt")
    await expect(question).to_contain_text("Publish this notice?")
    await expect(question).to_contain_text("Notice 1: Closed on Monday.")
    await question.get_by_role("radio", name="Text").check()
    await question.get_by_role("textbox").fill("Closed all week.")
    await question.get_by_role("button", name="Resume").click()
    await expect(question).to_contain_text("Notice 2: Closed all week.")
    await question.get_by_role("radio", name="Yes").check()
    await question.get_by_role("button", name="Resume").click()
    await console.ends()
    log = await console.equals_log(tmp_path)
    assert orjson.loads(log[-1].data)["result"]["published"] is True
    await expect(question).to_be_hidden()


async def stopped(stage: Stage) -> JobId:
    """A job that has stopped at a breakpoint, as if in its first attempt."""
    async with writing(stage.service.store.url) as logs:
        job_id = new_job_id()
        await logs.jobs.create(job_id, "default", JobRequest("counter", {"count": 1}))
        attempt = await logs.taken(job_id)
        await logs.jobs.pause(attempt.holder, Pause(next=("count",)))
    return job_id


async def test_a_stop_without_a_question_says_what_comes_next_and_goes_on_at_a_click(
    console: Console, stage: Stage, tmp_path: Path
) -> None:
    job_id = await stopped(stage)
    await console.open(job_id)
    question = console.page.locator(".interrupt")
    await expect(question).to_contain_text("It needs no input.")
    await expect(question).to_contain_text("Next: count")
    await expect(question.get_by_role("radio")).to_have_count(0)
    async with console.page.expect_request("**/resume") as resumed:
        await question.get_by_role("button", name="Continue").click()
    assert (await resumed.value).post_data_json == {"after": 3}
    await console.ends()
    await console.equals_log(tmp_path)
    await expect(question).to_be_hidden()


async def test_an_answer_names_the_stop_that_it_is_for(console: Console) -> None:
    await console.start("approval", text="Closed on Monday.")
    await console.page.get_by_role("radio", name="Yes").check()
    async with console.page.expect_request("**/resume") as resumed:
        await console.page.get_by_role("button", name="Resume").click()
    body: Any = (await resumed.value).post_data_json
    assert list(body["values"].values()) == [True]
    assert body["after"] == 5
    await console.ends()


async def test_an_answer_that_is_no_json_is_not_sent(console: Console) -> None:
    await console.start("approval", text="Closed on Monday.")
    question = console.page.locator(".interrupt")
    await question.get_by_role("radio", name="JSON").check()
    await question.get_by_role("textbox").fill("{no")
    await question.get_by_role("button", name="Resume").click()
    await expect(question.get_by_role("alert")).to_contain_text("This is not JSON")
    await question.get_by_role("textbox").fill("false")
    await question.get_by_role("button", name="Resume").click()
    await console.ends()


@pytest.mark.parametrize(
    ("graph", "fields", "number"),
    [
        ("progress", {"total_steps": "4", "interval_s": "0.05"}, "100 %"),
        ("countdown", {"seconds": "1"}, "0"),
        ("thinking", {"pace_s": "0.05"}, "4 of 4"),
        ("counter", {"count": "1234"}, "1,234"),
    ],
)
async def test_progress_is_shown_as_the_graph_tells_it(
    console: Console, graph: str, fields: dict[str, str], number: str
) -> None:
    await console.start(graph, **fields)
    await console.ends()
    await expect(console.page.locator(".progress span")).to_have_text(number)


async def test_the_browsers_way_back_leads_from_the_job_to_the_start(console: Console) -> None:
    await console.start("steps")
    await console.ends()
    await console.page.go_back()
    await expect(console.page.get_by_role("button", name="Start")).to_be_visible()
    await console.page.go_forward()
    await console.ends()


async def test_the_next_visit_lists_the_jobs_of_this_browser(console: Console) -> None:
    job = await console.start("steps")
    await console.ends()
    await console.open()
    row = console.page.locator(".recent li")
    await expect(row).to_contain_text("steps")
    await expect(row).to_contain_text("succeeded")
    await row.get_by_role("link").click()
    await console.ends()
    assert console.page.url.endswith(job)
    await console.open()
    await console.page.get_by_role("button", name="Clear the list").click()
    await expect(console.page.locator(".recent")).to_be_hidden()


async def test_an_event_is_shown_whole_and_its_numbers_to_the_last_digit(
    console: Console,
) -> None:
    await console.start("counter", count="3")
    await console.ends()
    log = await console.shows_log()
    await console.page.locator(".row").nth(2).click()
    await expect(console.page.locator(".opened figcaption")).to_contain_text("3 custom")
    shown = await console.page.locator(".opened pre").text_content()
    assert orjson.loads(shown or "") == orjson.loads(log[2].data)


async def test_everything_is_done_without_a_mouse(console: Console, tmp_path: Path) -> None:
    await console.open()
    press = console.page.keyboard.press
    await expect(console.page.locator(".choice").first).to_be_visible()
    await press("Tab")
    await expect(console.page.locator(":focus")).to_have_text("Skip to the content")
    await press("Enter")
    await press("Tab")
    for _ in range(20):
        if await console.page.locator(":focus[value=steps]").count():
            break
        await press("ArrowDown")
    await press("Tab")
    await console.page.keyboard.type(" ")
    await press("Tab")
    await expect(console.page.locator(":focus")).to_have_text("Start")
    await press("Enter")
    await console.ends()
    assert await console.page.evaluate("document.activeElement.id") == "job-title"
    await console.page.locator(".rows").focus()
    await press("End")
    await press("ArrowUp")
    await expect(console.page.locator(".opened figcaption")).to_contain_text("updates")
    await console.equals_log(tmp_path)
