"""What is kept of checkpoints, for how long, and who may write them: in bytes, no LangGraph."""

import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import pytest
from redis.asyncio import Redis

from tailrace.shared.errors import (
    Fenced,
    JobNotFound,
    LogClosed,
    SequenceHole,
    SequenceTaken,
    ValuesLacking,
)
from tailrace.shared.jobs import Holder
from tailrace.shared.log_store.checkpoints.checkpoint_store import (
    EVERY,
    Checkpoint,
    CheckpointStore,
    Keep,
    Place,
    Write,
    checkpoint_args,
)
from tailrace.shared.log_store.checkpoints.parts import Element, tree
from tailrace.shared.log_store.journal.journal import (
    PIECE_BYTES,
    Entry,
    JournalStore,
    NewCheckpoint,
    TaskWrites,
)
from tailrace.shared.redis import keys
from tailrace.shared.redis.scripts import run_script
from tailrace.shared.settings import SharedSettings
from tests.support.jobs import Stores, custom, stores

OPEN_TTL_S = 100.0


@dataclass(slots=True)
class Kept:
    """A running job and its checkpoints."""

    redis: Any
    jobs: Stores
    store: CheckpointStore
    journal: JournalStore
    holder: Holder
    batches: int = 0

    @property
    def key(self) -> str:
        return keys.checkpoints(self.holder.job_id)

    def place(self, ns: str = "") -> Place:
        return Place(self.holder.job_id, ns)

    async def put(
        self,
        id_: str,
        *,
        ns: str = "",
        keep: int = 1,
        opened_by: tuple[str, str] | None = None,
        span: int = 1,
        holder: Holder | None = None,
        **values: str,
    ) -> None:
        """Put a checkpoint. A channel's value is its version too; with a `!` it has changed."""
        versions = {name: value.strip("!") for name, value in values.items()}
        changed = {name: versions[name].encode() for name, v in values.items() if v.endswith("!")}
        new = Checkpoint(id_, "", b"c" + id_.encode(), b"m", versions, span, opened_by)
        await self.append(
            NewCheckpoint(self.place(ns), new, changed, lambda: changed, Keep(keep)), holder
        )

    async def write(
        self, id_: str, value: str = "w", *, index: int = 0, holder: Holder | None = None
    ) -> None:
        write = Write("task", index, "path", "channel", value.encode())
        await self.append(TaskWrites(self.place(), id_, [write]), holder)

    async def append(self, entry: Entry, holder: Holder | None = None) -> None:
        """One entry as a batch of its own, after event 2."""
        await self.journal.append(holder or self.holder, 3, self.batches + 1, [entry])
        self.batches += 1

    async def ids(self, ns: str = "") -> list[str]:
        return [id_ for found, id_ in await self.store.ids(self.holder.job_id) if found == ns]

    async def content(self) -> dict[bytes, bytes]:
        redis: Any = self.redis
        return await redis.hgetall(self.key)

    async def fields(self) -> int:
        return await self.redis.hlen(self.key)


@pytest.fixture
async def kept(redis: Redis) -> Kept:
    settings = SharedSettings(open_ttl_s=OPEN_TTL_S)
    jobs = stores(redis, open_ttl_s=OPEN_TTL_S)
    journal = JournalStore(redis, settings)
    return Kept(redis, jobs, CheckpointStore(redis, settings), journal, await jobs.running())


async def a_successor_opened(kept: Kept) -> None:
    await kept.jobs.jobs.open_attempt(Holder(kept.holder.job_id, 2, "successor"))


async def the_attempt_was_given_up(kept: Kept) -> None:
    await kept.jobs.jobs.requeue(kept.holder, "shutdown", failures=0)


async def the_log_was_closed(kept: Kept) -> None:
    await kept.jobs.log.close(kept.holder, 3, "succeeded", result=b"1")


async def the_record_expired(kept: Kept) -> None:
    await kept.redis.delete(keys.job(kept.holder.job_id))


REFUSALS = [
    (a_successor_opened, Fenced),
    (the_attempt_was_given_up, Fenced),
    (the_log_was_closed, LogClosed),
    (the_record_expired, JobNotFound),
]


@pytest.mark.parametrize(("happened", "error"), REFUSALS)
async def test_invariant_05_a_zombie_adds_no_checkpoint_and_no_write(
    kept: Kept, happened: Callable[[Kept], Awaitable[None]], error: type[Exception]
) -> None:
    await kept.put("1", a="1!")
    await happened(kept)
    before = await kept.content()

    with pytest.raises(error):
        await kept.put("2", a="2!")
    with pytest.raises(error):
        await kept.write("1")

    assert await kept.content() == before


async def test_a_rival_with_the_same_attempt_adds_no_checkpoint(kept: Kept) -> None:
    rival = Holder(kept.holder.job_id, kept.holder.attempt, "rival")

    with pytest.raises(SequenceTaken):
        await kept.put("1", a="1!", holder=rival)

    assert await kept.content() == {}


async def test_a_holder_whose_opening_the_store_forgot_is_told_to_open_again(kept: Kept) -> None:
    with pytest.raises(SequenceHole):
        await kept.put("1", a="1!", holder=Holder(kept.holder.job_id, 5, "ahead"))


