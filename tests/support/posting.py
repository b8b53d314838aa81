"""Jobs posted by hand, and what a refusal has to look like."""

from typing import Any, cast

import orjson

from tailrace.api.schemas import CreateJob, parse
from tailrace.shared.jobs import new_job_id
from tailrace.shared.queue_store.idempotency import IdempotencyKeys, Reservation
from tailrace.shared.settings import SharedSettings
from tests.support.service import Api, Logs
from tests.support.wire import Exchange, ask

JSON = "Content-Type: application/json"
GOOD = b'{"graph":"any","input":{}}'
KEY = "Idempotency-Key: order-42"


async def post(api: Api, body: bytes | dict[str, Any], *headers: str) -> Exchange:
    data = body if isinstance(body, bytes) else orjson.dumps(body)
    return await ask(api.port, "POST", "/jobs", *(headers or (JSON,)), body=data)


async def records(logs: Logs) -> int:
    """How many jobs the store has."""
    return len(await cast("Any", logs.store).keys("tailrace:*:job:*"))


async def reserved(logs: Logs) -> Reservation:
    """What an API process leaves of `GOOD` under `KEY` that dies behind its first step."""
    mine = Reservation(new_job_id(), parse(CreateJob, orjson.loads(GOOD)).digest())
    held = IdempotencyKeys(logs.store, SharedSettings(), 60)
    return await held.reserve("default", KEY.removeprefix("Idempotency-Key: "), mine)


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
