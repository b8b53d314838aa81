"""Every Redis key: its name, type, life and writer. No other module spells one.

| key | store | type | lives | written by |
| --- | --- | --- | --- | --- |
| `tailrace:{s}:job:<id>` | log | hash | `open_ttl`, then `retention` | job_store |
| `tailrace:{s}:log:<id>` | log | stream | `open_ttl`, then `events_ttl` | event_log |
| `tailrace:{s}:open` | log | sorted set | for good | job_store, event_log |
| `tailrace:{s}:ckpt:<id>` | log | hash | `open_ttl`, then 1 h | checkpoint_store |
| `tailrace:{s}:ckpt:<tenant>:<thread>` | log | hash | `thread_ttl` | checkpoint_store |
| `tailrace:{s}:thread:<tenant>:<thread>` | log | hash | `thread_ttl` | job_store, thread_store |
| `tailrace:{s}:line:<tenant>:<thread>` | log | sorted set | `thread_ttl` | job_store |
| `tailrace:{s}:jobs:<tenant>:<thread>` | log | sorted set | `thread_ttl` | job_store |
| `tailrace:{s}:index:<tenant>:<thread>` | log | stream | `thread_ttl` | job_store, event_log |
| `tailrace:{s}:heads` | log | sorted set | for good | job_store |
| `tailrace:{s}:threads:<tenant>` | log | sorted set | for good; each thread for its TTL | record |
| `tailrace:{s}:due` | log | sorted set | as `threads` | record |
| `tailrace:{s}:remains` | log | sorted set | for good | expiry |
| `tailrace:{s}:blobs:<id>` | log | hash | `open_ttl`, then `events_ttl` | blob_store |
| `tailrace:{s}:wake:<id>` | log | stream | a minute after the last wake-up | log_reader |
| `tailrace:{s}:listening:<id>` | log | hash | twice `connection_age` | presence |
| `tailrace:{s}:listening:<id>:<listener>` | log | string | three heartbeats | presence |
| `tailrace:{s}:items` | log | hash | for good; each item for its own TTL | item_store |
| `tailrace:{s}:items:order` | log | sorted set | as `items` | item_store |
| `tailrace:{s}:items:due` | log | sorted set | as `items` | item_store |
| `tailrace:{s}:idem:<tenant>:<key>` | queue | string | a day, at most `retention` | idempotency |
| `arq:{queue-1}:queue` | queue | sorted set | for good | job_queue |
| `arq:job:{queue-1}:<id>` | queue | string | `open_ttl` | job_queue |
| `arq:in-progress:{queue-1}:<id>` | queue | string | the lease | job_queue |
| `arq:{queue-1}:queue:health-check` | queue | string | a minute | arq |
| `tailrace:{queue-1}:attempts` | queue | hash | as `arq:{queue-1}:queue` | job_queue |
| `tailrace:{queue-1}:owners` | queue | hash | as `arq:{queue-1}:queue` | job_queue |
| `tailrace:{queue-1}:again` | queue | set | as `arq:{queue-1}:queue` | job_queue |
| `tailrace:{queue-1}:cancelled` | queue | sorted set | as `arq:{queue-1}:queue` | job_queue |
| `tailrace:{queue-1}:tokens` | queue | list | an hour | job_queue |
| `tailrace:{queue-1}:inbox:<worker>` | queue | list | a minute | job_queue |
| `tailrace:{queue-1}:sweeper` | queue | string | a few seconds | job_queue |
| `tailrace:{queue-1}:workers` | queue | sorted set | a minute after the last beat | catalogue |
| `tailrace:{queue-1}:served` | queue | hash | a minute after the last beat | catalogue |
| `tailrace:{queue-1}:details:<digest>` | queue | string | as `served` | catalogue |

`s` is the job's shard, the last hex digit of its id, and of its thread's. In braces it is a Cluster
hash tag: the keys of one job live on one node, so that one script may touch them. The items of
graphs' stores have the shard that `of_items` gives their namespace, an Idempotency-Key the last
digit of its hash. The queue has one tag for all its keys: it lives on one node. What is in the
queue changes its form only under another tag; jobs that are left under an old one come back by the
sweep.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Final

from tailrace.shared.jobs import JobId
from tailrace.shared.threads import ThreadName

SHARDS: Final = "0123456789abcdef"
_TAG: Final = "{queue-1}"
"""The queue's hash tag, with the format of what is in it."""

