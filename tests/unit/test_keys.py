import re

import pytest
from redis.crc import key_slot

from tailrace.shared.jobs import JobId, new_job_id
from tailrace.shared.redis import keys
from tailrace.shared.threads import ThreadId, ThreadName

JOB = JobId("01890a5d-ac96-774b-bcce-b302099a8057")


THREAD = ThreadName("<tenant>", ThreadId("9acea956-6901-4e0f-91cb-0e4654636987"))


def all_of(job_id: JobId, thread: ThreadName | None = None) -> list[str]:
    """The job's keys, and those of its thread."""
    found: list[str] = []
    for key in keys.of_job(job_id, thread).values():
        found += [key] if isinstance(key, str) else key
    return found


def test_the_keys_of_a_job_are_spelled_as_the_table_says() -> None:
    assert keys.job(JOB) == f"tailrace:{{7}}:job:{JOB}"
    assert keys.log(JOB) == f"tailrace:{{7}}:log:{JOB}"
    assert keys.open_jobs(JOB) == "tailrace:{7}:open"


def test_the_keys_of_a_job_live_on_one_cluster_node() -> None:
    job_id = new_job_id(THREAD.id)

    assert len({key_slot(key.encode()) for key in all_of(job_id, THREAD)}) == 1


def test_there_are_sixteen_shards() -> None:
    found = {keys.open_jobs(new_job_id()) for _ in range(1000)}

    assert found == {keys.open_jobs_of_shard(shard) for shard in keys.SHARDS}
    assert len(found) == 16


def test_no_two_jobs_share_a_record_or_a_log() -> None:
    one, other = new_job_id(), new_job_id()

    shared = set(all_of(one)) & set(all_of(other))
    assert shared <= {keys.open_jobs(one)}


def test_what_graphs_remember_may_live_for_good_on_one_cluster_node_a_namespace() -> None:
    found = keys.of_items(b"tenant\0memories\0ann").values()

    assert all(keys.PERMANENT.fullmatch(key) for key in found)
    assert len({key_slot(key.encode()) for key in found}) == 1


@pytest.mark.parametrize(
    "key",
    [
        *[keys.of_thread(THREAD)[name] for name in ("heads", "found", "due")],
        keys.open_jobs(JOB),
        keys.QUEUE,
        keys.OWNERS,
        keys.ATTEMPTS,
        keys.AGAIN,
        keys.CANCELLED,
    ],
)
def test_lists_that_shrink_as_jobs_end_may_live_for_good(key: str) -> None:
    assert keys.PERMANENT.fullmatch(key)


@pytest.mark.parametrize(
    "key",
    [
        keys.job(JOB),
        keys.log(JOB),
        keys.checkpoints(JOB),
        *[keys.of_thread(THREAD)[name] for name in ("record", "line", "jobs", "log")],
        keys.TOKENS,
        keys.inbox("a"),
        keys.WORKERS,
        keys.SERVED,
        keys.SWEEPER,
        keys.idempotency("t", "k"),
        keys.HEALTH,
        keys.payload(JOB),
        keys.progress(JOB),
    ],
)
def test_nothing_else_may_live_for_good(key: str) -> None:
    assert not keys.PERMANENT.fullmatch(key)


def test_every_key_that_is_spelled_here_stands_in_the_table() -> None:
    table = keys.__doc__ or ""
    spelled = [*all_of(JOB), *all_of(JOB, THREAD), keys.inbox("<worker>"), keys.HEALTH]
    spelled += keys.items_of_shard("7").values()
    spelled += keys.of_queued(JOB).values()
    named = [key.replace(JOB, "<id>").replace(THREAD.id, "<thread>") for key in spelled]
    general = [key.replace("{7}", "{s}").replace(":idle", ":<status>") for key in named]
    general = [key for key in general if not key.endswith((":busy", ":interrupted", ":error"))]
    fixed = keys.OF_CATALOGUE.values()

    assert [key for key in [*general, *fixed] if f"`{key}`" not in table] == []


def test_an_idempotency_key_is_kept_as_a_hash_under_its_tenant() -> None:
    named = keys.idempotency("acme", "order-42")

    assert re.fullmatch(r"tailrace:\{([0-9a-f])\}:idem:acme:[0-9a-f]{63}\1", named)
    assert "order-42" not in named
    assert named not in (keys.idempotency("acme", "order-43"), keys.idempotency("b", "order-42"))
