"""LangGraph's API spoken by hand: runs posted, their streams as frames."""

import re
from dataclasses import dataclass
from typing import Any

import orjson

from tailrace.shared.jobs import JobId
from tests.support.service import Api
from tests.support.wire import Exchange, ask

ROOT = "/langgraph"
JSON = "Content-Type: application/json"
ID = re.compile(rb"id: ([0-9]+-[0-9]+)\n\n")


@dataclass(frozen=True, slots=True)
class LangGraphApi:
    """One API under `/langgraph`."""

    api: Api

    async def get(self, path: str, *headers: str) -> Exchange:
        return await ask(self.api.port, "GET", ROOT + path, *headers)

    async def post(self, path: str, body: Any, *headers: str) -> Exchange:
        data = body if isinstance(body, bytes) else orjson.dumps(body)
        return await ask(self.api.port, "POST", ROOT + path, JSON, *headers, body=data)

    async def run(self, **fields: Any) -> JobId:
        """Create a run of the graph that takes anything; its job."""
        exchange = await self.post("/runs", {"assistant_id": "any", "input": {}, **fields})
        assert exchange.head.status == 200, exchange.body
        return JobId(orjson.loads(exchange.body)["run_id"])

    async def stream(self, run: JobId, *headers: str) -> Exchange:
        """Read the run's stream to whatever end."""
        return await self.get(f"/runs/{run}/stream", *headers)


def frames(exchange: Exchange) -> list[bytes]:
    """The frames of a stream; nothing stands between them but heartbeats."""
    found = [frame + b"\n\n" for frame in exchange.frames.split(b"\n\n")[:-1]]
    assert b"".join(found) == exchange.frames
    return found


def ids(found: list[bytes]) -> list[str]:
    """The ids of frames, each of which has one."""
    return [match[1].decode() for frame in found if (match := ID.search(frame))]


def detail(exchange: Exchange, status: int) -> str:
    """What a refusal says."""
    assert exchange.head.status == status, exchange.body
    assert exchange.head.one("content-type") == "application/json"
    assert exchange.head.one("x-content-type-options") == "nosniff"
    body = orjson.loads(exchange.body)
    assert set(body) == {"detail"}
    return str(body["detail"])
