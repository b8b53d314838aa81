"""The library that an example brings along is the published one; its README's handlers work."""

import re
from pathlib import Path

from playwright.async_api import Browser

from tests.browser.conftest import TEXT, Stage
from tests.support.browser import fresh_page

WEB = Path(__file__).parents[2] / "api" / "console"
VENDORED = WEB / "examples" / "vendor" / "fetch-event-source"
PUBLISHED = WEB / "examples" / "react" / "node_modules" / "@microsoft" / "fetch-event-source"
AS_THE_README_SAYS = """
({ question }) => new Promise(async (resolve) => {
  const { fetchEventSource, EventStreamContentType } =
    await import("/web/examples/vendor/fetch-event-source/index.js");
  class RetriableError extends Error { }
  class FatalError extends Error { }
  const seen = { opened: 0, closed: 0, errors: 0, text: "" };
  const posted = await fetch("/jobs", {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify({ graph: "answer", input: { question } }),
  });
  fetchEventSource((await posted.json()).urls.events, {
    async onopen(response) {
      seen.opened += 1;
      if (response.ok && response.headers.get('content-type') === EventStreamContentType) {
        return; // everything's good
      } else if (response.status >= 400 && response.status < 500 && response.status !== 429) {
        // client-side errors are usually non-retriable:
        throw new FatalError();
      } else {
        throw new RetriableError();
      }
    },
    onmessage(msg) {
      if (msg.event === "messages") seen.text += JSON.parse(msg.data).message.content;
      // if the server emits an error message, throw an exception
      // so it gets handled by the onerror callback below:
      if (msg.event === 'FatalError') {
        throw new FatalError(msg.data);
      }
    },
    onclose() {
      seen.closed += 1;
      // if the server closes the connection unexpectedly, retry:
      throw new RetriableError();
    },
    onerror(err) {
      seen.errors += 1;
      // Long enough for a retry after the library's second, or the service's three.
      setTimeout(() => resolve(seen), 4000);
      if (err instanceof FatalError) {
        throw err; // rethrow to stop the operation
      } else {
        // do nothing to automatically retry. You can also
        // return a specific retry interval here.
      }
    }
  });
})
"""


def test_the_vendored_library_is_the_published_one_but_for_the_names_of_its_files() -> None:
    for file in ("index.js", "fetch.js", "parse.js"):
        published = (PUBLISHED / "lib" / "esm" / file).read_bytes().decode().replace("\r\n", "\n")
        without_map = re.sub(r"//# sourceMappingURL=.*", "", published).rstrip() + "\n"
        named = re.sub(r"from '(\./\w+)'", r"from '\1.js'", without_map)
        assert (VENDORED / file).read_text() == named
    for file in ("index.d.ts", "fetch.d.ts", "parse.d.ts"):
        published = (PUBLISHED / "lib" / "esm" / file).read_bytes().decode().replace("\r\n", "\n")
        assert (VENDORED / file).read_text() == published
    licence = (PUBLISHED / "LICENSE").read_bytes().decode().replace("\r\n", "\n")
    assert (VENDORED / "LICENSE").read_text() == licence


async def test_the_handlers_of_the_readme_hear_the_job_and_do_not_come_back_for_more(
    browser: Browser, stage: Stage
) -> None:
    async with fresh_page(browser) as page:
        await page.goto(f"{stage.url}/web/examples/fetch-event-source.html")
        seen = await page.evaluate(AS_THE_README_SAYS, {"question": "Why is the sky blue?"})
    assert seen == {"opened": 1, "closed": 1, "errors": 1, "text": TEXT}
