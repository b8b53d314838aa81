"""The routes under `/langgraph`, in an app of their own: its errors are `{"detail"}`."""

import logging
from collections.abc import Mapping
from typing import Final, cast

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response

from tailrace.api import errors
from tailrace.api.adapters.langgraph.routes import (
    assistants,
    meta,
    runs,
    states,
    thread_runs,
    thread_streams,
    threads,
)
from tailrace.api.errors import FieldError, Refusal
from tailrace.api.http.middleware import ErrorBoundary
from tailrace.api.http.problems import HANDLERS, Handler, problem_of
from tailrace.shared.errors import JobNotFound, StoreUnavailable, ThreadBusy, ThreadNotFound
from tailrace.shared.events import encode

logger = logging.getLogger(__name__)

_STATUSES: Final[Mapping[type[Exception], int]] = {errors.UnknownGraph: 404, ThreadBusy: 422}
"""Where LangGraph's clients expect another status than ours."""
_DETAILS: Final[Mapping[type[Exception], str]] = {
    JobNotFound: "Run not found",
    ThreadNotFound: "Thread not found",
    ThreadBusy: (
        "Thread is already running a task. Wait for it to finish or choose a different multitask"
        " strategy."
    ),
}
"""Where they have another word for what ours are called."""


def langgraph_app() -> FastAPI:
    """The app; it is mounted, and uses the services of the app around it."""
    app = FastAPI(
        title="LangGraph's API",
        docs_url=None,
        redoc_url=None,
        openapi_url=None,
        exception_handlers=_handlers(),
        middleware=[Middleware(ErrorBoundary)],
        redirect_slashes=False,
    )
    for module in (meta, assistants, runs, threads, states, thread_runs, thread_streams):
        app.include_router(module.router)
    return app


def _handlers() -> dict[int | type[Exception], Handler]:
    known = dict.fromkeys(HANDLERS, _handle_known)
    return {**known, HTTPException: _handle_http, RequestValidationError: _handle_query}


async def _handle_known(_: Request, error: Exception) -> Response:
    problem = problem_of(error)
    detail = _DETAILS.get(type(error), problem.title)
    if isinstance(error, Refusal):
        detail = " ".join([error.detail, *map(_said, error.errors)])
    if isinstance(error, StoreUnavailable):
        logger.warning("store unavailable", extra={"reason": str(error)})
    return _response(_STATUSES.get(type(error), problem.status), detail, problem.headers)


async def _handle_http(_: Request, error: Exception) -> Response:
    http = cast("HTTPException", error)
    return _response(http.status_code, http.detail, http.headers or {})


async def _handle_query(_: Request, error: Exception) -> Response:
    wrong = cast("RequestValidationError", error).errors()
    return _response(422, " ".join(f"{e['loc'][-1]}: {e['msg']}." for e in wrong), {})


def _said(error: FieldError) -> str:
    return f"{error.pointer.removeprefix('#/')}: {error.detail}"


def _response(status: int, detail: str, headers: Mapping[str, str]) -> Response:
    own = {"Cache-Control": "no-store", **headers}
    return Response(encode({"detail": detail}), status, own, media_type="application/json")
