"""What routes are given: the services of this process, the tenant of a request, its job."""

from dataclasses import dataclass
from typing import Annotated, cast

from fastapi import Depends
from starlette.requests import Request

from tailrace.api.auth.keys import Keyring, TicketOffice
from tailrace.api.catalogue.graphs import Graphs
from tailrace.api.relay.relay import Relay
from tailrace.api.settings import ApiSettings
from tailrace.shared.errors import JobNotFound
from tailrace.shared.jobs import Job, JobId, parse_job_id
from tailrace.shared.log_store.blobs.blob_store import BlobStore
from tailrace.shared.log_store.checkpoints.snapshots import SnapshotReader
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.log_store.jobs.presence import Presence
from tailrace.shared.log_store.threads.thread_search import ThreadSearch
from tailrace.shared.log_store.threads.thread_store import ThreadStore
from tailrace.shared.queue_store.idempotency import IdempotencyKeys
from tailrace.shared.queue_store.queue.job_queue import JobQueue
from tailrace.shared.redis.connection import Client
from tailrace.shared.removal import Removal


@dataclass(frozen=True, slots=True)
class Services:
    """Made once in the lifespan, shared by all requests."""

    settings: ApiSettings
    stores: tuple[Client, ...]
    jobs: JobStore
    presence: Presence
    blobs: BlobStore
    threads: ThreadStore
    snapshots: SnapshotReader
    search: ThreadSearch
    removal: Removal
    queue: JobQueue
    idempotency: IdempotencyKeys
    graphs: Graphs
    relay: Relay
    keyring: Keyring
    tickets: TicketOffice


async def get_services(request: Request) -> Services:
    """The services of the app that serves this request."""
    return cast("Services", request.state.services)


ServicesDep = Annotated[Services, Depends(get_services)]


async def authenticate(request: Request, services: ServicesDep) -> str:
    """The tenant that the request belongs to.

    Raises:
        Unauthorized: the credentials are missing or wrong.
    """
    return services.keyring.tenant(
        request.headers.get("authorization"), frozenset(request.query_params)
    )


Tenant = Annotated[str, Depends(authenticate)]


async def reader(request: Request, services: ServicesDep) -> str:
    """The tenant in whose name a job is read: the client's own, or that of the job's ticket.

    Raises:
        Unauthorized: the credentials are missing or wrong, or the ticket opens another job.
    """
    ticket = request.query_params.get("ticket")
    if ticket is None or services.keyring.open:
        return await authenticate(request, services)
    return services.tickets.tenant(ticket, JobId(request.path_params["job_id"]))


async def find_job(services: Services, job_id: str, tenant: str) -> Job:
    """The tenant's job.

    Raises:
        JobNotFound: malformed (then nothing is read), unknown, or another tenant's.
        StoreUnavailable: the store did not respond.
    """
    job = await services.jobs.get(parse_job_id(job_id))
    if job.tenant != tenant:
        raise JobNotFound
    return job