QUEUE: Final = f"arq:{_TAG}:queue"
HEALTH: Final = f"{QUEUE}:health-check"
ATTEMPTS: Final = f"tailrace:{_TAG}:attempts"
OWNERS: Final = f"tailrace:{_TAG}:owners"
AGAIN: Final = f"tailrace:{_TAG}:again"
CANCELLED: Final = f"tailrace:{_TAG}:cancelled"
TOKENS: Final = f"tailrace:{_TAG}:tokens"
"""A hint for each job that may be ready; the queue itself is the truth."""
SWEEPER: Final = f"tailrace:{_TAG}:sweeper"
WORKERS: Final = f"tailrace:{_TAG}:workers"
SERVED: Final = f"tailrace:{_TAG}:served"

OF_QUEUE: Final = {
    "QUEUE": QUEUE,
    "ATTEMPTS": ATTEMPTS,
    "OWNERS": OWNERS,
    "AGAIN": AGAIN,
    "CANCELLED": CANCELLED,
    "TOKENS": TOKENS,
    "SWEEPER": SWEEPER,
}
"""The queue's keys, by the names that our scripts give them."""
OF_CATALOGUE: Final = {"WORKERS": WORKERS, "SERVED": SERVED}
"""The same of what workers announce."""

FORMAT: Final = 1
"""Of what is stored: in `format` of a job's record, which stands for its log too, and in `v` of a
checkpoint and of an item. What has none is from before there was one, and is the same."""

PERMANENT: Final = re.compile(
    r"tailrace:\{[0-9a-f]\}:(?:open|items|items:order|items:due)"
    r"|tailrace:\{[0-9a-f]\}:(?:heads|threads:.+|due|remains)"
    rf"|{re.escape(QUEUE)}|tailrace:{re.escape(_TAG)}:(?:attempts|owners|again|cancelled)"
)
"""The keys that may live without a TTL. Each shrinks as jobs end, but for the items of graphs'
stores: one without a TTL is there until it is deleted, which is what a memory is for."""

ALL_CHECKPOINTS: Final = "tailrace:{*}:ckpt:*"
"""Pattern of the keys that hold checkpoints."""


def graph_details(name: str) -> str:
    """What is known of a graph beyond its word in the catalogue."""
    return f"tailrace:{_TAG}:details:{name}"


def job(job_id: JobId) -> str:
    """The job's record."""
    return f"tailrace:{{{job_id[-1]}}}:job:{job_id}"


def log(job_id: JobId) -> str:
    """The job's events."""
    return f"tailrace:{{{job_id[-1]}}}:log:{job_id}"


def of_job(
    job_id: JobId, thread: ThreadName | None = None, superseded: JobId | None = None
) -> dict[str, str | list[str]]:
    """A job's keys, by the names that our scripts give them.

    Args:
        job_id: the job.
        thread: its thread, if it has one.
        superseded: the job whose place it takes there, if the script may end that one.
    """
    found: dict[str, str | list[str]] = {
        "JOB": job(job_id),
        "LOG": log(job_id),
        "OPEN": open_jobs(job_id),
        "CHECKPOINTS": checkpoints(str(thread) if thread else job_id),
        "BLOBS": blobs(job_id),
    }
    if thread is not None:
        ended = [job(superseded), log(superseded), blobs(superseded)] if superseded else []
        found["THREAD"] = [*of_thread(thread).values(), *ended]
    return found


def of_thread(thread: ThreadName) -> dict[str, str]:
    """A thread's keys, by their names in `record.lua` and in its order."""
    shard = thread.id[-1]
    return {
        "record": thread_record(thread),
        "line": f"tailrace:{{{shard}}}:line:{thread}",
        "jobs": f"tailrace:{{{shard}}}:jobs:{thread}",
        "log": log_of_thread(thread),
        "heads": heads_of_shard(shard),
        "found": threads_of_shard(shard, thread.tenant),
        "due": due_of_shard(shard),
    }


def thread_record(thread: ThreadName) -> str:
    """The thread's record."""
    return f"tailrace:{{{thread.id[-1]}}}:thread:{thread}"


def log_of_thread(thread: ThreadName) -> str:
    """The index of the thread's log."""
    return f"tailrace:{{{thread.id[-1]}}}:index:{thread}"


def of_thread_alone(thread: ThreadName, jobs: Iterable[JobId] = ()) -> dict[str, str | list[str]]:
    """A thread's keys, by the names of scripts that need no job.

    Args:
        thread: the thread.
        jobs: jobs of it that a script deletes as well.
    """
    return {
        "CHECKPOINTS": checkpoints(str(thread)),
        "OPEN": open_jobs(JobId(thread.id)),
        "REMAINS": remains_of_shard(thread.id[-1]),
        "THREAD": [*of_thread(thread).values(), *_whole_jobs(jobs)],
    }


def of_remains(shard: str, jobs: Iterable[JobId]) -> dict[str, str | list[str]]:
    """The keys of jobs that remain of deleted threads, by the names of our scripts."""
    return {
        "OPEN": open_jobs_of_shard(shard),
        "REMAINS": remains_of_shard(shard),
        "JOBS": [*_whole_jobs(jobs)],
    }


