"""One job's events over as many connections as it takes, each number once and in order."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

import httpx

from tailrace.errors import ProtocolBroken, Unreachable, api_error, reason
from tailrace.models import Patience, ReceivedEvent
from tailrace.sequence import received
from tailrace.sse import FrameParser

_LONGEST_RETRY_S: Final = 30.0
_PASSING: Final = frozenset({429, 500, 502, 503, 504})
"""Never sent by the service on this URL, but by proxies in front of it."""


@dataclass(frozen=True, slots=True)
class Reconnect:
    """Told before each renewed attempt."""

    after: int
    """The number of the last event that came; the next one will be asked for."""
    cause: str
    wait_s: float


OnReconnect = Callable[[Reconnect], None]


class EventStream:
    """One reader's way through one log. `last` is always the number of the last event given."""

    def __init__(
        self,
        http: httpx.AsyncClient,
        path: str,
        after: int,
        patience: Patience,
        on_reconnect: OnReconnect,
    ) -> None:
        self._http = http
        self._path = path
        self._patience = patience
        self._on_reconnect = on_reconnect
        self._ended = False
        self._fruitless = 0
        self._retry_s = 0.0
        self._heard_at = time.monotonic()
        self.last = after

    async def events(self) -> AsyncGenerator[ReceivedEvent]:
        """The events behind `last` up to `end`; nothing if `last` is at the end. For one use.

        Raises:
            ApiError: the service rejects the stream permanently.
            ProtocolBroken: the response is not the log.
            Unreachable: no response for `outage_s`.
        """
        while not self._ended:
            cause = "the stream ended before the job"
            try:
                async with aclosing(self._connection()) as events:
                    async for event in events:
                        yield event
            except (httpx.RequestError, httpx.HTTPStatusError) as error:
                cause = reason(error)
                self._give_up_after_outage(error)
            if not self._ended:
                await self._pause(cause)

    async def _connection(self) -> AsyncGenerator[ReceivedEvent]:
        async with self._http.stream(
            "GET", self._path, headers=self._headers(), timeout=self._timeout()
        ) as response:
            if response.status_code == 204:
                self._ended = True
                return
            await _accept(response)
            async with aclosing(self._body(response)) as events:
                async for event in events:
                    yield event

    async def _body(self, response: httpx.Response) -> AsyncGenerator[ReceivedEvent]:
        parser = FrameParser()
        async for chunk in response.aiter_bytes():
            self._heard_at = time.monotonic()
            for frame in parser.feed(chunk):
                event = received(frame, self.last)
                self._advance(event)
                yield event
                if self._ended:
                    return
            self._retry_s = min((parser.retry_ms or 0) / 1000, _LONGEST_RETRY_S)

    def _advance(self, event: ReceivedEvent) -> None:
        self.last = event.seq
        self._ended = event.name == "end"
        self._fruitless = 0

    def _headers(self) -> dict[str, str]:
        # A compressing proxy would hold events back until its buffer is full.
        headers = {"Accept": "text/event-stream", "Accept-Encoding": "identity"}
        return headers | ({"Last-Event-ID": str(self.last)} if self.last else {})

    def _timeout(self) -> httpx.Timeout:
        return httpx.Timeout(self._patience.response_s, read=self._patience.silence_s)

    def _give_up_after_outage(self, error: httpx.HTTPError) -> None:
        if time.monotonic() - self._heard_at > self._patience.outage_s:
            raise Unreachable(
                f"no event stream for {self._patience.outage_s:g} s: {reason(error)}"
            ) from error

    async def _pause(self, cause: str) -> None:
        wait_s = max(self._retry_s, self._patience.backoff_s(self._fruitless))
        self._fruitless += 1
        self._retry_s = 0.0
        self._on_reconnect(Reconnect(self.last, cause, wait_s))
        await asyncio.sleep(wait_s)


async def _accept(response: httpx.Response) -> None:
    """Accept a response that is an event stream.

    Raises:
        httpx.HTTPStatusError: a transient error; the same request may succeed later.
        ApiError: a permanent error.
        ProtocolBroken: the response is not an event stream.
    """
    if response.status_code in _PASSING:
        response.raise_for_status()
    if response.status_code != 200:
        await response.aread()
        raise api_error(response)
    kind = response.headers.get("content-type", "").partition(";")[0].strip()
    if kind != "text/event-stream":
        raise ProtocolBroken(f"an event stream was asked for, and {kind or 'nothing'} came")
