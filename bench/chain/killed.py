"""A worker is killed: how long until its job resumes elsewhere."""

import asyncio
import time
from asyncio.subprocess import Process
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Any, Final, cast

from bench.chain.service import Service, service
from bench.chain.wire import Connection, arrivals, create, listen
from bench.polling import until
from tailrace.shared.jobs import JobId
from tailrace.shared.queue_store import catalogue
from tailrace.shared.redis import keys
from tailrace.shared.redis.connection import Client, connect
from tailrace.shared.redis.keys import log

LEASE_S: Final = 5.0
"""As shipped."""
WORKERS: Final = 2
_INTERVAL_S: Final = 0.05
_EVENTS: Final = 60
_BEFORE: Final = 20
"""Events in the log when the worker is killed: it is well under way, and has two seconds left."""
_WITHIN_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Killed:
    """One round."""

    went_on_s: float
    """From the kill to the first event of the next attempt at the listener."""
    complete: bool
    """Whether the job ended with each of its events numbered."""


async def killed(rounds: int) -> list[Killed]:
    """Kill the worker of a running job, again and again."""
    async with service(TAILRACE_LEASE_S=str(LEASE_S)) as running:
        workers = [await running.start("tailrace.worker", probe="/readyz") for _ in range(WORKERS)]
        async with aclosing(connect(running.store.url)) as store:
            await _alive(store, WORKERS)
            return [await _round(running, store, workers) for _ in range(rounds)]


async def _round(running: Service, store: Client, workers: list[Process]) -> Killed:
    connection = await Connection.open(running.port)
    job_id = await create(connection, _EVENTS, _INTERVAL_S)
    connection.close()
    async with asyncio.TaskGroup() as tasks:
        hearing = tasks.create_task(listen(running.port, job_id))
        await _under_way(store, job_id)
        victim = await _holder(store, job_id, workers)
        victim.kill()
        killed_ns = time.time_ns()
        await victim.wait()
        workers.remove(victim)
        workers.append(await running.start("tailrace.worker"))
        heard = await hearing
    events = arrivals(heard)
    later = [e for e in events if e.name == "custom" and e.data["data"]["t"] > killed_ns]
    await _alive(store, WORKERS)
    complete = events[-1].name == "end" and events[-1].data["status"] == "succeeded"
    return Killed((later[0].at_ns - killed_ns) / 1e9, complete)


async def _under_way(store: Client, job_id: str) -> None:
    async def well_under_way() -> bool:
        return await cast("Any", store).xlen(log(JobId(job_id))) >= _BEFORE

    await until(well_under_way, _WITHIN_S)


async def _holder(store: Client, job_id: str, workers: Sequence[Process]) -> Process:
    """The process that runs the job: a worker's id names its process."""
    owner: bytes = await cast("Any", store).hget(keys.OWNERS, keys.arq_id(JobId(job_id)))
    pid = int(owner.rsplit(b"-", 2)[1])
    return next(worker for worker in workers if worker.pid == pid)


async def _alive(store: Client, workers: int) -> None:
    """Wait until so many workers beat: a job must find one that waits."""

    async def enough() -> bool:
        return (await catalogue.read(store)).workers_alive >= workers

    await until(enough, _WITHIN_S)
