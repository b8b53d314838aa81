"""Keeps the service busy: posts jobs, gives each its listeners, cancels some, answers some."""

import asyncio
import random
import time
from functools import partial
from itertools import count
from typing import Any, Final

import httpx
import orjson

from tailrace.shared.jobs import JobId
from tests.faults.cluster import Cluster
from tests.faults.listener import Listener
from tests.faults.plan import Pass, PlannedJob, planned_job
from tests.faults.record import Ear, PostedJob, Record
from tests.support.event_stream import Dispatched

INSIST_S: Final = 60.0
"""A call that no replica takes for this long is a trouble."""
PAUSE_S: Final = 0.1
ACCEPTED: Final = 202
SERVERS_FAULT: Final = 500
END_S: Final = 90.0
"""After the last fault every job has ended within this: back-offs, leases, full queues."""
LATEST_S: Final = 2.0
"""Some listeners come when the job runs already."""


class Load:
    """The work of one pass."""

    def __init__(self, cluster: Cluster, plan: Pass, record: Record) -> None:
        self._cluster = cluster
        self._plan = plan
        self._record = record
        self._rng = random.Random(f"{plan.seed} {plan.name} load")
        self._answering: set[tuple[JobId, str]] = set()

    async def run(self, faults: asyncio.Task[None]) -> None:
        """Post until all jobs are posted and all faults done; return when all listeners are."""
        try:
            async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as tasks:
                await self._post_while(faults, tasks)
                limit.reschedule(asyncio.get_running_loop().time() + END_S)
        except TimeoutError:
            waiting = sum(1 for job in self._record.jobs if not job.ended)
            self._record.troubles.append(f"{waiting} jobs have listeners without `end`")

    async def _post_while(self, faults: asyncio.Task[None], tasks: asyncio.TaskGroup) -> None:
        interval_s = self._plan.span_s / self._plan.jobs
        for number in count():
            if number >= self._plan.jobs and faults.done():
                return
            tasks.create_task(self._see_through(number))
            await asyncio.sleep(interval_s * self._rng.uniform(0.5, 1.5))

    async def _see_through(self, number: int) -> None:
        planned = planned_job(self._plan.seed, number, self._plan.longest)
        if (answer := await self._insist("/jobs", planned.body)) is None:
            return
        job = PostedJob(JobId(answer["id"]), planned)
        self._record.jobs.append(job)
        async with asyncio.TaskGroup() as tasks:
            for n in range(self._plan.listeners):
                ear = Ear()
                job.ears.append(ear)
                on_event = partial(self._react, tasks, job)
                tasks.create_task(self._listen(job.id, ear, f"{number} {n}", on_event))
            tasks.create_task(self._cancel(job, planned))

    async def _listen(self, job_id: JobId, ear: Ear, who: str, on_event: Any) -> None:
        ports = [node.port for node in self._cluster.apis]
        rng = random.Random(f"{self._plan.seed} {who} late")
        await asyncio.sleep(rng.choice((0, 0, 0, rng.uniform(0, LATEST_S))))
        await Listener(job_id, ports, ear, f"{self._plan.seed} {who}", on_event).run()

    def _react(self, tasks: asyncio.TaskGroup, job: PostedJob, event: Dispatched) -> None:
        """Answer what the job asks, once."""
        if event.name != "status":
            return
        for question in orjson.loads(event.data).get("interrupts", ()):
            asked = (job.id, question["id"])
            if asked not in self._answering:
                self._answering.add(asked)
                tasks.create_task(self._insist(f"/jobs/{job.id}/resume", {"value": "yes"}))

    async def _cancel(self, job: PostedJob, planned: PlannedJob) -> None:
        if planned.cancel_after_s is not None:
            await asyncio.sleep(planned.cancel_after_s)
            await self._insist(f"/jobs/{job.id}/cancel", None)

    async def _insist(self, path: str, body: Any) -> dict[str, Any] | None:
        """Send until a replica takes it; its answer, or None, and a trouble, when none does."""
        limit = time.monotonic() + INSIST_S
        last = ""
        while time.monotonic() < limit:
            url = self._rng.choice(self._cluster.apis).url + path
            try:
                answer = await self._cluster.client.post(url, json=body)
            except httpx.TransportError as error:
                last = repr(error)
            else:
                if answer.status_code == ACCEPTED:
                    return answer.json()
                last = f"{answer.status_code} {answer.text}"
                if answer.status_code < SERVERS_FAULT:
                    break
            self._record.refused_posts += 1
            await asyncio.sleep(PAUSE_S)
        self._record.troubles.append(f"POST {path} was not taken: {last}")
        return None
