from pathlib import Path

import pytest

from tests.support.posting import assert_problem
from tests.support.service import Api
from tests.support.wire import Exchange, ask

WEB = Path(__file__).parents[2] / "api" / "console"
POLICY = {
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "connect-src 'self'",
    "img-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
}


async def get(api: Api, path: str, *headers: str) -> Exchange:
    return await ask(api.port, "GET", path, *headers)


@pytest.mark.parametrize("path", ["/", "/?job=01a1fc91-6207-732d-ba47-90d83b400c90"])
async def test_the_first_page_is_served_with_a_strict_policy(api: Api, path: str):
    exchange = await get(api, path)
    assert exchange.head.status == 200
    assert exchange.body == (WEB / "index.html").read_bytes()
    assert exchange.head.one("content-type") == "text/html; charset=utf-8"
    assert set(exchange.head.one("content-security-policy").split("; ")) == POLICY
    assert exchange.head.one("referrer-policy") == "no-referrer"
    assert exchange.head.one("x-content-type-options") == "nosniff"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("js/app.js", "text/javascript; charset=utf-8"),
        ("css/base.css", "text/css; charset=utf-8"),
        ("mark.svg", "image/svg+xml"),
        ("examples/eventsource.html", "text/html; charset=utf-8"),
    ],
)
async def test_a_part_is_served_as_what_it_is(api: Api, path: str, kind: str):
    exchange = await get(api, f"/web/{path}")
    assert exchange.head.one("content-type") == kind
    assert exchange.body == (WEB / path).read_bytes()


async def test_a_part_that_the_browser_has_is_not_sent_again(api: Api):
    first = await get(api, "/web/js/app.js")
    assert first.head.one("cache-control") == "no-cache"
    tag = first.head.one("etag")
    for known in (tag, f"W/{tag}", f'"other", {tag}'):
        again = await get(api, "/web/js/app.js", f"If-None-Match: {known}")
        assert again.head.status == 304
        assert again.head.one("etag") == tag
    other = await get(api, "/web/js/app.js", 'If-None-Match: "other"')
    assert other.head.status == 200


async def test_head_says_what_get_would_send(api: Api):
    exchange = await ask(api.port, "HEAD", "/web/css/base.css")
    assert exchange.head.status == 200
    assert exchange.body == b""


@pytest.mark.parametrize(
    "path",
    [
        "/web/",
        "/web/nothing.js",
        "/web/js",
        "/web/../app.py",
        "/web/..%2f..%2fapi/console/index.html",
        "/web/%2e%2e/web/index.html",
        "/web//etc/hostname",
        "/web//usr/share/doc/index.html",
        "/web/js/app.js%00.html",
        "/web/examples/react/index.html",
        "/web/examples/react/src/ways.js",
        "/web/examples/vendor/fetch-event-source/LICENSE",
        "/index.html",
    ],
)
async def test_nothing_else_is_served(api: Api, path: str):
    assert_problem(await get(api, path), 404, "not-found")


async def test_a_file_outside_of_the_folder_is_not_served(api: Api, tmp_path: Path):
    secret = tmp_path / "secret.html"
    secret.write_text("secret")
    assert_problem(await get(api, f"/web/{secret}"), 404, "not-found")


PROJECTS = {"react", "use-stream"}
"""Examples with a server of their own."""


async def test_the_pages_name_no_other_host_and_hold_no_script_of_their_own():
    pages = [page for page in WEB.rglob("*.html") if not PROJECTS & set(page.parts)]
    assert len(pages) == 3
    for page in pages:
        text = page.read_text()
        assert "://" not in text
        assert " style=" not in text
        assert " on" + "click" not in text
        assert text.count("<script") == text.count('<script type="module" src=')


def test_no_module_of_the_page_is_long():
    own = [
        file
        for file in WEB.rglob("*")
        if file.suffix in (".js", ".jsx", ".css", ".html")
        and not {"node_modules", "dist", "vendor"} & set(file.parts)
    ]
    lengths = {file.name: len(file.read_text().splitlines()) for file in own}
    assert {name: lines for name, lines in lengths.items() if lines > 250} == {}