async def test_a_batch_without_events_is_known_by_its_number_when_it_is_repeated(
    kept: Kept,
) -> None:
    await kept.put("1", a="1!")
    await kept.write("1")
    before = await kept.content()
    kept.batches -= 1

    await kept.write("1", "another value", index=1)

    assert await kept.content() == before
    kept.batches -= 2
    with pytest.raises(SequenceTaken):
        await kept.write("1", "of an older batch that comes late", index=2)
    kept.batches += 3
    with pytest.raises(SequenceHole):
        await kept.write("1", "of a batch whose forerunner is lost", index=3)
    assert await kept.content() == before


async def test_events_writes_and_checkpoints_of_a_batch_are_stored_together_or_not_at_all(
    kept: Kept,
) -> None:
    place, values = kept.place(), {"a": b"1"}
    write = TaskWrites(place, "1", [Write("task", 0, "path", "channel", b"w")])
    good = NewCheckpoint(
        place, Checkpoint("1", "", b"c", b"m", {"a": "1"}), values, lambda: values, Keep(1)
    )
    bad = NewCheckpoint(
        place, Checkpoint("2", "1", b"c", b"m", {"lost": "1"}), {}, lambda: values, Keep(1)
    )
    events = [custom(1), custom(2)]
    before = await kept.jobs.kept(kept.holder.job_id)
    with pytest.raises(ValuesLacking):
        await kept.journal.append(kept.holder, 3, 1, [*events, good, write, bad])
    assert (await kept.jobs.kept(kept.holder.job_id), await kept.content()) == (before, {})

    await kept.journal.append(kept.holder, 3, 1, [events[0], good, events[1], write])

    found = await kept.store.get(place)
    assert found is not None
    assert (found.values, [w.value for w in found.writes]) == (values, [b"w"])
    logged = await kept.jobs.log.read(kept.holder.job_id, after=2)
    assert [(e.seq, e.data) for e in logged] == [(3, events[0].data), (4, events[1].data)]


async def test_what_a_batch_drops_is_not_what_it_refers_to(kept: Kept) -> None:
    texts = [b"msgpack:%d" % n + b"x" * 40 for n in range(40)]
    elements = [Element(text, lambda: b"0") for text in texts]
    root, fields = tree(elements, lambda _: False)
    place = kept.place()

    def put(id_: str, version: str, value: bytes, brings: dict[bytes, bytes]) -> NewCheckpoint:
        new = Checkpoint(id_, "", b"c", b"m", {"list": version})
        return NewCheckpoint(place, new, {"list": value}, dict, Keep(1), brings)

    await kept.append(put("1", "v1", root, fields))
    both = [put("2", "v2", b"msgpack:other", {}), put("3", "v3", root, {})]
    await kept.journal.append(kept.holder, 3, 2, both)

    found = await kept.store.get(place)

    assert found is not None
    assert found.parts is not None
    assert list(found.parts.elements(found.values["list"])) == texts


@pytest.mark.parametrize("size", [PIECE_BYTES, PIECE_BYTES + 1, 5 * PIECE_BYTES - 7])
async def test_a_large_value_goes_ahead_in_pieces_and_is_read_as_one(kept: Kept, size: int) -> None:
    large = b"msgpack:" + random.Random(size).randbytes(size - 8)
    place, versions = kept.place(), {"a": "1"}
    first = NewCheckpoint(
        place,
        Checkpoint("1", "", b"c", b"m", versions),
        {"a": large},
        lambda: {"a": large},
        Keep(1),
    )
    await kept.append(first)
    await kept.append(TaskWrites(place, "1", [Write("task", 0, "path", "channel", large)]))
    # The next one refers to the same value.
    second = NewCheckpoint(place, Checkpoint("2", "1", b"c", b"m", versions), {}, dict, Keep(1))
    await kept.append(second)
    await kept.append(TaskWrites(place, "2", [Write("task", 0, "path", "channel", large)]))

    found = await kept.store.get(place)

    assert found is not None
    assert (found.id, found.values["a"], found.writes[0].value) == ("2", large, large)
    await kept.put("3", a="2!")
    assert not [field for field in await kept.content() if field.startswith(b"piece:")]


async def test_a_checkpoint_is_refused_where_a_piece_of_a_value_is_gone(kept: Kept) -> None:
    large = b"x" * (3 * PIECE_BYTES)
    new = NewCheckpoint(
        kept.place(), Checkpoint("1", "", b"c", b"m", {"a": "1"}), {"a": large}, dict, Keep(1)
    )
    args = checkpoint_args(kept.place(), new.checkpoint, {"a": b"\0" + b"3"}, Keep(1))
    holder = kept.holder
    with pytest.raises(ValuesLacking):
        await run_script(
            kept.redis,
            "log_store/journal/journal",
            keys.of_job(holder.job_id),
            "c",
            *args,
            attempt=holder.attempt,
            token=holder.token,
            first_seq=3,
            last_seq=2,
            open_ttl_ms=100_000,
            batch=1,
        )
    assert await kept.content() == {}


