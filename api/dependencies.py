"""What routes are given: the services of this process, and who calls."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import Request

from api.auth import Keyring, TicketOffice
from api.graphs import Graphs
from api.relay.relay import Relay
from api.settings import ApiSettings
from shared.errors import JobNotFound
from shared.idempotency import IdempotencyKeys
from shared.job_queue import JobQueue
from shared.job_store import JobStore
from shared.jobs import Job, parse_job_id
from shared.redis import Client


@dataclass(frozen=True, slots=True)
class Services:
    """Made once in the lifespan, shared by all requests."""

    settings: ApiSettings
    stores: tuple[Client, ...]
    jobs: JobStore
    queue: JobQueue
    idempotency: IdempotencyKeys
    graphs: Graphs
    relay: Relay
    keyring: Keyring
    tickets: TicketOffice


async def services(request: Request) -> Services:
    """The services of the app that serves this request."""
    return cast("Services", request.state.services)


Shared = Annotated[Services, Depends(services)]


async def authenticate(request: Request, shared: Shared) -> str:
    """The caller's tenant.

    Raises:
        Unauthorized: no or wrong credentials.
    """
    return shared.keyring.tenant(
        request.headers.get("authorization"), frozenset(request.query_params)
    )


Tenant = Annotated[str, Depends(authenticate)]


async def find_job(shared: Services, job_id: str, tenant: str) -> Job:
    """The tenant's job.

    Raises:
        JobNotFound: malformed (and then no key is touched), unknown, or another tenant's.
        StoreUnavailable: the store did not answer.
    """
    job = await shared.jobs.get(parse_job_id(job_id))
    if job.tenant != tenant:
        raise JobNotFound
    return job
