"""The first page does what it says: jobs are started, watched, answered, cancelled, found again."""

from pathlib import Path
from typing import Any

import orjson
import pytest
from playwright.async_api import expect

from tailrace.shared.jobs import JobId, JobRequest, Pause, new_job_id
from tests.browser.conftest import TEXT, Stage
from tests.support.browser_page import FirstPage
from tests.support.service import writing

NODES = ["brainstorm", "write_outline", "write_article"]


async def test_a_job_is_read_to_its_end_node_by_node(first: FirstPage, tmp_path: Path) -> None:
    await first.start("article", topic="the sky")
    await first.ends()
    log = await first.equals_log(tmp_path)
    blocks = first.page.locator(".node-output")
    assert await blocks.locator("h3").all_inner_texts() == NODES
    for block in await blocks.all():
        assert await block.locator(".text").text_content() == TEXT
    assert orjson.loads(log[-1].data)["result"]["article"] == TEXT
    await expect(first.page.locator(".outcome")).to_contain_text("as write_article says above")


async def test_a_reload_in_the_middle_goes_on_with_the_whole_log(
    first: FirstPage, tmp_path: Path
) -> None:
    await first.start("counter", count="150", interval_s="0.02")
    await first.has(40)
    await first.page.reload()
    await first.ends()
    assert len(await first.equals_log(tmp_path)) == 154


async def test_a_second_tab_at_the_jobs_own_address_shows_the_same(
    first: FirstPage, tmp_path: Path
) -> None:
    job = await first.start("counter", count="100", interval_s="0.02")
    await first.has(20)
    other = FirstPage(await first.page.context.new_page(), first.url)
    await other.open(job)
    for tab in (first, other):
        await tab.page.bring_to_front()
        await tab.ends()
        await tab.equals_log(tmp_path)
    assert await first.rows() == await other.rows()


async def test_a_cancelled_job_says_so_and_keeps_what_came_before(
    first: FirstPage, tmp_path: Path
) -> None:
    await first.start("countdown", seconds="60")
    await first.has(3)
    await first.cancel()
    await expect(first.page.locator(".outcome")).to_contain_text("Cancelled")
    await expect(first.page.get_by_role("button", name="Cancel the job")).to_be_hidden()
    await first.equals_log(tmp_path)


async def test_a_waiting_job_is_answered_twice_and_goes_on(
    first: FirstPage, tmp_path: Path
) -> None:
    await first.start("approval", text="Closed on Monday.")
    question = first.page.locator(".interrupt")
    await expect(question).to_contain_text("Publish this notice?")
    await expect(question).to_contain_text("Notice 1: Closed on Monday.")
    await question.get_by_role("radio", name="A text").check()
    await question.get_by_role("textbox").fill("Closed all week.")
    await question.get_by_role("button", name="Send the answer").click()
    await expect(question).to_contain_text("Notice 2: Closed all week.")
    await question.get_by_role("radio", name="Yes").check()
    await question.get_by_role("button", name="Send the answer").click()
    await first.ends()
    log = await first.equals_log(tmp_path)
    assert orjson.loads(log[-1].data)["result"]["published"] is True
    await expect(question).to_be_hidden()


async def stopped(stage: Stage) -> JobId:
    """A job that stands at a breakpoint, as if its first attempt had come to it."""
    async with writing(stage.service.store.url) as logs:
        job_id = new_job_id()
        await logs.jobs.create(job_id, "default", JobRequest("counter", {"count": 1}))
        attempt = await logs.taken(job_id)
        await logs.jobs.pause(attempt.holder, Pause(next=("count",)))
    return job_id


