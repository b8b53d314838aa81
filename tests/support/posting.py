"""Jobs posted by hand, and what a refusal has to look like."""

from typing import Any

import orjson

from tests.support.service import Api
from tests.support.wire import Exchange, ask

JSON = "Content-Type: application/json"
GOOD = b'{"graph":"any","input":{}}'


async def post(api: Api, body: bytes | dict[str, Any], *headers: str) -> Exchange:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return await ask(api.port, "POST", "/jobs", *(headers or (JSON,)), body=data)


def assert_problem(exchange: Exchange, status: int, kind: str) -> dict[str, Any]:
    """The answer is a problem (RFC 9457) of that kind; its body."""
    assert exchange.head.status == status, exchange.body
    assert exchange.head.one("content-type") == "application/problem+json"
    assert exchange.head.one("cache-control") == "no-store"
    assert exchange.head.one("x-content-type-options") == "nosniff"
    body = orjson.loads(exchange.body)
    assert body["type"] == kind
    assert body["status"] == status
    assert body["title"]
    return body
