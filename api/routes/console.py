"""The pages: the first one at `/`, its parts and the examples under `/web`. Knows nothing of jobs.

They are public, since they hold nothing: whatever a page shows it asks the service for, with the
caller's own key.
"""

import hashlib
from pathlib import Path
from typing import Final

import anyio
from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

router = APIRouter()

FOLDER: Final = Path(__file__).parents[1] / "console"

_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
"""What is served, and as what: the system's own table differs from machine to machine."""

_NOT_SERVED: Final = {"..", "react"}
"""The React example is a project of its own, with a server of its own."""

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    # Kept, and asked for each time: a page never runs beside parts of another version.
    "Cache-Control": "no-cache",
}


@router.api_route("/", methods=["GET", "HEAD"])
async def show_page(request: Request) -> Response:
    """The console; the job that it shows is in its URL, which the page itself reads."""
    return await _answer(request, FOLDER / "index.html")


@router.api_route("/web/{path:path}", methods=["GET", "HEAD"])
async def show_part(request: Request, path: str) -> Response:
    """A part of the page, or an example."""
    file = FOLDER / path
    if not file.is_relative_to(FOLDER) or _NOT_SERVED & set(file.parts):
        raise HTTPException(404)
    return await _answer(request, file)


async def _answer(request: Request, file: Path) -> Response:
    kind = _TYPES.get(file.suffix)
    if kind is None:
        raise HTTPException(404)
    try:
        content = await anyio.Path(file).read_bytes()
    except (OSError, ValueError) as error:
        raise HTTPException(404) from error
    # Of the bytes, so that replicas agree and a new release never looks like the old one.
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    if tag in _known(request):
        return Response(status_code=304, headers={**_HEADERS, "ETag": tag})
    return Response(content, headers={**_HEADERS, "ETag": tag, "Content-Type": kind})


def _known(request: Request) -> set[str]:
    """The tags of what the caller has; weak ones too, which a proxy that compresses makes."""
    tags = ",".join(request.headers.getlist("if-none-match")).split(",")
    return {tag.strip().removeprefix("W/") for tag in tags}