async def test_only_a_write_with_a_negative_index_is_replaced(kept: Kept) -> None:
    await kept.put("1")
    for value in ("old", "new"):
        await kept.write("1", value, index=0)
        await kept.write("1", value, index=-4)

    found = await kept.store.get(kept.place())

    assert found is not None
    assert {write.index: write.value for write in found.writes} == {0: b"old", -4: b"new"}


async def test_checkpoints_live_as_long_as_an_open_job_and_an_hour_behind_its_end(
    kept: Kept,
) -> None:
    await kept.put("1", a="1!")
    await kept.redis.pexpire(kept.key, 1000)
    await kept.write("1")
    assert 90_000 < await kept.redis.pttl(kept.key) <= 100_000
    await kept.redis.pexpire(kept.key, 1000)
    await kept.put("2", a="2!")
    assert 90_000 < await kept.redis.pttl(kept.key) <= 100_000

    await kept.redis.pexpire(kept.key, 9_000_000)
    await the_log_was_closed(kept)

    assert 3_500_000 < await kept.redis.pttl(kept.key) <= 3_600_000


async def test_only_the_newest_is_kept_with_the_values_it_shares_with_older_ones(
    kept: Kept,
) -> None:
    await kept.put("1", same="1!", other="1!")
    await kept.write("1")
    once = await kept.fields()
    await kept.put("2", same="1", other="2!")
    await kept.write("2")

    found = await kept.store.get(kept.place())

    assert found is not None
    assert (found.id, dict(found.values)) == ("2", {"same": b"1", "other": b"2"})
    assert await kept.ids() == ["2"]
    assert await kept.fields() == once


async def test_a_write_that_comes_before_its_checkpoint_is_kept_for_it(kept: Kept) -> None:
    await kept.put("1")
    await kept.write("2")
    newest = await kept.store.get(kept.place())
    assert newest is not None
    assert newest.id == "1"
    await kept.put("2")

    found = await kept.store.get(kept.place())

    assert found is not None
    assert [write.value for write in found.writes] == [b"w"]


async def test_writes_whose_checkpoint_never_came_go_with_the_next_one(kept: Kept) -> None:
    await kept.put("1")
    await kept.write("1")
    await kept.put("2")
    once = await kept.fields()
    await kept.write("3 that never came")
    await kept.put("4")

    assert await kept.fields() == once


async def test_checkpoints_that_the_newest_is_rebuilt_from_are_kept(kept: Kept) -> None:
    for number, span in enumerate((1, 2, 3, 1, 2), start=1):
        await kept.put(str(number), span=span)
        assert await kept.ids() == [str(n) for n in range(number - span + 1, number + 1)]


async def test_what_a_task_opened_goes_with_its_checkpoint_however_deep(kept: Kept) -> None:
    await kept.put("1")
    once = await kept.fields()
    await kept.put("2", ns="a:1", opened_by=("", "1"), x="1!")
    await kept.put("3", ns="a:1|b:2", opened_by=("a:1", "2"), x="1!")
    await kept.put("4")

    assert await kept.store.ids(kept.holder.job_id) == [("", "4")]
    assert await kept.fields() == once


async def test_a_put_on_a_value_that_the_store_has_lost_is_refused_and_writes_nothing(
    kept: Kept,
) -> None:
    with pytest.raises(ValuesLacking):
        await kept.put("2", lost="1", changed="2!")

    assert await kept.content() == {}


async def test_all_are_kept_where_all_are_wanted_and_pruning_leaves_the_newest(
    kept: Kept,
) -> None:
    for number in range(1, 5):
        await kept.put(str(number), keep=EVERY, a=f"{number}!")
        await kept.put(str(number), keep=EVERY, ns="inner", span=min(number, 2))
    assert await kept.ids() == await kept.ids("inner") == ["1", "2", "3", "4"]

    await kept.store.prune(kept.holder.job_id)

    assert await kept.ids() == ["4"]
    assert await kept.ids("inner") == ["3", "4"]


async def test_dropping_one_checkpoint_leaves_what_the_others_share_with_it(kept: Kept) -> None:
    await kept.put("1", keep=EVERY, same="1!")
    await kept.put("2", keep=EVERY, same="1")
    await kept.store.drop(kept.place(), ["1"])
    found = await kept.store.get(kept.place())
    assert found is not None
    assert found.values == {"same": b"1"}

    await kept.store.drop(kept.place(), ["2"])

    assert await kept.content() == {}


async def test_nothing_is_left_of_a_deleted_thread(kept: Kept) -> None:
    await kept.put("1", a="1!")
    await kept.write("1")

    await kept.store.delete(kept.holder.job_id)

    assert await kept.store.get(kept.place()) is None
    assert await kept.content() == {}


async def test_a_copy_on_another_shard_reads_the_same_and_has_a_ttl(kept: Kept) -> None:
    await kept.put("1", a="1!")
    await kept.write("1")

    await kept.store.copy(kept.holder.job_id, "copy")

    assert await kept.store.get(Place("copy", "")) == await kept.store.get(kept.place())
    assert sorted([t async for t in kept.store.threads()]) == sorted([kept.holder.job_id, "copy"])
