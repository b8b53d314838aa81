"""FastAPI, sse-starlette, and one blocking XREAD a listener: no keys, no look-up, no heartbeat."""

import sys
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

import uvicorn
from fastapi import FastAPI, Header
from redis.asyncio import Redis
from sse_starlette import EventSourceResponse, ServerSentEvent

from tailrace.shared.jobs import JobId
from tailrace.shared.redis.keys import log

_BLOCK_MS: Final = 5000


def create_app(url: str) -> FastAPI:
    """The app on a store."""
    app, store = FastAPI(), Redis.from_url(url, decode_responses=True)

    @app.get("/livez")
    async def live() -> str:
        return "ok"

    @app.get("/jobs/{job_id}/events")
    async def events(
        job_id: str, last_event_id: Annotated[str, Header()] = "0"
    ) -> EventSourceResponse:
        return EventSourceResponse(_follow(store, log(JobId(job_id)), last_event_id))

    return app


async def _follow(store: Any, stream: str, last: str) -> AsyncIterator[ServerSentEvent]:
    while True:
        for _, entries in await store.xread({stream: last}, block=_BLOCK_MS):
            for last, entry in entries:
                yield ServerSentEvent(entry["d"], event=entry["e"], id=last)
                if entry["e"] == "end":
                    return


if __name__ == "__main__":
    uvicorn.run(
        create_app(sys.argv[2]), port=int(sys.argv[1]), log_level="warning", access_log=False
    )
