"""What can be run."""

from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Depends
from starlette.responses import Response

from tailrace.api.dependencies import ServicesDep, authenticate
from tailrace.shared.events import encode
from tailrace.shared.queue_store.catalogue import GraphSpec

router = APIRouter(dependencies=[Depends(authenticate)])


@router.api_route("/graphs", methods=["GET", "HEAD"])
async def list_graphs(services: ServicesDep) -> Response:
    """Every graph by name, with description, input schema and a drawing."""
    catalogue = await services.graphs.catalogue()
    specs = sorted(catalogue.graphs.values(), key=lambda spec: spec.name)
    headers = {"Cache-Control": "no-store"}
    body = encode({"graphs": [_fields(spec) for spec in specs]})
    return Response(body, 200, headers, media_type="application/json")


def _fields(spec: GraphSpec) -> dict[str, Any]:
    """The graph's fields; those without a value are left out."""
    fields = asdict(spec)
    del fields["details"]
    return {name: value for name, value in fields.items() if value is not None}
