"""What can be run."""

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tailrace.api.dependencies import Shared, authenticate
from tailrace.shared.events import encode

router = APIRouter(dependencies=[Depends(authenticate)])


@router.api_route("/graphs", methods=["GET", "HEAD"])
async def list_graphs(shared: Shared) -> Response:
    """Every graph by name, with description, input schema and a drawing."""
    catalogue = await shared.graphs.catalogue()
    specs = sorted(catalogue.graphs.values(), key=lambda spec: spec.name)
    headers = {"Cache-Control": "no-store"}
    return Response(encode({"graphs": specs}), 200, headers, media_type="application/json")
