"""What surrounds every request: pages of other origins, headers, unexpected errors, streams."""

import logging
import secrets
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tailrace.api.http.problems import Problem, problem_response

logger = logging.getLogger(__name__)

Stream = Callable[[Receive, Send], Awaitable[None]]

_DEFERRED: Final = "tailrace.deferred"


def cross_origin(origins: Sequence[str]) -> list[Middleware]:
    """Lets pages of these origins call the API (CORS)."""
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=origins,
            allow_methods=["GET", "HEAD", "POST", "PATCH", "DELETE"],
            # fetch preflights a stream only when it reconnects with Last-Event-ID.
            allow_headers=[
                *("Authorization", "Content-Type", "Idempotency-Key", "Last-Event-ID", "Prefer"),
                # LangGraph's clients send these.
                *("X-Api-Key", "X-Auth-Scheme"),
            ],
            expose_headers=[
                *("Location", "Content-Location", "Preference-Applied", "Retry-After"),
                *("X-Pagination-Total", "X-Pagination-Next"),
            ],
            max_age=600,
        )
    ]


class SafeHeaders:
    """Declares on every response that its content type is not to be guessed."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve, with the header added."""

        async def stamped(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (b"x-content-type-options", b"nosniff")]
            await send(message)

        await self._app(scope, receive, stamped)


class ErrorBoundary:
    """Turns an unexpected error into a reference: only the log has the details."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve; respond with 500 unless a response has begun, which the server then cuts."""
        started = False

        async def observe(message: Message) -> None:
            nonlocal started
            started = started or message["type"] == "http.response.start"
            await send(message)

        try:
            await self._app(scope, receive, observe)
        except ClientDisconnect:
            logger.debug("client left while its request was read")
        except Exception:  # the edge of the process: what gets here is a bug
            reference = secrets.token_hex(8)
            logger.exception("unexpected error", extra={"reference": reference})
            if started or scope["type"] != "http":
                raise
            problem = Problem(500, "internal", "Something went wrong")
            detail = f"Tell us this reference: {reference}"
            await problem_response(problem, detail)(scope, receive, send)


class DeferredStreams:
    """Serves a stream once everything that led to it has returned.

    Otherwise middlewares, router and route would surround each stream for its whole life, and each
    of its sends.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the app, then the stream that it has deferred."""
        deferred: list[Stream] = []
        scope[_DEFERRED] = deferred
        await self._app(scope, receive, send)
        if deferred:
            await deferred.pop()(receive, send)


def defer(scope: Scope, stream: Stream) -> None:
    """Have `DeferredStreams` serve the stream when the app has returned."""
    scope[_DEFERRED].append(stream)
