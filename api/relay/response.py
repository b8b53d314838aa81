"""The HTTP response that carries a stream: sse-starlette's, held to the wire's rules."""

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import Final

from sse_starlette import EventSourceResponse
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tailrace.api.http.middleware import defer
from tailrace.api.relay.cursor import AtTheEnd, StartPosition
from tailrace.api.relay.frames import StreamFormat
from tailrace.api.relay.relay import Relay
from tailrace.shared.errors import StoreUnavailable

_HEADERS: Final[Mapping[str, str]] = {"Cache-Control": "no-store, no-transform"}


class EventStreamResponse(EventSourceResponse):
    """Sends a log's frames as they are; ends clean after `end`, dirty in every other case.

    To fetch-event-source and LangGraph's SDK a clean end is the end of the job. So when a client is
    dismissed, at shutdown and at the greatest age the chunked body is left unfinished: the app
    returns without a last chunk, and uvicorn closes the connection (a test checks that).

    Headers, content type and the response to HEAD come from the base class, and so does the watch
    for a shutdown (`shutdown`). Its tasks per connection and its cancel scope per send are not
    used. `python -m bench.relay` measures the difference: its "naive" is the base class with a read
    per listener, which takes 50 KiB a listener instead of 14, and twice the CPU time if 1,000
    listeners hear one event.

    Args:
        relay: serves the stream.
        start: where the client begins; None asks it to reconnect in a moment.
        stream_format: how events are written.
        headers: more headers.
        when_over: called when the client is no longer served, with whether it left before the end.
    """

    def __init__(
        self,
        relay: Relay,
        start: StartPosition | None,
        stream_format: StreamFormat,
        headers: Mapping[str, str],
        when_over: Callable[[bool], Awaitable[None]] | None = None,
    ) -> None:
        own = {**_HEADERS, **headers, "Content-Type": stream_format.content_type}
        super().__init__(iter(()), headers=own, ping=0)
        self._relay = relay
        self._start = start
        self._format = stream_format
        self._when_over = when_over

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Begin the response; `DeferredStreams` continues it when the app has returned."""
        if scope["method"] == "HEAD":
            await super().__call__(scope, receive, send)
            return
        await send(
            {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        )
        relay, start, stream_format = self._relay, self._start, self._format
        when_over = self._when_over

        async def stream(receive: Receive, send: Send) -> None:
            left = await relay.serve(start, stream_format, scope, receive, send)
            if when_over is not None:
                await when_over(left)

        defer(scope, stream)

    @classmethod
    async def shutdown(cls) -> None:
        """Wait until the server begins to shut down."""
        await cls._listen_for_exit_signal()


async def stream_response(
    starting: Awaitable[StartPosition],
    relay: Relay,
    stream_format: StreamFormat,
    headers: Mapping[str, str] = MappingProxyType({}),
) -> Response:
    """A log's stream; `204` for a reconnect that has all of it.

    Args:
        starting: gives where the client begins. If the store is unavailable, the client is asked to
            reconnect: any status but 200 would close an EventSource for good.
        relay: serves the stream.
        stream_format: how events are written.
        headers: more headers.

    Raises:
        EventsExpired: the job has ended and its events are gone.
        JobNotFound: there is no such job, or it is not the client's.
        InvalidCursor: the cursor is not a number.
    """
    try:
        start = await starting
    except AtTheEnd:
        return Response(status_code=204, headers={**_HEADERS, **headers})
    except StoreUnavailable:
        start = None
    return EventStreamResponse(relay, start, stream_format, headers)
