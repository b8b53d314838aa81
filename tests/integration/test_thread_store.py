"""Threads: made, read, changed, found in order, deleted with all that they have."""

import json
import random
from dataclasses import dataclass, field, replace
from typing import Any, Final, cast

import pytest
from redis.asyncio import Redis

from tailrace.shared import terms
from tailrace.shared.errors import ThreadNotFound
from tailrace.shared.jobs import JobId, new_job_id
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.log_store.jobs.open_jobs import OpenJobs
from tailrace.shared.log_store.threads import thread_search
from tailrace.shared.log_store.threads.expiry import Expiry
from tailrace.shared.log_store.threads.thread_search import (
    InvalidPage,
    Page,
    Search,
    ThreadSearch,
)
from tailrace.shared.log_store.threads.thread_store import ThreadStore
from tailrace.shared.queue_store.queue.job_queue import JobQueue
from tailrace.shared.redis import keys
from tailrace.shared.removal import Removal
from tailrace.shared.settings import SharedSettings
from tailrace.shared.threads import Thread, ThreadId, ThreadName, new_thread_id
from tests.support.jobs import request

TENANT: Final = "tenant"


@dataclass
class Threads:
    """Everything about threads on one store."""

    redis: Redis
    settings: SharedSettings = field(default_factory=SharedSettings)

    @property
    def store(self) -> ThreadStore:
        return ThreadStore(self.redis, self.settings)

    @property
    def jobs(self) -> JobStore:
        return JobStore(self.redis, self.settings)

    @property
    def removal(self) -> Removal:
        queue = JobQueue(self.redis, self.settings)
        return Removal(self.jobs, OpenJobs(self.redis), queue, Expiry(self.redis))

    async def make(self, metadata: dict[str, Any] | None = None, tenant: str = TENANT) -> Thread:
        name = ThreadName(tenant, new_thread_id())
        return (await self.store.create(name, metadata or {})).thread

    async def post(self, thread_id: ThreadId) -> JobId:
        wanted = replace(request(), thread=thread_id)
        return (await self.jobs.create(new_job_id(thread_id), TENANT, wanted)).job.id

    async def page(self, tenant: str = TENANT, /, **search: Any) -> Page:
        return await ThreadSearch(self.redis).page(tenant, Search(**search))

    async def count(self, **search: Any) -> int:
        return await ThreadSearch(self.redis).count(TENANT, Search(**search))

    async def left(self) -> list[str]:
        return sorted(key.decode() for key in await cast("Any", self.redis).keys())


@pytest.fixture
def threads(redis: Redis) -> Threads:
    return Threads(redis)


def name_of(thread: Thread) -> ThreadName:
    return ThreadName(thread.tenant, thread.id)


async def test_a_thread_is_made_once_and_read_as_it_was_made(threads: Threads) -> None:
    name = ThreadName(TENANT, new_thread_id())
    made = await threads.store.create(name, {"owner": "ann", "deep": {"x": [1]}})
    again = await threads.store.create(name, {"owner": "bob"})

    assert (made.new, again.new) == (True, False)
    assert await threads.store.get(name) == made.thread == again.thread
    assert made.thread.metadata == {"owner": "ann", "deep": {"x": [1]}}
    assert made.thread.status == "idle"


async def test_the_same_id_in_two_tenants_is_two_threads(threads: Threads) -> None:
    one = await threads.make({"of": "one"})
    other = ThreadName("other", one.id)

    with pytest.raises(ThreadNotFound):
        await threads.store.get(other)
    await threads.store.create(other, {"of": "other"})
    assert (await threads.store.get(name_of(one))).metadata == {"of": "one"}
    assert [t.metadata for t in (await threads.page("other")).threads] == [{"of": "other"}]
    await threads.removal.delete(other)
    assert (await threads.page()).threads == [one]


async def test_metadata_is_merged_and_found_as_it_is_now(threads: Threads) -> None:
    thread = await threads.make({"a": 1, "b": 2})
    patched = await threads.store.patch(name_of(thread), {"b": None, "c": "x"})

    assert patched.metadata == {"a": 1, "b": None, "c": "x"}
    assert patched.updated_at >= thread.updated_at
    assert (await threads.page(metadata={"b": 2})).threads == []
    assert (await threads.page(metadata={"b": None, "c": "x"})).threads == [patched]
    with pytest.raises(ThreadNotFound):
        await threads.store.patch(ThreadName(TENANT, new_thread_id()), {})