async def test_a_stop_without_a_question_says_what_comes_next_and_goes_on_at_a_click(
    first: FirstPage, stage: Stage, tmp_path: Path
) -> None:
    job_id = await stopped(stage)
    await first.open(job_id)
    question = first.page.locator(".interrupt")
    await expect(question).to_contain_text("It asks nothing.")
    await expect(question).to_contain_text("Next: count")
    await expect(question.get_by_role("radio")).to_have_count(0)
    async with first.page.expect_request("**/resume") as resumed:
        await question.get_by_role("button", name="Continue").click()
    assert (await resumed.value).post_data_json == {"after": 3}
    await first.ends()
    await first.equals_log(tmp_path)
    await expect(question).to_be_hidden()


async def test_an_answer_names_the_stop_that_it_is_for(first: FirstPage) -> None:
    await first.start("approval", text="Closed on Monday.")
    await first.page.get_by_role("radio", name="Yes").check()
    async with first.page.expect_request("**/resume") as resumed:
        await first.page.get_by_role("button", name="Send the answer").click()
    body: Any = (await resumed.value).post_data_json
    assert list(body["values"].values()) == [True]
    assert body["after"] == 5
    await first.ends()


async def test_an_answer_that_is_no_json_is_not_sent(first: FirstPage) -> None:
    await first.start("approval", text="Closed on Monday.")
    question = first.page.locator(".interrupt")
    await question.get_by_role("radio", name="JSON").check()
    await question.get_by_role("textbox").fill("{no")
    await question.get_by_role("button", name="Send the answer").click()
    await expect(question.get_by_role("alert")).to_contain_text("This is not JSON")
    await question.get_by_role("textbox").fill("false")
    await question.get_by_role("button", name="Send the answer").click()
    await first.ends()


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
    first: FirstPage, graph: str, fields: dict[str, str], number: str
) -> None:
    await first.start(graph, **fields)
    await first.ends()
    await expect(first.page.locator(".progress span")).to_have_text(number)


async def test_the_browsers_way_back_leads_from_the_job_to_the_start(first: FirstPage) -> None:
    await first.start("steps")
    await first.ends()
    await first.page.go_back()
    await expect(first.page.get_by_role("button", name="Start")).to_be_visible()
    await first.page.go_forward()
    await first.ends()


async def test_the_next_visit_lists_the_jobs_of_this_browser(first: FirstPage) -> None:
    job = await first.start("steps")
    await first.ends()
    await first.open()
    row = first.page.locator(".recent li")
    await expect(row).to_contain_text("steps")
    await expect(row).to_contain_text("succeeded")
    await row.get_by_role("link").click()
    await first.ends()
    assert first.page.url.endswith(job)
    await first.open()
    await first.page.get_by_role("button", name="Forget them").click()
    await expect(first.page.locator(".recent")).to_be_hidden()


async def test_an_event_is_shown_whole_and_its_numbers_to_the_last_digit(
    first: FirstPage,
) -> None:
    await first.start("counter", count="3")
    await first.ends()
    log = await first.shows_log()
    await first.page.locator(".row").nth(2).click()
    await expect(first.page.locator(".opened figcaption")).to_contain_text("3 custom")
    shown = await first.page.locator(".opened pre").text_content()
    assert orjson.loads(shown or "") == orjson.loads(log[2].data)


async def test_everything_is_done_without_a_mouse(first: FirstPage, tmp_path: Path) -> None:
    await first.open()
    press = first.page.keyboard.press
    await expect(first.page.locator(".choice").first).to_be_visible()
    await press("Tab")
    await expect(first.page.locator(":focus")).to_have_text("Skip to the content")
    await press("Enter")
    await press("Tab")
    for _ in range(20):
        if await first.page.locator(":focus[value=steps]").count():
            break
        await press("ArrowDown")
    await press("Tab")
    await first.page.keyboard.type(" ")
    await press("Tab")
    await expect(first.page.locator(":focus")).to_have_text("Start")
    await press("Enter")
    await first.ends()
    assert await first.page.evaluate("document.activeElement.id") == "job-title"
    await first.page.locator(".rows").focus()
    await press("End")
    await press("ArrowUp")
    await expect(first.page.locator(".opened figcaption")).to_contain_text("updates")
    await first.equals_log(tmp_path)
