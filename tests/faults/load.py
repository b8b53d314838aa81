"""Keeps the service busy: posts jobs, gives each its listeners, cancels some, answers some."""

import asyncio
import random
import time
from functools import partial
from itertools import count
from typing import Any, Final
from uuid import UUID

import httpx
import orjson

from tailrace.shared.jobs import JobId
from tailrace.shared.threads import ThreadId
from tests.faults.cluster import Cluster
from tests.faults.conversation import MESSAGES
from tests.faults.listener import Listener
from tests.faults.plan import MANY_ATTEMPTS, Pass, PlannedJob, planned_job
from tests.faults.record import Ear, Message, PostedJob, Record, Talk
from tests.support.event_stream import Dispatched

INSIST_S: Final = 60.0
"""A call that no replica takes for this long is a trouble."""
PAUSE_S: Final = 0.1
ACCEPTED: Final = 202
SERVERS_FAULT: Final = 500
END_S: Final = 90.0
"""After the last fault every job has ended within this: back-offs, leases, full queues."""
TALKS_WITHIN: Final = 0.9
"""The part of the time in which conversations begin."""
SAID_WITHIN_S: Final = 8.0
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
                for number in range(self._plan.talks):
                    tasks.create_task(self._converse(number))
                await self._post_while(faults, tasks)
                limit.reschedule(asyncio.get_running_loop().time() + END_S)
        except TimeoutError:
            waiting = sum(1 for ear in self._record.ears if not ear.ended)
            self._record.troubles.append(f"{waiting} listeners are without `end`")

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

    async def _converse(self, number: int) -> None:
        """Post the messages of a conversation at any time and to any replica, some at once."""
        rng = random.Random(f"{self._plan.seed} talk {number}")
        talk = Talk(ThreadId(str(UUID(int=rng.getrandbits(128), version=4))))
        self._record.talks.append(talk)
        await asyncio.sleep(rng.uniform(0, self._plan.span_s * TALKS_WITHIN))
        async with asyncio.TaskGroup() as tasks:
            for n in range(MESSAGES):
                tasks.create_task(self._say(talk, f"{number}.{n}", rng.uniform(0, SAID_WITHIN_S)))

    async def _say(self, talk: Talk, text: str, after_s: float) -> None:
        await asyncio.sleep(after_s)
        body = {
            "graph": "conversation",
            "input": {"said": [text]},
            "thread": talk.thread,
            "max_attempts": MANY_ATTEMPTS,
        }
        # With a key: a message whose acknowledgement was lost is posted again, and is still one.
        if (told := await self._insist("/jobs", body, key=f"{talk.thread} {text}")) is None:
            return
        message = Message(text, JobId(told["id"]))
        talk.messages.append(message)
        await self._listen(message.id, message.ear, text, _ignore)

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

    async def _insist(self, path: str, body: Any, key: str | None = None) -> dict[str, Any] | None:
        """Send until a replica takes it; its answer, or None, and a trouble, when none does."""
        limit = time.monotonic() + INSIST_S
        last = ""
        headers = {"Idempotency-Key": key} if key else {}
        while time.monotonic() < limit:
            url = self._rng.choice(self._cluster.apis).url + path
            try:
                answer = await self._cluster.client.post(url, json=body, headers=headers)
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


def _ignore(_: Dispatched) -> None:
    """A message needs no reaction."""
