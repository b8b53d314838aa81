"""Puts large values back where events refer to them, for clients that know no references."""

import base64
import re
from collections.abc import Sequence
from typing import Any, Final, TypeVar, cast

from tailrace.shared.errors import BlobNotFound
from tailrace.shared.events import LoggedEvent, decode, encode
from tailrace.shared.jobs import JobId
from tailrace.shared.log_store.blobs.blob_store import Blob, BlobStore

_MARK: Final = b'{"$blob":{"n":'
"""Only the service writes this: the same of a graph's own is written as `$$blob`."""
_SIZE: Final = re.compile(rb'\{"\$blob":\{"n":\d+,"url":"[^"]+","bytes":(\d+)')

E = TypeVar("E", bound=LoggedEvent)


def full_size(data: bytes) -> int:
    """About how many bytes JSON of a graph's value takes with its large values in place."""
    return len(data) + (sum(map(int, _SIZE.findall(data))) if _MARK in data else 0)


class References:
    """Puts large values back where events refer to them.

    A value that the store no longer has stays a reference.

    Args:
        blobs: of all jobs.
    """

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs

    async def resolved(self, events: Sequence[E]) -> list[E]:
        """The events with their large values, each of which is read once.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        filling = _Filling(self._blobs)
        return [
            event._replace(data=await filling.filled(event.data)) if _MARK in event.data else event
            for event in events
        ]

    async def filled(self, data: bytes) -> bytes:
        """JSON of a graph's value with its large values.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        return await _Filling(self._blobs).filled(data) if _MARK in data else data


class _Filling:
    """Fills some values, which may refer to the same large ones: each step of a graph does."""

    def __init__(self, blobs: BlobStore) -> None:
        self._blobs = blobs
        self._known: dict[str, bytes | None] = {}
        """The bytes behind the URLs that were met; None where there are none any more."""

    async def filled(self, data: bytes) -> bytes:
        root = [decode(data)]
        await self._fill(root)
        return encode(root[0])

    async def _fill(self, root: Any) -> None:
        todo = [root]
        while todo:
            parent = todo.pop()
            for key, item in _items(parent):
                reference = _reference(item)
                if reference is not None:
                    parent[key] = await self._value(item, reference)
                elif isinstance(item, (dict, list)):
                    todo.append(item)

    async def _bytes(self, reference: dict[str, Any]) -> bytes | None:
        url: str = reference["url"]
        if url not in self._known:
            job_id = JobId(url.split("/")[2])
            # All that the store would tell of it.
            told = (reference[name] for name in ("n", "sha256", "bytes", "media_type"))
            try:
                pieces = [piece async for piece in self._blobs.pieces(job_id, Blob(*told))]
                self._known[url] = b"".join(pieces)
            except BlobNotFound:
                self._known[url] = None
        return self._known[url]

    async def _value(self, item: Any, reference: dict[str, Any]) -> Any:
        data = await self._bytes(reference)
        if data is None:
            return item
        match reference["as"]:
            case "text":
                return data.decode()
            case "json":
                root = [decode(data)]
                await self._fill(root)
                return root[0]
            case "bytes":
                return {"$bytes": base64.b64encode(data).decode()}
            case "data-url":
                text = base64.b64encode(data).decode()
                return f"data:{reference['media_type']};base64,{text}"
            case _:
                return base64.b64encode(data).decode()


def _items(parent: Any) -> list[tuple[Any, Any]]:
    if isinstance(parent, dict):
        return list(cast("dict[str, Any]", parent).items())
    return list(enumerate(cast("list[Any]", parent)))


def _reference(item: Any) -> dict[str, Any] | None:
    match item:
        case {"$blob": {"n": int()}}:
            return cast("dict[str, Any]", item)["$blob"]
        case _:
            return None
