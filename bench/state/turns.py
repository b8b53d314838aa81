"""A conversation on a worker's own path, and what its turns cost."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from statistics import mean
from typing import Annotated, Any, Final, TypedDict

from langchain_core.messages import AIMessage, AnyMessage
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages

from tailrace.shared.jobs import Holder, JobRequest, new_job_id
from tailrace.shared.log_store.blobs.blob_store import BlobStore
from tailrace.shared.log_store.checkpoints.snapshots import SnapshotReader
from tailrace.shared.log_store.events.event_log import EventLog
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.log_store.journal.journal import JournalStore, JournalStores
from tailrace.shared.process.tasks import cancel_and_wait
from tailrace.shared.redis.commands import ask
from tailrace.shared.redis.connection import Client, connect
from tailrace.shared.threads import ThreadId, ThreadName, new_thread_id
from tailrace.worker.attempt.execution import Execution
from tailrace.worker.attempt.outcomes import Ended
from tailrace.worker.attempt.unserved import Unserved
from tailrace.worker.catalogue.factories import GraphSource
from tailrace.worker.catalogue.registry import Registry
from tailrace.worker.checkpoints.checkpoints import Checkpoints
from tailrace.worker.journal.journal import Journal
from tailrace.worker.settings import WorkerSettings
from tailrace.worker.store.graph_store import GraphStores

TURNS: Final = 10
_QUESTION: Final = "What is the difference between the two, and which one would you take? " * 3
_ANSWER: Final = "It depends on what you need it for: the first is smaller, the other faster. " * 8
_MAX_RESULT: Final = 64 * 1024 * 1024
_CONFIG: Final[dict[str, Any]] = {"configurable": {}, "tags": [], "recursion_limit": 100}


class Talk(TypedDict):
    """The state of a conversation."""

    messages: Annotated[list[AnyMessage], add_messages]


@dataclass(frozen=True, slots=True)
class Turn:
    """What a turn costs."""

    written: int
    """Bytes that the store writes."""
    result: int
    """Those of them that repeat the state as the job's result."""
    worker_ms: float
    store_ms: float
    """CPU of both."""
    wall_ms: float

    @property
    def others(self) -> int:
        """Bytes but for the result."""
        return self.written - self.result


@dataclass(frozen=True, slots=True)
class Cost:
    """What turns cost in a conversation of some length."""

    length: int
    turns: Sequence[Turn]
    read_ms: float
    """How long a reader takes for the newest state."""

    def mean(self, of: Callable[[Turn], float]) -> float:
        """The mean of something over all turns."""
        return mean(of(turn) for turn in self.turns)


@dataclass(frozen=True, slots=True)
class Conversation:
    """A thread, and a worker's own path to it."""

    redis: Client
    execution: Execution
    stores: JournalStores
    thread: ThreadId

    async def says(self, count: int) -> Turn:
        """A turn that begins with so many messages at once."""
        messages = [{"role": "user", "content": _QUESTION} for _ in range(count)]
        given = {"messages": messages}
        request = JobRequest("talk", given, _CONFIG, ("messages", "updates"), thread=self.thread)
        before, store_ms = await self._written(), await self._store_ms()
        wall, cpu = time.perf_counter(), time.process_time()
        created = await self.stores.jobs.create(new_job_id(self.thread), "bench", request)
        result = await self._carried(Holder(created.job.id, 1, "bench"))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        return Turn(
            written=await self._written() - before,
            # Once in the log, once in the record.
            result=2 * len(result),
            worker_ms=cpu * 1e3,
            store_ms=await self._store_ms() - store_ms,
            wall_ms=wall * 1e3,
        )

    async def read_ms(self) -> float:
        """How long a reader takes for the newest state."""
        reader, began = SnapshotReader(self.redis), time.perf_counter()
        found = await reader.snapshot(str(ThreadName("bench", self.thread)))
        assert found is not None
        return (time.perf_counter() - began) * 1e3

    async def _carried(self, holder: Holder) -> bytes:
        """As `tailrace.worker.attempt.runner` does, without the queue."""
        job = await self.stores.jobs.open_attempt(holder)
        holder = Holder(holder.job_id, holder.attempt, holder.token, job.thread)
        journal = Journal(self.stores, holder, job.seq)
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(journal.run())
            outcome = await self.execution.run(job, journal)
            if not isinstance(outcome, Ended) or outcome.status != "succeeded":
                raise RuntimeError(repr(outcome))
            await journal.close(outcome.status, result=outcome.result, at=outcome.result_at)
            await cancel_and_wait(writing)
        return b"" if outcome.result_at else outcome.result or b""

    async def _written(self) -> int:
        """Bytes of the append-only file, with those that are on their way to it."""
        info = await ask(self.redis, "INFO", "persistence")
        return int(info["aof_current_size"]) + int(info["aof_buffer_length"])

    async def _store_ms(self) -> float:
        info = await ask(self.redis, "INFO", "cpu")
        return 1e3 * (float(info["used_cpu_user"]) + float(info["used_cpu_sys"]))


async def _conversation(redis: Client, url: str) -> Conversation:
    settings = WorkerSettings(
        redis_url=url, max_result_bytes=_MAX_RESULT, max_event_bytes=_MAX_RESULT
    )
    jobs, log = JobStore(redis, settings), EventLog(redis, settings)
    journal, blobs = JournalStore(redis, settings), BlobStore(redis, settings)
    registry = Registry({"talk": GraphSource("talk", "", _graph())})
    execution = Execution(
        registry,
        Checkpoints(redis, settings),
        settings,
        Unserved(registry, redis, settings),
        GraphStores(redis),
    )
    stores = JournalStores(log, journal, jobs, blobs)
    return Conversation(redis, execution, stores, new_thread_id())


def _answer(state: Talk) -> Any:  # noqa: ARG001
    return {"messages": [AIMessage(_ANSWER)]}


def _graph() -> Any:
    graph: Any = StateGraph(Talk)
    graph.add_node("answer", _answer)
    graph.add_edge(START, "answer")
    graph.add_edge("answer", END)
    return graph.compile()


async def turns(url: str, lengths: Sequence[int]) -> AsyncGenerator[Cost]:
    """What a turn costs in conversations of these lengths.

    Args:
        url: of a store with an append-only file.
        lengths: how many messages each has before.
    """
    async with aclosing(connect(url)) as redis:
        await (await _conversation(redis, url)).says(1)
        for length in lengths:
            talk = await _conversation(redis, url)
            await talk.says(max(length - 1, 1))
            yield Cost(length, [await talk.says(1) for _ in range(TURNS)], await talk.read_ms())
