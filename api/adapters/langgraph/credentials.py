"""The tenant of a request under `/langgraph`: LangGraph's clients send their key in `X-Api-Key`."""

from typing import Annotated

from fastapi import Depends
from starlette.requests import Request

from tailrace.api.dependencies import ServicesDep


async def authenticate(request: Request, services: ServicesDep) -> str:
    """The tenant that the key belongs to; `Authorization` counts before `X-Api-Key`.

    Raises:
        Unauthorized: the key is missing or wrong.
    """
    key = request.headers.get("x-api-key")
    sent = request.headers.get("authorization") or (f"Bearer {key}" if key else None)
    return services.keyring.tenant(sent, frozenset(request.query_params))


Tenant = Annotated[str, Depends(authenticate)]
