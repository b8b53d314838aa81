"""Chromium behind the nginx that we ship: streams survive restarts of the API.

On HTTP/1.1, and on HTTP/2 over TLS.
"""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import pytest
import pytest_asyncio
from playwright.async_api import Browser, Page, expect

from tests.support.browser import fresh_page
from tests.support.browser_page import Console, as_lines, log_of
from tests.support.nginx import Nginx, nginx
from tests.support.processes import Service, running_service
from tests.support.wait import wait_until

COUNT, INTERVAL_S = 150, 0.05
PATIENCE_S = 60.0
NAMES = ["status", "updates", "messages", "custom", "gap", "end"]

EVENT_SOURCE = """
([url, names]) => {
  window.heard = [];
  const source = new EventSource(url);
  for (const name of names) {
    source.addEventListener(name, ({ lastEventId, data }) => {
      heard.push({ id: Number(lastEventId), event: name, data });
      if (name === "end") source.close();
    });
  }
}
"""
FETCH_EVENT_SOURCE = """
async ([url]) => {
  const { fetchEventSource } =
    await import("/web/examples/vendor/fetch-event-source/index.js");
  window.heard = [];
  const over = new AbortController();
  fetchEventSource(url, {
    signal: over.signal,
    onmessage: ({ id, event, data }) => {
      heard.push({ id: Number(id), event, data });
      if (event === "end") over.abort();
    },
    onclose: () => { throw new Error("closed before the end"); },
  });
}
"""
LIBRARIES = {"EventSource": EVENT_SOURCE, "fetch-event-source": FETCH_EVENT_SOURCE}


@dataclass(frozen=True, slots=True)
class Place:
    """A service of one's own behind nginx."""

    service: Service
    nginx: Nginx

    def written(self) -> str:
        """The proxy's log of requests."""
        return self.nginx.access_log.read_text()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def place(tmp_path_factory: pytest.TempPathFactory) -> AsyncGenerator[Place]:
    async with running_service(tmp_path_factory.mktemp("service")) as service:
        api_port = httpx.URL(service.url).port or 80
        async with nginx(api_port, tmp_path_factory.mktemp("nginx")) as proxy:
            yield Place(service, proxy)


@pytest.fixture
async def client(place: Place) -> AsyncGenerator[httpx.AsyncClient]:
    """A caller that does what it does through nginx."""
    async with httpx.AsyncClient(base_url=place.nginx.urls["HTTP/1.1"]) as client:
        yield client


async def heard_on(page: Page) -> list[dict[str, Any]]:
    return await page.evaluate("heard")


@pytest.mark.parametrize("protocol", ["HTTP/1.1", "HTTP/2.0"])
@pytest.mark.parametrize("library", LIBRARIES)
async def test_invariant_02_a_page_hears_everything_once_over_a_restart_of_the_api(
    browser: Browser, place: Place, library: str, protocol: str
) -> None:
    written_before = len(place.written())

    def written() -> str:
        return place.written()[written_before:]

    url = place.nginx.urls[protocol]
    async with fresh_page(browser, ignore_https_errors=True) as page:
        await page.goto(f"{url}/web/examples/eventsource.html")
        given = {"count": COUNT, "interval_s": INTERVAL_S}
        async with httpx.AsyncClient(base_url=place.service.url) as plain:
            job = (await plain.post("/jobs", json={"graph": "counter", "input": given})).json()
        await page.evaluate(LIBRARIES[library], [job["urls"]["events"], NAMES])

        async def has(number: int) -> bool:
            return len(await heard_on(page)) >= number

        await wait_until(lambda: has(20), "the first events", PATIENCE_S)
        await place.service.api.kill()
        # The page reconnects while no replica is there: a 502 would end an EventSource permanently.
        await wait_until(lambda: '"status":444' in written(), "a dropped reconnect", PATIENCE_S)
        place.service.api.start()
        await place.service.ready()
        await wait_until(lambda: has(COUNT + 4), "the end", PATIENCE_S)
        heard = await heard_on(page)
    for event in heard:
        event["data"] = orjson.loads(event["data"])
    assert heard == as_lines(await log_of(place.service.url, job["id"]))
    streams = [orjson.loads(line) for line in written().splitlines() if "/events" in line]
    through_nginx = [line for line in streams if line["path"] == job["urls"]["events"]]
    assert {line["protocol"] for line in through_nginx} == {protocol}
    assert {line["status"] for line in through_nginx} == {200, 444}


async def test_the_page_says_in_words_that_no_replica_is_there(
    browser: Browser, place: Place
) -> None:
    async with fresh_page(browser) as page:
        await Console(page, place.nginx.urls["HTTP/1.1"]).open()
        readiness = page.locator("#readiness")
        await place.service.api.kill()
        await expect(readiness).to_have_text("The service is not responding.")
        place.service.api.start()
        await place.service.ready()
        await expect(readiness).to_have_text("")


async def test_answers_are_compressed_and_streams_are_not(client: httpx.AsyncClient) -> None:
    assert client.headers["Accept-Encoding"].startswith("gzip")
    graphs = await client.get("/graphs")
    given = {"count": 3, "interval_s": 0.1}
    job = (await client.post("/jobs", json={"graph": "counter", "input": given})).json()
    stream = await client.get(job["urls"]["events"])
    assert graphs.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in stream.headers
    assert stream.headers["Content-Type"] == "text/event-stream"


async def test_events_pass_as_they_come(client: httpx.AsyncClient) -> None:
    given = {"count": 3, "interval_s": 60}
    job = (await client.post("/jobs", json={"graph": "counter", "input": given})).json()
    async with asyncio.timeout(PATIENCE_S), client.stream("GET", job["urls"]["events"]) as stream:
        lines = stream.aiter_lines()
        while await anext(lines) != "id: 3":
            continue
    await client.post(job["urls"]["cancel"])


async def test_too_large_a_body_is_refused_in_the_form_of_the_api(
    client: httpx.AsyncClient,
) -> None:
    given = {"text": "x" * (1024 * 1024)}
    refused = await client.post("/jobs", json={"graph": "counter", "input": given})
    assert refused.status_code == 413
    assert refused.headers["Content-Type"] == "application/problem+json"
    assert refused.json()["type"] == "body-too-large"


async def test_a_ticket_does_not_get_into_the_log_of_the_proxy(
    client: httpx.AsyncClient, place: Place
) -> None:
    await client.get("/jobs/none/events", params={"ticket": "secret-words"})

    def written() -> bool:
        return '"path":"/jobs/none/events"' in place.written()

    await wait_until(written, "the request in the log")
    assert "secret-words" not in place.written()
