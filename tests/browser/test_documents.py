"""The scripts that the documents show run in a page of the service, and tell how the job ended."""

import pytest
from playwright.async_api import Browser

from tests.browser.conftest import Stage
from tests.support.browser import fresh_page
from tests.support.markdown import Block, all_blocks
from tests.support.wait import wait_until


@pytest.mark.parametrize("block", all_blocks("js"), ids=str)
async def test_a_script_of_the_documents_follows_a_job(
    browser: Browser, stage: Stage, block: Block
) -> None:
    said = list[str]()
    async with fresh_page(browser) as page:
        await page.goto(stage.url)
        page.on("console", lambda message: said.append(message.text))
        await page.evaluate(f"async () => {{ {block.text} }}")
        await wait_until(lambda: "succeeded" in said, "the script to tell the job's end", 30)
    assert len(said) > 2, said
