"""What the routes respond with: JSON, and pages of lists."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, cast

from starlette.requests import Request
from starlette.responses import Response

from tailrace.shared.events import encode


def json_response(
    body: Any, status: int = 200, headers: Mapping[str, str] = MappingProxyType({})
) -> Response:
    """A value as JSON."""
    own = {"Cache-Control": "no-store", **headers}
    return Response(encode(body), status, own, media_type="application/json")


def where(place: str, last: str, request: Request) -> dict[str, str]:
    """Where a client finds a run, and comes back to; relative to its base address.

    Args:
        place: the run's.
        last: what the client follows there.
        request: its query stays: to come back, clients ask for nothing but the place.
    """
    query = request.url.query and f"?{request.url.query}"
    return {"Content-Location": place, "Location": f"{place}/{last}{query}"}


def page_headers(offset: int, limit: int, total: int) -> dict[str, str]:
    """Where a list continues."""
    headers = {"X-Pagination-Total": str(total)}
    if offset + limit < total:
        headers["X-Pagination-Next"] = str(offset + limit)
    return headers


def selected(rows: Sequence[dict[str, Any]], names: Sequence[str] | None) -> list[dict[str, Any]]:
    """The rows with the fields that were asked for."""
    if names is None:
        return list(rows)
    return [{name: row[name] for name in names if name in row} for row in rows]


def contains(whole: Any, part: Any) -> bool:
    """Whether a value has everything that the part has, as LangGraph filters by metadata."""
    if isinstance(whole, dict) and isinstance(part, dict):
        members = cast("dict[str, Any]", whole)
        asked = cast("dict[str, Any]", part)
        return all(name in members and contains(members[name], asked[name]) for name in asked)
    return bool(whole == part)
