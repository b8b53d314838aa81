"""Moves what is too large out of an event: stored as a blob first, then referred to in its place.

First the texts and bytes that are large by themselves. If that is not enough, whole parts as JSON.
"""

from dataclasses import replace
from typing import Any, Final, cast

import orjson

from tailrace.shared.errors import BlobsFull
from tailrace.shared.events import Event, decode, encode, encode_value
from tailrace.shared.jobs import Interrupt, JobError, JobId, Pause
from tailrace.worker.attempt.limits import LimitExceeded
from tailrace.worker.attempt.stream.large_values import LargeValue, bytes_in, large_values
from tailrace.worker.journal.journal import Journal
from tailrace.worker.settings import WorkerSettings

_JSON: Final = "application/json"
_SMALL: Final = 1024
"""Bytes of a part that stays: a few references would not be smaller."""


class Spill:
    """The large values of one attempt.

    Args:
        journal: takes them before the events that refer to them.
        job_id: the attempt's job.
        settings: what counts as large, and how much of it a job may have.
    """

    def __init__(self, journal: Journal, job_id: JobId, settings: WorkerSettings) -> None:
        self._journal = journal
        self._job_id = job_id
        self._settings = settings
        self.largest = settings.max_event_bytes
        """Bytes of the largest event that stays as it is."""

    async def event(self, event: Event) -> Event:
        """The event, within the limit if moving values out of it can achieve that.

        Raises:
            LimitExceeded: a value is too large even for a blob, or the job has too many blobs.
            WriteRefused, JobNotFound, StoreUnavailable: as every write.
        """
        return event._replace(data=await self.within(event.data, self.largest))

    async def pause(self, pause: Pause) -> Pause:
        """The pause with interrupts that fit into one event, each still under its id.

        Raises:
            LimitExceeded, WriteRefused, JobNotFound, StoreUnavailable: as `event`.
        """
        if len(encode_value(pause.interrupts)) <= self.largest:
            return pause
        share = self.largest // (2 * len(pause.interrupts))
        asked = [
            Interrupt(i.id, orjson.Fragment(await self.within(encode_value(i.value), share)))
            for i in pause.interrupts
        ]
        return replace(pause, interrupts=tuple(asked))

    async def within(self, data: bytes, most: int) -> bytes:
        """JSON of a graph's value, within `most` bytes if moving values out of it can achieve that.

        Raises:
            LimitExceeded, WriteRefused, JobNotFound, StoreUnavailable: as `event`.
        """
        if len(data) <= most:
            return data
        root = [decode(data)]
        for large in list(large_values(root, self._settings.min_blob_bytes)):
            await self._take_out(large)
        data = encode(root[0])
        while len(data) > most and (part := _largest_part(root)) is not None:
            await self._take_out(part)
            data = encode(root[0])
        return data

    async def _take_out(self, large: LargeValue) -> None:
        """Store the value, and put a reference in its place."""
        settings = self._settings
        if len(large.data) > settings.max_blob_bytes:
            raise LimitExceeded(_too_large(len(large.data), settings.max_blob_bytes))
        most = settings.max_blobs_bytes
        try:
            blob = await self._journal.blob(large.data, large.media_type, most=most)
        except BlobsFull as error:
            raise LimitExceeded(_too_many(most)) from error
        large.parent[large.key] = {
            "$blob": {
                "n": blob.number,
                "url": f"/jobs/{self._job_id}/blobs/{blob.number}",
                "bytes": blob.size,
                "media_type": blob.media_type,
                "sha256": blob.sha256,
                "as": large.form,
            }
        }


def _largest_part(root: list[Any]) -> LargeValue | None:
    """The largest member of an object if it is large enough, or the value itself."""
    value = root[0]
    if isinstance(value, dict) and bytes_in(value) is None:
        members = [_as_json(value, name) for name in cast("dict[str, Any]", value)]
        largest = max(members, key=lambda part: len(part.data))
        if len(largest.data) > _SMALL:
            return largest
    whole = _as_json(root, 0)
    return whole if len(whole.data) > _SMALL else None


def _as_json(parent: Any, key: Any) -> LargeValue:
    return LargeValue(parent, key, encode(parent[key]), _JSON, "json")


def _too_large(size: int, most: int) -> JobError:
    return JobError("blob-too-large", f"A value of {size} bytes is over the limit of {most}.")


def _too_many(most: int) -> JobError:
    return JobError("blobs-too-large", f"A job's large values may have {most} bytes at most.")
