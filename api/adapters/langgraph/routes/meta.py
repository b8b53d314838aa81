"""Is the service there, and what can it do?"""

from importlib.metadata import PackageNotFoundError, version
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from tailrace.api.adapters.langgraph.routes.answers import json_response

router = APIRouter()


def _version() -> str:
    try:
        return version("tailrace")
    except PackageNotFoundError:
        return "unknown"  # an image has the source alone


_INFO: Final = {
    "version": _version(),
    "context": "py",
    "flags": {
        "assistants": True,
        "crons": False,
        "langsmith": False,
        "langsmith_tracing_replicas": False,
    },
}


@router.get("/ok")
async def ok() -> Response:
    """200 while the process serves."""
    return json_response({"ok": True})


@router.get("/info")
async def info() -> Response:
    """The version, and what can be done."""
    return json_response(_INFO)
