import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from itertools import pairwise

import pytest
from redis.asyncio import Redis

from tailrace.shared.errors import Fenced, SequenceTaken
from tailrace.shared.events import Event, EventName, decode, encode
from tailrace.shared.jobs import Holder
from tailrace.shared.process.tasks import cancel_and_wait
from tailrace.shared.redis.connection import connect
from tailrace.worker.journal.batches import BATCH_EVENTS
from tailrace.worker.journal.journal import (
    BUFFER_BYTES,
    BUFFER_EVENTS,
    TURN_EVENTS,
    Journal,
)
from tests.support.jobs import Stores, custom, stores
from tests.support.proxy import StoreProxy, store_proxy
from tests.support.wait import wait_until

MIB = "x" * 1024 * 1024


@pytest.fixture
def kept(redis: Redis) -> Stores:
    return stores(redis)


@pytest.fixture
async def proxy(store_url: str) -> AsyncIterator[StoreProxy]:
    async with store_proxy(store_url) as proxy:
        yield proxy


@pytest.fixture
async def linked(proxy: StoreProxy) -> AsyncIterator[Stores]:
    """The same store, over the link that the proxy breaks; a broken call is not repeated by it."""
    async with connect(proxy.url, retries=0) as client:
        yield stores(client)


@asynccontextmanager
async def journalling(at: Stores, holder: Holder) -> AsyncGenerator[Journal]:
    """A journal that writes while the body runs."""
    journal = Journal(at.journals, holder, last_seq=2)
    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(journal.run())
        yield journal
        await cancel_and_wait(writing)


async def values(kept: Stores, holder: Holder) -> list[object]:
    events = await kept.events(holder.job_id)
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    return [decode(event.data)["data"] for event in events if event.name == "custom"]


async def turns(count: int = 100) -> None:
    """Let everything run that can run without waiting for the store."""
    for _ in range(count):
        await asyncio.sleep(0)


async def test_20000_events_arrive_once_each_and_in_order(kept: Stores) -> None:
    holder = await kept.running()
    async with journalling(kept, holder) as journal:
        for n in range(20_000):
            await journal.put(custom(n))
        await journal.close("succeeded", result=b"1")

    assert await values(kept, holder) == list(range(20_000))
    assert (await kept.jobs.get(holder.job_id)).seq == 20_003


async def test_the_first_event_does_not_wait_for_a_second(kept: Stores) -> None:
    holder = await kept.running()
    async with journalling(kept, holder) as journal:
        await journal.put(custom("alone"))
        await journal.flushed()

        assert await values(kept, holder) == ["alone"]


async def test_one_append_is_in_flight_and_what_comes_meanwhile_is_the_next(
    kept: Stores, linked: Stores, proxy: StoreProxy
) -> None:
    holder = await kept.running()
    async with journalling(linked, holder) as journal:
        await journal.put(custom("warm"))
        await journal.flushed()
        before = proxy.script_calls
        proxy.hold_replies()
        await journal.put(custom(0))
        await wait_until(lambda: proxy.script_calls == before + 1, "the first append")
        for n in range(1, BATCH_EVENTS + 1):
            await journal.put(custom(n))
        await turns()
        assert proxy.script_calls == before + 1

        proxy.release_replies()
        await journal.flushed()
        assert proxy.script_calls == before + 2
    assert await values(kept, holder) == ["warm", *range(BATCH_EVENTS + 1)]


async def test_a_graph_that_never_waits_leaves_the_loop_its_turns(kept: Stores) -> None:
    seen, taken = [0], 0

    async def watch() -> None:
        while True:
            seen.append(taken)
            await asyncio.sleep(0)

    async with journalling(kept, await kept.running()) as journal, asyncio.TaskGroup() as tasks:
        watching = tasks.create_task(watch())
        for taken in range(1, 4 * TURN_EVENTS):
            await journal.put(custom(taken))
        await cancel_and_wait(watching)

    assert max(after - before for before, after in pairwise(seen)) <= TURN_EVENTS


async def test_a_full_buffer_makes_the_graph_wait(
    kept: Stores, linked: Stores, proxy: StoreProxy
) -> None:
    holder = await kept.running()
    taken: list[int] = []

    async def flood(journal: Journal) -> None:
        for n in range(2 * BUFFER_EVENTS):
            await journal.put(custom(n))
            taken.append(n)

    proxy.hold_replies()
    async with journalling(linked, holder) as journal, asyncio.TaskGroup() as tasks:
        flooding = tasks.create_task(flood(journal))
        await wait_until(lambda: len(taken) == BUFFER_EVENTS, "a full buffer")
        await turns()
        assert len(taken) == BUFFER_EVENTS

        proxy.release_replies()
        await flooding
        await journal.flushed()
    assert await values(kept, holder) == list(range(2 * BUFFER_EVENTS))


async def test_the_buffer_is_bounded_in_bytes_too(
    kept: Stores, linked: Stores, proxy: StoreProxy
) -> None:
    holder = await kept.running()
    taken: list[int] = []

    async def flood(journal: Journal) -> None:
        for n in range(8):
            await journal.put(custom(MIB))
            taken.append(n)

    proxy.hold_replies()
    async with journalling(linked, holder) as journal, asyncio.TaskGroup() as tasks:
        flooding = tasks.create_task(flood(journal))
        await wait_until(lambda: len(taken) * len(MIB) >= BUFFER_BYTES, "a full buffer")
        await turns()
        assert len(taken) * len(MIB) == BUFFER_BYTES

        proxy.release_replies()
        await flooding
        await journal.flushed()
    assert len(await values(kept, holder)) == 8


