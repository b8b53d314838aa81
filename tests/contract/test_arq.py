"""What of arq 0.28 this service relies on, beyond what arq documents."""

import inspect
from typing import Any

import pytest
from arq import constants
from arq.connections import ArqRedis
from arq.jobs import Job, JobStatus
from arq.worker import Worker, func
from redis.asyncio import Redis

from tailrace.shared.jobs import new_job_id
from tailrace.shared.queue_store.queue.job_queue import (
    DESERIALIZE,
    FUNCTION,
    SERIALIZE,
    ArqClient,
    JobQueue,
)
from tailrace.shared.redis import keys
from tailrace.shared.settings import SharedSettings

JOB_ID = new_job_id()


@pytest.fixture
async def queue(redis: Redis) -> JobQueue:
    return JobQueue(redis, SharedSettings())


@pytest.fixture
async def arq(redis: Redis) -> ArqRedis:
    return ArqClient(redis)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("job_key_prefix", "arq:job:"),
        ("in_progress_key_prefix", "arq:in-progress:"),
        ("result_key_prefix", "arq:result:"),
        ("health_check_key_suffix", ":health-check"),
    ],
)
def test_arq_names_its_keys_as_our_scripts_do(name: str, value: str) -> None:
    assert getattr(constants, name) == value


def test_arqs_worker_takes_the_parameters_that_ours_hands_on() -> None:
    parameters = inspect.signature(Worker.__init__).parameters
    assert {
        "functions",
        "redis_pool",
        "queue_name",
        "handle_signals",
        "max_jobs",
        "health_check_interval",
        "keep_result",
        "job_serializer",
        "job_deserializer",
    } <= parameters.keys()


async def test_arqs_worker_has_the_attributes_that_ours_uses(arq: ArqRedis) -> None:
    worker: Any = Worker([func(_nothing, name=FUNCTION)], redis_pool=arq, handle_signals=False)

    assert worker.tasks == {}
    assert worker.max_jobs == 10
    assert (worker.jobs_complete, worker.jobs_failed, worker.jobs_retried) == (0, 0, 0)
    assert inspect.iscoroutinefunction(worker.main)
    assert inspect.iscoroutinefunction(worker.record_health)
    assert worker.pool is arq


async def test_arqs_async_run_runs_main_and_nothing_else(arq: ArqRedis) -> None:
    ran: list[str] = []

    class Mine(Worker):
        async def main(self) -> None:
            ran.append("main")

    await Mine([func(_nothing, name=FUNCTION)], redis_pool=arq, handle_signals=False).async_run()
    assert ran == ["main"]


def seen(arq: ArqRedis) -> Job:
    """Our job as arq's tools see it."""
    return Job(keys.arq_id(JOB_ID), arq, _queue_name=keys.QUEUE, _deserializer=DESERIALIZE)


async def test_arq_lists_a_job_that_we_queued(queue: JobQueue, arq: ArqRedis) -> None:
    await queue.enqueue(JOB_ID)

    [listed] = await arq.queued_jobs()
    assert (listed.job_id, listed.function) == (keys.arq_id(JOB_ID), FUNCTION)
    assert not [*listed.args, *listed.kwargs]


async def test_arq_tells_what_a_job_that_we_queued_is(queue: JobQueue, arq: ArqRedis) -> None:
    await queue.enqueue(JOB_ID)

    info = await seen(arq).info()
    assert info is not None
    assert info.function == FUNCTION


async def test_arq_sees_the_state_of_a_job(queue: JobQueue, arq: ArqRedis) -> None:
    job = seen(arq)
    assert await job.status() == JobStatus.not_found
    await queue.enqueue(JOB_ID, delay_s=60)
    assert await job.status() == JobStatus.deferred
    await queue.remove(JOB_ID)
    await queue.enqueue(JOB_ID)
    assert await job.status() == JobStatus.queued
    [claim] = await queue.claim("worker", 1)
    await queue.renew("worker", [claim])
    assert await job.status() == JobStatus.in_progress
    await queue.finish("worker", claim)
    assert await job.status() == JobStatus.not_found


async def test_arqs_worker_records_its_health_where_arqs_check_looks(arq: ArqRedis) -> None:
    worker = Worker(
        [func(_nothing, name=FUNCTION)],
        redis_pool=arq,
        queue_name=keys.QUEUE,
        handle_signals=False,
        health_check_interval=30,
        job_serializer=SERIALIZE,
        job_deserializer=DESERIALIZE,
    )
    await worker.record_health()

    redis: Any = arq
    assert b"j_complete=0" in await redis.get(keys.HEALTH)
    assert 0 < await redis.pttl(keys.HEALTH) <= 31_000


async def _nothing(ctx: dict[Any, Any]) -> None:
    """A job for arq's table of functions."""
