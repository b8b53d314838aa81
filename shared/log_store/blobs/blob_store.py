"""Large values of a job, kept beside its log: under the same fence, for as long, each once.

One hash a job, in pieces that no single call makes a server wait for. Its fields: `n:<sha256>`, the
number of a blob that is whole; `b:<n>`, its sha256, size, pieces and media type; `p:<sha256>:<i>`,
a piece; `count` and `bytes` of all that are whole.
"""

import hashlib
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from typing import Final

from tailrace.shared.errors import BlobNotFound, BlobsFull, StoreUnavailable
from tailrace.shared.jobs import Holder, JobId
from tailrace.shared.log_store.of_job import run_of_job
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import hget
from tailrace.shared.redis.connection import Client
from tailrace.shared.settings import SharedSettings

PIECE: Final = 256 * 1024

_FULL: Final = 0
_WANTED: Final = -1


@dataclass(frozen=True, slots=True)
class Blob:
    """A value as it was stored."""

    number: int
    sha256: str
    size: int
    """In bytes."""
    media_type: str

    @property
    def pieces(self) -> int:
        """How many pieces it is kept in; one at least."""
        return max(1, -(-self.size // PIECE))


class BlobStore:
    """The blobs of all jobs on one log store."""

    def __init__(self, redis: Client, settings: SharedSettings) -> None:
        self._redis = redis
        self._open_ttl_ms = round(settings.open_ttl_s * 1000)

    async def put(self, holder: Holder, data: bytes, media_type: str, *, most: int) -> Blob:
        """Store a blob, unless the job has it already. Repeatable.

        Args:
            holder: the attempt.
            data: the blob.
            media_type: what it is.
            most: bytes that all blobs of the job may have.

        Raises:
            BlobsFull: it would be over `most`.
            LogClosed, Fenced, SequenceTaken, JobNotFound: as every write.
            StoreUnavailable: some of it may have been stored.
        """
        blob = Blob(0, hashlib.sha256(data).hexdigest(), len(data), media_type)
        number = await self._send(holder, blob, most)
        for index in range(blob.pieces):
            if number != _WANTED:
                break
            piece = data[index * PIECE : (index + 1) * PIECE]
            number = await self._send(holder, blob, most, index, piece)
        if number == _FULL:
            raise BlobsFull
        if number == _WANTED:
            raise StoreUnavailable("pieces of a blob have vanished")
        return Blob(number, blob.sha256, blob.size, blob.media_type)

    async def find(self, job_id: JobId, number: int) -> Blob:
        """What is kept under a number.

        Raises:
            BlobNotFound: there is none, or no longer one.
            StoreUnavailable: the store did not reply.
        """
        note = await hget(self._redis, keys.blobs(job_id), f"b:{number}")
        if note is None:
            raise BlobNotFound
        sha256, size, media_type = note.decode().split(" ", 2)
        return Blob(number, sha256, int(size), media_type)

    async def pieces(self, job_id: JobId, blob: Blob) -> AsyncGenerator[bytes]:
        """The blob's bytes, a piece at a time.

        Raises:
            BlobNotFound: they have expired.
            StoreUnavailable: the store did not reply.
        """
        for index in range(blob.pieces):
            piece = await hget(self._redis, keys.blobs(job_id), f"p:{blob.sha256}:{index}")
            if piece is None:
                raise BlobNotFound
            yield piece

    async def _send(
        self, holder: Holder, blob: Blob, most: int, index: int | str = "", piece: bytes = b""
    ) -> int:
        [number] = await run_of_job(
            self._redis,
            "log_store/blobs/blob",
            holder.job_id,
            holder.thread,
            attempt=holder.attempt,
            token=holder.token,
            open_ttl_ms=self._open_ttl_ms,
            most_bytes=most,
            sha256=blob.sha256,
            size=blob.size,
            media_type=blob.media_type,
            pieces=blob.pieces,
            index=index,
            piece=piece,
        )
        return int(number)
