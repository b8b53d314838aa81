"""The HTTP answer that carries a stream: sse-starlette's, held to the wire's rules."""

import random
from collections.abc import Mapping
from typing import Final

import anyio
from sse_starlette import EventSourceResponse
from starlette.types import Receive, Scope, Send

from api.relay.frames import come_back
from api.relay.listener import Frames, StreamCut

HEADERS: Final[Mapping[str, str]] = {
    # Exactly this: with the charset that frameworks add, strict clients reject the stream.
    "Content-Type": "text/event-stream",
    "Cache-Control": "no-store, no-transform",
}
_AGE_JITTER: Final = 0.1


class EventStreamResponse(EventSourceResponse):
    """Sends frames as they are; ends clean when they end, dirty in every other case.

    A clean end is the end of the job to fetch-event-source and LangGraph's SDK. So at a cut, at
    shutdown and at the maximum age the chunked body is left unfinished: `__call__` returns without
    a last chunk, and uvicorn closes the connection (a test pins that).

    Args:
        frames: whole frames; closed by this response.
        age_s: the stream is cut at this age, give or take a tenth.
    """

    def __init__(self, frames: Frames, age_s: float) -> None:
        # Heartbeats come with the frames, which know whether a stream is idle: no ping task.
        super().__init__(frames, headers=HEADERS, ping=0)
        self._frames = frames
        self._age_s = age_s * random.uniform(1 - _AGE_JITTER, 1 + _AGE_JITTER)  # noqa: S311 - spreads reconnects

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; returns early, without the last chunk, where the stream is cut."""
        self._send = send
        try:
            with anyio.move_on_after(self._age_s):
                await super().__call__(scope, receive, send)
        except StreamCut:
            return
        finally:
            await self._frames.aclose()

    async def _listen_for_exit_signal_with_grace(self) -> None:
        """At shutdown, spread the reconnects before the base class cuts the stream."""
        await super()._listen_for_exit_signal_with_grace()
        await self._send({"type": "http.response.body", "body": come_back(), "more_body": True})
