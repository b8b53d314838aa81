"""The pages: the first one at `/`, its parts and the examples under `/web`. Knows nothing of jobs.

They are public, since they contain nothing: whatever a page shows it requests from the service,
with the user's own key.
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
"""What is served, and its type: the system's own table differs from machine to machine."""

_NOT_SERVED: Final = {"..", "react", "use-stream"}
"""The examples in React are projects with servers of their own."""

_HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
    ),
    "Referrer-Policy": "no-referrer",
    # Cached, and checked each time: a page never runs with parts of another version.
    "Cache-Control": "no-cache",
}


@router.api_route("/", methods=["GET", "HEAD"])
async def show_page(request: Request) -> Response:
    """The console; it reads from its own URL which job to show."""
    return await _file_response(request, FOLDER / "index.html")


@router.api_route("/web/{path:path}", methods=["GET", "HEAD"])
async def show_part(request: Request, path: str) -> Response:
    """A part of the page, or an example."""
    file = FOLDER / path
    if not file.is_relative_to(FOLDER) or _NOT_SERVED & set(file.parts):
        raise HTTPException(404)
    return await _file_response(request, file)


async def _file_response(request: Request, file: Path) -> Response:
    kind = _TYPES.get(file.suffix)
    if kind is None:
        raise HTTPException(404)
    try:
        content = await anyio.Path(file).read_bytes()
    except (OSError, ValueError) as error:
        raise HTTPException(404) from error
    # A hash of the bytes: replicas agree, and a new release never looks like the old one.
    tag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    if tag in _known(request):
        return Response(status_code=304, headers={**_HEADERS, "ETag": tag})
    return Response(content, headers={**_HEADERS, "ETag": tag, "Content-Type": kind})


def _known(request: Request) -> set[str]:
    """The tags that the client has; weak ones too, which compressing proxies make."""
    tags = ",".join(request.headers.getlist("if-none-match")).split(",")
    return {tag.strip().removeprefix("W/") for tag in tags}