async def test_a_batch_whose_reply_was_lost_is_stored_once(
    kept: Stores, linked: Stores, proxy: StoreProxy, caplog: pytest.LogCaptureFixture
) -> None:
    holder = await kept.running()
    async with journalling(linked, holder) as journal:
        await journal.put(custom("warm"))
        await journal.flushed()
        proxy.lose_reply()
        await journal.put(custom(0))
        for n in range(1, 100):
            await journal.put(custom(n))
        await journal.flushed()

    assert "store unavailable, retrying" in caplog.messages
    assert await values(kept, holder) == ["warm", *range(100)]


async def test_an_end_whose_reply_was_lost_is_stored_once(
    kept: Stores, linked: Stores, proxy: StoreProxy, caplog: pytest.LogCaptureFixture
) -> None:
    for loses in (False, True):
        holder = await kept.running()
        async with journalling(linked, holder) as journal:
            if loses:
                proxy.lose_reply()
            await journal.close("succeeded", result=b"1")

        names = [event.name for event in await kept.events(holder.job_id)]
        assert names == ["status", "status", "end"]
    assert "store unavailable, retrying" in caplog.messages


async def test_links_that_break_again_and_again_cost_no_event_and_repeat_none(
    kept: Stores, linked: Stores, proxy: StoreProxy
) -> None:
    holder = await kept.running()

    async def flood(journal: Journal) -> None:
        for n in range(3000):
            await journal.put(custom(n))
            await asyncio.sleep(0)

    async with journalling(linked, holder) as journal, asyncio.TaskGroup() as tasks:
        flooding = tasks.create_task(flood(journal))
        for cut in range(10):
            await wait_until(
                lambda: flooding.done() or proxy.script_calls > 3 * cut,  # noqa: B023 - asked at once
                "more appends",
            )
            proxy.cut()
        await flooding
        await journal.close("succeeded")

    assert await values(kept, holder) == list(range(3000))


async def test_a_paused_store_delays_and_loses_nothing(kept: Stores, store_url: str) -> None:
    holder = await kept.running()
    async with Redis.from_url(store_url) as operator, journalling(kept, holder) as journal:
        await operator.client_pause(60_000, all=False)
        for n in range(100):
            await journal.put(custom(n))
        await turns()
        assert len(await kept.log.read(holder.job_id, after=0)) == 2

        await operator.client_unpause()
        await journal.flushed()
    assert await values(kept, holder) == list(range(100))


async def test_names_and_numbers_keep_their_order_within_one_batch(kept: Stores) -> None:
    holder = await kept.running()
    names: list[EventName] = ["custom", "custom", "updates", "custom", "messages", "messages"]
    batch = [Event(name, encode(n)) for n, name in enumerate(names)]
    assert await kept.log.append(holder, 3, batch) == 8

    events = await kept.log.read(holder.job_id, after=2)
    assert [(e.seq, e.name, e.data) for e in events] == [
        (seq, event.name, event.data) for seq, event in enumerate(batch, start=3)
    ]


async def test_data_with_a_line_break_is_refused_before_anything_is_stored(kept: Stores) -> None:
    holder = await kept.running()
    with pytest.raises(ValueError, match="line break"):
        await kept.log.append(holder, 3, [custom(1), Event("custom", b'{"a":\n1}')])
    assert await values(kept, holder) == []


async def test_a_fenced_journal_stops_with_the_reason(kept: Stores) -> None:
    holder = await kept.running()
    await kept.jobs.open_attempt(Holder(holder.job_id, 2, "successor"))
    journal = Journal(kept.journals, holder, last_seq=2)
    await journal.put(custom("late"))

    with pytest.raises(Fenced):
        await journal.run()
    assert await values(kept, holder) == []


async def test_a_journal_whose_numbers_are_taken_stops(kept: Stores) -> None:
    holder = await kept.running()
    rival = Journal(kept.journals, Holder(holder.job_id, 1, "rival"), last_seq=2)
    await rival.put(custom("mine"))

    with pytest.raises(SequenceTaken):
        await rival.run()
    assert await values(kept, holder) == []


async def test_end_comes_behind_everything_that_was_handed_over(kept: Stores) -> None:
    holder = await kept.running()
    async with journalling(kept, holder) as journal:
        for n in range(10):
            await journal.put(custom(n))
        await journal.close("cancelled")

    names = [event.name for event in await kept.events(holder.job_id)]
    assert names == ["status", "status", *["custom"] * 10, "end"]


async def test_a_log_that_went_back_in_time_goes_on_above_what_it_once_had(
    kept: Stores,
) -> None:
    holder = await kept.running()
    # The journal has sent up to 40; the store remembers 2.
    journal = Journal(kept.journals, holder, last_seq=40)
    await journal.put(custom("on"))
    async with asyncio.TaskGroup() as tasks:
        writing = tasks.create_task(journal.run())
        await journal.close("succeeded")
        await cancel_and_wait(writing)

    events = await kept.events(holder.job_id)
    assert [(e.seq, e.name) for e in events[2:]] == [(42, "status"), (43, "custom"), (44, "end")]
    assert decode(events[2].data)["reason"] == "store_lost"


async def test_a_log_that_is_closed_after_it_went_back_in_time_ends_above_what_it_had(
    kept: Stores,
) -> None:
    holder = await kept.running()
    journal = Journal(kept.journals, holder, last_seq=40)
    await journal.close("succeeded")

    events = await kept.events(holder.job_id)
    assert [(e.seq, e.name) for e in events[2:]] == [(42, "status"), (43, "end")]
