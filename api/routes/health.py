"""For machines: is the process alive, and can it accept jobs?"""

from fastapi import APIRouter
from starlette.responses import Response

from tailrace.api.dependencies import ServicesDep
from tailrace.shared.errors import StoreUnavailable
from tailrace.shared.events import encode
from tailrace.shared.redis.commands import ping

router = APIRouter()


@router.api_route("/livez", methods=["GET", "HEAD"])
async def livez() -> Response:
    """200 while the process serves."""
    return _response(200, {"status": "alive"})


@router.api_route("/readyz", methods=["GET", "HEAD"])
async def readyz(services: ServicesDep) -> Response:
    """200 once the stores respond and a worker has announced graphs; 503 says what is missing."""
    try:
        for store in services.stores:
            await ping(store)
        catalogue = await services.graphs.catalogue()
    except StoreUnavailable:
        return _response(503, {"status": "waiting for the store"})
    if not (catalogue.workers_alive and catalogue.graphs):
        return _response(503, {"status": "waiting for a worker"})
    return _response(200, {"status": "ready"})


def _response(status: int, body: dict[str, str]) -> Response:
    headers = {"Cache-Control": "no-store"}
    return Response(encode(body), status, headers, media_type="application/json")
