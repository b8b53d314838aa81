"""Blobs in the store: whole, once, under the fence, for as long as the log, within their limit."""

import asyncio
import os
from dataclasses import replace
from typing import Any

import pytest
from redis.asyncio import Redis

from tailrace.shared.errors import (
    BlobNotFound,
    BlobsFull,
    Fenced,
    JobNotFound,
    LogClosed,
    SequenceTaken,
    WriteRefused,
)
from tailrace.shared.jobs import Holder, new_job_id
from tailrace.shared.log_store.blobs.blob_store import PIECE, BlobStore
from tailrace.shared.redis import keys
from tailrace.shared.settings import SharedSettings
from tests.support.jobs import Stores, custom, stores

MOST = 10 * PIECE
PNG = "image/png"


@pytest.fixture
async def kept(redis: Redis) -> Stores:
    return stores(redis)


@pytest.fixture
async def blobs(redis: Redis) -> BlobStore:
    return BlobStore(redis, SharedSettings())


async def read(blobs: BlobStore, holder: Holder, number: int) -> bytes:
    blob = await blobs.find(holder.job_id, number)
    return b"".join([piece async for piece in blobs.pieces(holder.job_id, blob)])


@pytest.mark.parametrize("size", [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE + 7])
async def test_a_blob_comes_back_as_it_was(kept: Stores, blobs: BlobStore, size: int) -> None:
    holder, data = await kept.running(), os.urandom(size)

    blob = await blobs.put(holder, data, PNG, most=MOST)

    assert await blobs.find(holder.job_id, 1) == blob
    assert (blob.number, blob.size, blob.media_type) == (1, size, PNG)
    assert await read(blobs, holder, 1) == data


async def test_the_same_bytes_are_kept_once_and_others_get_the_next_number(
    kept: Stores, blobs: BlobStore
) -> None:
    holder = await kept.running()
    given = [b"a", b"b", b"a", b"c", b"b"]

    numbers = [(await blobs.put(holder, data, PNG, most=3)).number for data in given]

    assert numbers == [1, 2, 1, 3, 2]


async def test_a_blob_that_two_put_at_once_is_one(kept: Stores, blobs: BlobStore) -> None:
    holder, data = await kept.running(), os.urandom(2 * PIECE)

    puts = [blobs.put(holder, data, PNG, most=MOST) for _ in range(3)]

    assert {blob.number for blob in await asyncio.gather(*puts)} == {1}
    assert await read(blobs, holder, 1) == data


async def test_a_blob_beyond_the_limit_of_its_job_is_not_kept(
    kept: Stores, blobs: BlobStore, redis: Redis
) -> None:
    holder = await kept.running()
    await blobs.put(holder, bytes(2 * PIECE), PNG, most=MOST)
    before = await fields(redis, holder)

    with pytest.raises(BlobsFull):
        await blobs.put(holder, os.urandom(MOST - 2 * PIECE + 1), PNG, most=MOST)

    assert await fields(redis, holder) == before
    await blobs.put(holder, os.urandom(MOST - 2 * PIECE), PNG, most=MOST)


async def fields(redis: Any, holder: Holder) -> set[bytes]:
    return set(await redis.hkeys(keys.blobs(holder.job_id)))


async def test_invariant_05_only_the_holder_of_an_open_job_stores_blobs(
    kept: Stores, blobs: BlobStore, redis: Redis
) -> None:
    holder = await kept.running()
    rivals: list[tuple[Holder, type[Exception]]] = [
        (replace(holder, token="another"), SequenceTaken),
        (replace(holder, attempt=0), Fenced),
        (replace(holder, job_id=new_job_id()), JobNotFound),
    ]
    for rival, refusal in rivals:
        with pytest.raises(refusal):
            await blobs.put(rival, b"a", PNG, most=MOST)
    await kept.log.close(holder, 3, "succeeded")
    with pytest.raises(LogClosed):
        await blobs.put(holder, b"a", PNG, most=MOST)

    assert await fields(redis, holder) == set()


async def test_an_attempt_that_was_given_up_stores_no_blob(kept: Stores, blobs: BlobStore) -> None:
    holder = await kept.running()
    await kept.jobs.requeue(holder, "shutdown", failures=0)

    with pytest.raises(WriteRefused):
        await blobs.put(holder, b"a", PNG, most=MOST)


async def test_blobs_live_as_long_as_their_log(redis: Redis) -> None:
    kept, blobs = stores(redis, open_ttl_s=1000, events_ttl_s=50), BlobStore(redis, ttls(1000))
    holder = await kept.running()
    await blobs.put(holder, b"a", PNG, most=MOST)
    assert 990_000 < await ttl_ms(redis, holder) <= 1_000_000

    await shorten(redis, holder)
    await kept.log.append(holder, 3, [custom("on")])
    assert 990_000 < await ttl_ms(redis, holder) <= 1_000_000

    await kept.log.close(holder, 4, "succeeded")
    assert 40_000 < await ttl_ms(redis, holder) <= 50_000


async def test_a_job_that_is_closed_over_its_holder_takes_its_blobs_along(redis: Redis) -> None:
    kept, blobs = stores(redis, events_ttl_s=50), BlobStore(redis, ttls(1000))
    holder = await kept.running()
    await blobs.put(holder, b"a", PNG, most=MOST)

    await kept.jobs.close_over(holder.job_id, "failed")

    assert 40_000 < await ttl_ms(redis, holder) <= 50_000


def ttls(open_ttl_s: float) -> SharedSettings:
    return SharedSettings(open_ttl_s=open_ttl_s)


async def ttl_ms(redis: Any, holder: Holder) -> int:
    return await redis.pttl(keys.blobs(holder.job_id))


async def shorten(redis: Any, holder: Holder) -> None:
    """What half of its life does to a job's keys."""
    for key in keys.of_job(holder.job_id).values():
        await redis.pexpire(key, 500_000)


async def test_a_number_that_is_not_there_is_not_found(kept: Stores, blobs: BlobStore) -> None:
    holder = await kept.running()
    blob = await blobs.put(holder, b"a", PNG, most=MOST)

    for number in (0, 2):
        with pytest.raises(BlobNotFound):
            await blobs.find(holder.job_id, number)
    with pytest.raises(BlobNotFound):
        _ = [piece async for piece in blobs.pieces(new_job_id(), blob)]
