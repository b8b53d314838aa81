"""A job's result that is the state of its thread: kept as a reference, put together when read.

Otherwise each turn of a conversation would write the whole conversation again. In `end`, the
reference has the place of the result, which nothing that a graph gives can have.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

import orjson

from tailrace.shared.events import LoggedEvent, decode, encode
from tailrace.shared.jobs import JobId
from tailrace.shared.log_store.checkpoints.snapshots import SnapshotReader
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import hget
from tailrace.shared.redis.connection import Client

FIELD: Final = "result_at"
_NOTHING: Final = b"null"
_MARK: Final = b'{"status":"succeeded","result_at":'


@dataclass(frozen=True, slots=True)
class ResultAt:
    """Where a result is."""

    checkpoint: str
    """Id of the thread's checkpoint that has it."""
    channels: Sequence[str] | None
    """The channels that it has; None if the state is one value."""

    def written(self) -> bytes:
        """As the record has it."""
        return encode(asdict(self))

    def end(self) -> bytes:
        """The data of `end`."""
        return encode({"status": "succeeded", FIELD: asdict(self)})


def has_reference(events: Sequence[LoggedEvent]) -> bool:
    """Whether the first or the last event is an `end` with a reference in place of a result."""
    return bool(events) and (_refers(events[-1]) or _refers(events[0]))


async def with_results(
    redis: Client, job_id: JobId, events: list[LoggedEvent]
) -> list[LoggedEvent]:
    """Events of a job's log, in either order; `end` has the result where it had a reference.

    Raises:
        StoreUnavailable: the store did not reply.
    """
    if not has_reference(events):
        return events
    found = list(events)
    n = -1 if _refers(events[-1]) else 0
    at = decode(found[n].data)[FIELD]
    result = await result_at(redis, await hget(redis, keys.job(job_id), "thread"), at)
    told = {"status": "succeeded", "result": orjson.Fragment(result)}
    found[n] = found[n]._replace(data=encode(told))
    return found


async def with_result(redis: Client, record: dict[str, bytes]) -> dict[str, bytes]:
    """A job's record; it has the result where it had a reference.

    Raises:
        StoreUnavailable: the store did not reply.
    """
    if (at := record.get(FIELD)) is None:
        return record
    return record | {"result": await result_at(redis, record.get("thread"), decode(at))}


def _refers(event: LoggedEvent) -> bool:
    return event.name == "end" and event.data.startswith(_MARK)


async def result_at(redis: Client, thread: bytes | None, at: Mapping[str, Any]) -> bytes:
    """The result as JSON; `null` if the thread no longer has that checkpoint.

    Raises:
        StoreUnavailable: the store did not reply.
    """
    if thread is None:
        return _NOTHING
    found = await SnapshotReader(redis).snapshot(thread.decode(), "", at["checkpoint"])
    if found is None:
        return _NOTHING
    if at["channels"] is None:
        return found.values
    state = decode(found.values)
    if list(state) == at["channels"]:
        return found.values
    return encode({name: state[name] for name in at["channels"] if name in state})
