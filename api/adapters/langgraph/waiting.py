"""A run's values as a response: it begins at once, and is kept alive until the run is over."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from tailrace.api.adapters.langgraph.leaving import cancels, watch
from tailrace.api.adapters.langgraph.views.runs import is_over
from tailrace.api.adapters.langgraph.views.values import error_values, values_of, with_interrupts
from tailrace.api.dependencies import Services
from tailrace.api.jobs.responses import Settlement
from tailrace.shared.errors import JobNotFound, StoreUnavailable
from tailrace.shared.jobs import Job
from tailrace.shared.process.tasks import cancel_and_wait


class ValuesResponse(Response):
    """Writes white space until the run is over, then its values.

    If the service shuts down or the store is lost, the body is left unfinished: the client comes
    back to the `Location`.

    Args:
        services: of this process.
        job: the run's.
        headers: more headers.
        cancel_when_left: whether this client wants the run cancelled when nobody listens.
    """

    media_type = "application/json"

    def __init__(
        self,
        services: Services,
        job: Job,
        headers: Mapping[str, str],
        *,
        cancel_when_left: bool = False,
    ) -> None:
        super().__init__(headers={"Cache-Control": "no-store", **headers})
        del self.headers["content-length"]
        self._services = services
        self._job = job
        self._asked = cancel_when_left or cancels(job)
        self._client_left = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        """Send the headers, wait, and send the values."""
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        over = await watch(self._services, self._job, asked=self._asked)
        try:
            body = await self._body(receive, send)
        except (StoreUnavailable, JobNotFound):
            body = None
        if body is not None:
            await send({"type": "http.response.body", "body": body, "more_body": False})
        if over is not None:
            await over(self._client_left)

    async def _body(self, receive: Receive, send: Send) -> bytes | None:
        job = await self._settled(receive, send)
        return None if job is None else await run_values(self._services, job)

    async def _settled(self, receive: Receive, send: Send) -> Job | None:
        """The job once its run is over; None if that can't be awaited here."""
        services, job = self._services, self._job
        settlement = Settlement(job.seq)
        with services.relay.subscribed(settlement, job.id, job.seq):
            # What was stored before the subscription is in the record.
            job = await services.jobs.get(job.id)
            if is_over(job):
                return job
            async with asyncio.TaskGroup() as tasks:
                leaving = tasks.create_task(self._left(receive, settlement))
                while not settlement.over.is_set():
                    await send({"type": "http.response.body", "body": b"\n", "more_body": True})
                    with suppress(TimeoutError):
                        async with asyncio.timeout(services.settings.heartbeat_s):
                            await settlement.over.wait()
                self._client_left = leaving.done()
                await cancel_and_wait(leaving)
        job = await services.jobs.get(job.id)
        return job if is_over(job) else None

    async def _left(self, receive: Receive, settlement: Settlement) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        settlement.dismiss()


async def run_values(services: Services, job: Job) -> bytes:
    """What a run has led to, as JSON: its error, or its last values.

    Raises:
        StoreUnavailable: the store did not respond.
    """
    return await services.relay.references.filled(await _values(services, job))


async def _values(services: Services, job: Job) -> bytes:
    if job.error is not None:
        return orjson.dumps(error_values(job.error))
    for event in await services.relay.log.latest(job.id):
        if (values := values_of(event)) is not None:
            return with_interrupts(values, job.pause) if job.status == "waiting" else values
    if job.thread is not None:
        now = await services.snapshots.snapshot(str(job.thread))
        return now.values if now is not None else b"null"
    return job.result or b"null"


async def soon_over(services: Services, job: Job) -> None:
    """As `until_over`, but no longer than a client may make the service wait.

    Raises:
        StoreUnavailable: the store did not respond.
    """
    with suppress(TimeoutError):
        async with asyncio.timeout(services.settings.max_wait_s):
            await until_over(services, job)


async def until_over(services: Services, job: Job) -> None:
    """Wait until a run is over, or that can't be awaited here any longer.

    Raises:
        StoreUnavailable: the store did not respond.
    """
    settlement = Settlement(job.seq)
    with services.relay.subscribed(settlement, job.id, job.seq):
        if not is_over(await services.jobs.get(job.id)):
            await settlement.over.wait()
