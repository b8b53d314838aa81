"""The console as a test uses it: what a user would click, type and read."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import orjson
from playwright.async_api import Locator, Page, expect

from tests.support.event_stream import Dispatched, EventStreamReader

LONG_MS = 60_000
ENDLESS = "100000"
"""More than any test takes: the job lasts until the test has seen enough, and cancels it."""
COLLECT_ROWS = """
async (rows) => {
  const seen = new Map();
  const nextFrame = () => new Promise(requestAnimationFrame);
  rows.scrollTop = 0;
  for (;;) {
    await nextFrame();
    await nextFrame();
    for (const row of rows.querySelectorAll(".row")) {
      seen.set(Number(row.children[0].textContent), row.children[1].textContent);
    }
    if (rows.scrollTop + rows.clientHeight >= rows.scrollHeight - 1) return [...seen];
    rows.scrollTop += rows.clientHeight;
  }
}
"""
DISCONNECT_AND_RECONNECT = """
(button) => {
  button.click();
  const words = button.textContent;
  button.click();
  return words;
}
"""


@dataclass(frozen=True, slots=True)
class Console:
    """The console of a service, at `/`."""

    page: Page
    url: str

    async def open(self, job: str | None = None) -> None:
        """Go to the page, or to a job's own URL."""
        await self.page.goto(f"{self.url}/?job={job}" if job else f"{self.url}/")

    async def fill(self, graph: str, **fields: str) -> None:
        """Choose a graph and type its input."""
        await self.open()
        await self.choose(graph)
        for name, text in fields.items():
            field = self.page.locator(f"#field-{name}")
            if not await field.is_visible():
                await self.page.locator("summary").click()
            await field.fill(text)

    async def choose(self, graph: str) -> None:
        """Choose a graph; its name is the first word of what describes it."""
        await self.page.get_by_role("radio", name=re.compile(f"^{graph}")).check()

    async def start(self, graph: str, **fields: str) -> str:
        """Start a job and return its id, which the page's own URL says."""
        await self.fill(graph, **fields)
        await self.page.get_by_role("button", name="Start").click()
        await self.page.wait_for_url("**/?job=*")
        return self.page.url.partition("?job=")[2]

    @property
    def connection(self) -> Locator:
        """The words about the connection."""
        return self.page.locator(".connection-words")

    @property
    def status(self) -> Locator:
        """The words about the job."""
        return self.page.locator(".job-state")

    async def says(self, words: str) -> None:
        """Wait until the connection is described in these words."""
        await expect(self.connection).to_contain_text(words, timeout=LONG_MS)

    async def ends(self, status: str = "succeeded") -> None:
        """Wait until the page has the job's end, and has drawn what came before it."""
        await expect(self.status).to_contain_text(status, timeout=LONG_MS)
        await self.says("ended")
        # The record and the connection may know of the end before the last events are drawn.
        await expect(self.page.locator(".outcome")).to_be_visible(timeout=LONG_MS)

    async def cancel(self) -> None:
        """Cancel the job and wait for its end."""
        await self.page.get_by_role("button", name="Cancel the job").click()
        await self.ends("cancelled")

    async def reconnect(self) -> None:
        """Disconnect and reconnect in one step, before the page does so by itself."""
        button = self.page.get_by_role("button", name="Disconnect")
        assert await button.evaluate(DISCONNECT_AND_RECONNECT) == "Reconnect now"

    async def has(self, count: int) -> None:
        """Wait until at least so many events are here."""
        await self.page.wait_for_function(
            "n => document.querySelector('.rows-space').offsetHeight >= 28 * n",
            arg=count,
            timeout=LONG_MS,
        )

    async def account(self) -> str:
        """The page's own account of what it has."""
        return await self.page.locator(".connection-count").inner_text()

    async def rows(self) -> list[tuple[int, str]]:
        """Number and name of every row, read by scrolling from the first to the last."""
        found = await self.page.locator(".rows").evaluate(COLLECT_ROWS)
        return [(number, name) for number, name in found]

    async def saved(self, folder: Path) -> list[dict[str, Any]]:
        """The events that the page saves as a file."""
        async with self.page.expect_download() as started:
            await self.page.get_by_role("button", name="Save").click()
        file = folder / "events.ndjson"
        await (await started.value).save_as(file)
        return [orjson.loads(line) for line in file.read_bytes().splitlines()]

    async def shows_log(self) -> list[Dispatched]:
        """Check that the page shows every event of the job's log and no other; return the log."""
        log = await log_of(self.url, self.page.url.partition("?job=")[2])
        assert await self.rows() == [(int(e.last_event_id), e.name) for e in log]
        assert await self.account() == f"{len(log):,} events, 1 to {len(log):,}, none missing"
        return log

    async def equals_log(self, folder: Path) -> list[Dispatched]:
        """Check that what the page shows, and what it saves, is the job's log; return the log."""
        log = await self.shows_log()
        assert await self.saved(folder) == as_lines(log)
        return log


def as_lines(log: list[Dispatched]) -> list[dict[str, Any]]:
    """The log in the form in which the page saves it."""
    return [
        {"id": int(e.last_event_id), "event": e.name, "data": orjson.loads(e.data)} for e in log
    ]


async def log_of(url: str, job: str) -> list[Dispatched]:
    """A job's log, read past the browser."""
    reader = EventStreamReader()
    async with (
        httpx.AsyncClient(base_url=url, timeout=30) as client,
        client.stream("GET", f"/jobs/{job}/events") as response,
    ):
        async for chunk in response.aiter_bytes():
            reader.feed(chunk)
    assert reader.ended
    return reader.events