async def test_a_copy_has_metadata_and_state_and_no_jobs(threads: Threads) -> None:
    thread = await threads.make({"a": 1})
    await threads.post(thread.id)
    state = keys.checkpoints(str(name_of(thread)))
    await cast("Any", threads.redis).hset(state, "head:", "c1")
    await threads.redis.pexpire(state, 100_000)
    target = ThreadName(TENANT, new_thread_id())
    copied = await threads.store.copy(name_of(thread), target)

    assert (copied.id, copied.metadata, copied.status) == (target.id, {"a": 1}, "idle")
    kept = await cast("Any", threads.redis).hget(keys.checkpoints(str(target)), "head:")
    assert kept == b"c1"
    assert (await threads.store.jobs(target, 10)).jobs == []


async def test_the_jobs_of_a_thread_come_newest_first_page_by_page(threads: Threads) -> None:
    thread = await threads.make()
    ids = [await threads.post(thread.id) for _ in range(5)]
    first = await threads.store.jobs(name_of(thread), 3)
    second = await threads.store.jobs(name_of(thread), 3, first.before)

    assert [job.id for job in [*first.jobs, *second.jobs]] == ids[::-1]
    assert second.before is None


async def test_status_is_found_in_step_with_the_jobs(threads: Threads) -> None:
    thread = await threads.make()
    job_id = await threads.post(thread.id)
    assert [t.id for t in (await threads.page(status="busy")).threads] == [thread.id]
    assert (await threads.page(status="idle")).threads == []
    await threads.jobs.close_over(job_id, "failed")
    assert [t.id for t in (await threads.page(status="error")).threads] == [thread.id]
    assert await threads.count(status="busy") == 0


async def test_newest_first_by_creation_or_by_the_last_change(threads: Threads) -> None:
    made = [await threads.make() for _ in range(3)]
    await later(threads, made[0])

    def ids(page: Page) -> list[ThreadId]:
        return [thread.id for thread in page.threads]

    by_creation = ids(await threads.page())
    assert set(by_creation) == {t.id for t in made}
    assert ids(await threads.page(descending=False)) == by_creation[::-1]
    assert ids(await threads.page(order="updated_at"))[0] == made[0].id


async def later(threads: Threads, thread: Thread) -> None:
    """Change the thread once its last change is another millisecond."""
    while (await threads.store.patch(name_of(thread), {})).updated_at == thread.updated_at:
        pass


async def test_an_unknown_cursor_and_one_of_another_order_are_refused(threads: Threads) -> None:
    for _ in range(3):
        await threads.make()
    cursor = (await threads.page(limit=1)).cursor
    for wrong in ("x", "é", "", cursor):
        order = "updated_at" if wrong == cursor else "created_at"
        if wrong == "":
            continue
        with pytest.raises(InvalidPage):
            await threads.page(cursor=wrong, order=order)


async def test_threads_with_much_metadata_are_found_by_all_of_it(threads: Threads) -> None:
    much = {f"k{n:02}": n for n in range(terms.MOST + 4)}
    large = await threads.make({**much, "text": "x" * 200, "deep": {"a": [1, {"b": 2}]}})
    small = await threads.make({"k19": 19})

    async def found(**metadata: Any) -> set[ThreadId]:
        page = await threads.page(metadata=metadata)
        assert page.cursor is None
        assert await threads.count(metadata=metadata) == len(page.threads)
        return {thread.id for thread in page.threads}

    assert await found(k00=0) == {large.id}
    assert await found(k19=19) == {large.id, small.id}
    assert await found(k19=19, k00=0) == {large.id}
    assert await found(text="x" * 200) == {large.id}
    assert await found(deep={"a": [{"b": 2}]}) == {large.id}
    assert await found(k01=True) == set()
    assert await found(k01=1.0) == {large.id}


# A model: the same searches over a plain list.


@dataclass
class Model:
    """What the store should hold."""

    threads: dict[ThreadId, Thread] = field(default_factory=dict[ThreadId, Thread])

    def page(self, search: Search) -> list[Thread]:
        found = [
            t
            for t in self.threads.values()
            if search.status in (None, t.status)
            and {(k, json.dumps(v)) for k, v in search.metadata.items()}
            <= {(k, json.dumps(v)) for k, v in t.metadata.items()}
            and (search.ids is None or t.id in search.ids)
        ]
        found.sort(key=lambda t: (getattr(t, search.order), t.id), reverse=search.descending)
        return found