def threads_of_shard(shard: str, tenant: str) -> str:
    """A tenant's threads, for search."""
    return f"tailrace:{{{shard}}}:threads:{tenant}"


def due_of_shard(shard: str) -> str:
    """The threads of all tenants, by the time when they may have to be deleted."""
    return f"tailrace:{{{shard}}}:due"


def remains_of_shard(shard: str) -> str:
    """The jobs whose threads have been deleted."""
    return f"tailrace:{{{shard}}}:remains"


def _whole_jobs(jobs: Iterable[JobId]) -> Iterator[str]:
    for job_id in jobs:
        yield from (job(job_id), log(job_id), blobs(job_id), listening(job_id))


def heads_of_shard(shard: str) -> str:
    """The jobs of one shard that are next on their threads, and may have to be queued."""
    return f"tailrace:{{{shard}}}:heads"


def open_jobs(job_id: JobId) -> str:
    """The jobs of the same shard that have no `end` yet."""
    return f"tailrace:{{{job_id[-1]}}}:open"


def checkpoints(thread: str) -> str:
    """Where a graph resumes after a crash. A thread is a job's id, but a graph may use its own."""
    shard = thread[-1:] if thread[-1:] in set(SHARDS) else SHARDS[0]
    return f"tailrace:{{{shard}}}:ckpt:{thread}"


def blobs(job_id: JobId) -> str:
    """The job's large values, which its events refer to."""
    return f"tailrace:{{{job_id[-1]}}}:blobs:{job_id}"


def wakeups(log_key: str, reader_id: str) -> str:
    """What ends a read of this log, and of others in its shard, that blocks in the store."""
    return f"tailrace:{{{log_key[-1]}}}:wake:{reader_id}"


def listening(job_id: JobId) -> str:
    """The listeners that came to a job, while it may still matter."""
    return f"tailrace:{{{job_id[-1]}}}:listening:{job_id}"


def listener(job_id: JobId, listener_id: str) -> str:
    """Says that a listener of the job is still there."""
    return f"{listening(job_id)}:{listener_id}"


def of_checkpoints(thread: str) -> dict[str, str]:
    """Where the checkpoints of a thread are, by the name that our scripts give it."""
    return {"CHECKPOINTS": checkpoints(thread)}


def thread_of_checkpoints(key: str) -> str:
    """The thread whose checkpoints the key holds."""
    return key.split(":", 3)[3]


def open_jobs_of_shard(shard: str) -> str:
    """The jobs of one shard that have no `end` yet."""
    return f"tailrace:{{{shard}}}:open"


def items_of_shard(shard: str) -> dict[str, str]:
    """Items of graphs' stores, by the names of our scripts: items, their order, when they go."""
    items = f"tailrace:{{{shard}}}:items"
    return {"ITEMS": items, "ORDER": f"{items}:order", "DUE": f"{items}:due"}


def shard_of_items(path: bytes) -> str:
    """Where the items of one tenant's namespace are, by its path."""
    return hashlib.sha256(path).hexdigest()[-1]


def of_items(path: bytes) -> dict[str, str]:
    """The keys of these items, by the names that our scripts give them."""
    return items_of_shard(shard_of_items(path))


def arq_id(job_id: JobId) -> str:
    """The job's id as arq sees it, and as the queue holds it."""
    return f"{_TAG}:{job_id}"


def job_of_arq_id(arq_id: bytes) -> JobId:
    """Which job has this id in the queue."""
    return JobId(arq_id.decode().removeprefix(f"{_TAG}:"))


def payload(job_id: JobId) -> str:
    """What arq's tools read of a job that is in the queue."""
    return f"arq:job:{arq_id(job_id)}"


def progress(job_id: JobId) -> str:
    """What tells arq's tools that a worker has the job."""
    return f"arq:in-progress:{arq_id(job_id)}"


def of_queued(job_id: JobId) -> dict[str, str]:
    """The queue's keys and those of one job in it, by the names that our scripts give them."""
    return {**OF_QUEUE, "PAYLOAD": payload(job_id), "PROGRESS": progress(job_id)}


def inbox(worker_id: str) -> str:
    """Ids of jobs that this worker has to stop."""
    return f"tailrace:{_TAG}:inbox:{worker_id}"


def idempotency(tenant: str, key: str) -> str:
    """Which job a tenant's `Idempotency-Key` stands for; of the key, only a hash is kept."""
    digest = hashlib.sha256(key.encode()).hexdigest()
    return f"tailrace:{{{digest[-1]}}}:idem:{tenant}:{digest}"