async def walk(threads: Threads, search: Search) -> list[Thread]:
    """All pages of a search, one after the other by their cursors."""
    found: list[Thread] = []
    while True:
        page = await ThreadSearch(threads.redis).page(TENANT, search)
        assert len(page.threads) <= search.limit
        found += page.threads
        if page.cursor is None:
            return found
        search = replace(search, cursor=page.cursor, offset=0)


def some_metadata(chance: random.Random) -> dict[str, Any]:
    return {k: chance.choice([1, "x", None, True]) for k in chance.sample("abcd", k=2)}


async def move(threads: Threads, model: Model, chance: random.Random) -> None:
    """Do something to the threads of the store, and to those of the model."""
    what = chance.random()
    if what < 0.6 or not model.threads:
        thread = await threads.make(some_metadata(chance))
    else:
        thread = chance.choice(list(model.threads.values()))
    name = name_of(thread)
    if 0.6 <= what < 0.7 and thread.id in model.threads:
        await threads.removal.delete(name)
        del model.threads[thread.id]
        return
    if 0.7 <= what < 0.8:
        await threads.store.patch(name, some_metadata(chance))
    elif what >= 0.8 and thread.status == "busy":
        [job] = (await threads.store.jobs(name, 1)).jobs
        await threads.jobs.close_over(job.id, chance.choice(["failed", "succeeded"]))
    elif what >= 0.8:
        await threads.post(thread.id)
    model.threads[thread.id] = await threads.store.get(name)


def some_search(chance: random.Random, model: Model) -> Search:
    return Search(
        status=chance.choice([None, None, "idle", "busy", "error"]),
        metadata=some_metadata(chance) if chance.random() < 0.5 else {},
        ids=chance.sample(list(model.threads), 5) if chance.random() < 0.1 else None,
        order=chance.choice(["created_at", "updated_at"]),
        descending=chance.random() < 0.7,
        limit=chance.choice([1, 3, 10, 100]),
    )


@pytest.mark.parametrize("seed", range(4))
async def test_search_finds_what_a_plain_list_has(threads: Threads, seed: int) -> None:
    chance, model = random.Random(seed), Model()
    for _ in range(300):
        await move(threads, model, chance)
    for _ in range(60):
        search = some_search(chance, model)
        wanted = model.page(search)
        if search.ids is None:
            assert await walk(threads, search) == wanted
        offset = chance.randrange(len(wanted) + 2)
        page = await ThreadSearch(threads.redis).page(TENANT, replace(search, offset=offset))
        assert page.threads == wanted[offset : offset + search.limit]
        assert await ThreadSearch(threads.redis).count(TENANT, search) == len(wanted)


async def test_a_deep_offset_lands_where_pages_lead(threads: Threads) -> None:
    made = {thread.id: thread for thread in [await threads.make({"n": n}) for n in range(400)]}
    wanted = sorted(made.values(), key=lambda t: (t.created_at, t.id), reverse=True)
    for offset in (0, 1, 63, 64, 65, 150, 333, 399, 400, 1000):
        page = await threads.page(offset=offset, limit=3)
        assert page.threads == wanted[offset : offset + 3]
        page = await threads.page(offset=offset, limit=3, descending=False)
        assert page.threads == wanted[::-1][offset : offset + 3]


async def test_where_few_match_a_page_is_short_and_has_a_cursor(
    threads: Threads, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thread_search, "ROWS", 50)
    for n in range(200):
        await threads.make({"deep": {"n": n}})
    wanted = Search(metadata={"deep": {"n": 0}}, limit=5)
    pages = [await ThreadSearch(threads.redis).page(TENANT, wanted)]
    while (cursor := pages[-1].cursor) is not None:
        pages.append(await ThreadSearch(threads.redis).page(TENANT, replace(wanted, cursor=cursor)))

    assert pages[0] == ([], pages[0].cursor)
    assert len(pages) >= 4
    assert [t.metadata for page in pages for t in page.threads] == [{"deep": {"n": 0}}]
