"""The events of all jobs of a thread, in one order, under numbers of the thread's own.

Nothing is stored twice: the thread has an index of what was written to which job's log, and the
events are read there. Where a log is gone, a `gap` says so.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from tailrace.shared.events import LoggedEvent, ThreadEvent, decode, gap_event
from tailrace.shared.jobs import JobId
from tailrace.shared.log_store.events.event_log import PAGE, events_of
from tailrace.shared.log_store.events.log_reader import BLOCK_S, StreamReader
from tailrace.shared.log_store.results import with_results
from tailrace.shared.redis import keys
from tailrace.shared.redis.commands import Command, Entries, ask_all, entries_after
from tailrace.shared.redis.connection import Client
from tailrace.shared.threads import ThreadName

_FEWEST: Final = 64
"""Entries of an index that a read of few events takes: an entry has one event or more."""


class ThreadLog:
    """The logs of all threads on one store."""

    def __init__(self, redis: Client) -> None:
        self._redis = redis

    async def read(self, name: ThreadName, after: int, limit: int = PAGE) -> list[LoggedEvent]:
        """The events numbered above `after`, in order, `limit` at most; does not wait.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        index = keys.log_of_thread(name)
        entries = await entries_after(self._redis, index, f"{after}-0", max(limit, _FEWEST))
        found = await self.events({name: entries}, {name: after}, limit)
        return found.get(name, [])

    async def events(
        self, news: Mapping[ThreadName, Entries], after: Mapping[ThreadName, int], limit: int
    ) -> dict[ThreadName, list[LoggedEvent]]:
        """The events that entries of indices tell of, of each thread `limit` at most.

        Raises:
            StoreUnavailable: the store did not reply.
        """
        spans = {
            name: list(_cut(_joined(map(_span, entries)), after[name], limit))
            for name, entries in news.items()
        }
        wanted: list[Command] = [
            (b"XRANGE", keys.log(span.job_id), f"{span.first}-0", f"{span.last}-0")
            for of_thread in spans.values()
            for span in of_thread
        ]
        replies = iter(await ask_all(self._redis, wanted) if wanted else ())
        found: dict[ThreadName, list[LoggedEvent]] = {}
        for name, of_thread in spans.items():
            events: list[LoggedEvent] = []
            for span in of_thread:
                stored = events_of(next(replies))
                events += span.events(await with_results(self._redis, span.job_id, stored))
            found[name] = list(_with_one_gap(iter(events)))
        return found


class ThreadLogReader(StreamReader):
    """Waits at the ends of many threads' logs with one blocked read.

    Args:
        store: the client of the log store, which knows where the logs are.
        url: the log store's URL.
    """

    def __init__(self, store: Client, url: str) -> None:
        super().__init__(store, url)
        self._log = ThreadLog(store)

    async def read(
        self, after: Mapping[ThreadName, int], block_s: float = BLOCK_S
    ) -> dict[ThreadName, list[LoggedEvent]]:
        """Wait until a thread's log has events above its number; those events, in order.

        Args:
            after: for each thread the number that is known.
            block_s: as of `entries`.

        Raises:
            StoreUnavailable: as `entries`.
        """
        names = {keys.log_of_thread(name): name for name in after}
        found = await self.entries({key: after[name] for key, name in names.items()}, block_s)
        news = {names[key]: entries for key, entries in found.items()}
        return await self._log.events(news, after, PAGE)


@dataclass(frozen=True, slots=True)
class _Span:
    """Events of one job that follow each other in its thread's log."""

    job_id: JobId
    first: int
    """In the job's log, as `last`."""
    last: int
    seq: int
    """The thread's number of the first one."""

    @property
    def last_seq(self) -> int:
        """The thread's number of the last one."""
        return self.seq + self.last - self.first

    def continues(self, other: "_Span") -> bool:
        """Whether it begins where the other one ends, in both logs."""
        follows = self.first == other.last + 1 and self.seq == other.last_seq + 1
        return follows and self.job_id == other.job_id

    def events(self, stored: Sequence[LoggedEvent]) -> Iterator[LoggedEvent]:
        """Its events under the thread's numbers; a gap where the job's log has none any more."""
        known = self.seq - 1
        for event in stored:
            seq = self.seq + event.seq - self.first
            if seq > known + 1:
                yield gap_event(known + 1, seq - 1, "trimmed")
            yield ThreadEvent.of(seq, self.job_id, event)
            known = seq
        if known < self.last_seq:
            yield gap_event(known + 1, self.last_seq, "trimmed")


def _span(entry: tuple[bytes, list[bytes]]) -> _Span:
    id_, (_, job, _, first, _, last) = entry
    last_seq = int(id_.partition(b"-")[0])
    return _Span(JobId(job.decode()), int(first), int(last), last_seq - int(last) + int(first))


def _joined(spans: Iterator[_Span]) -> Iterator[_Span]:
    """The same with those as one that continue each other."""
    joined: _Span | None = None
    for span in spans:
        if joined is not None and span.continues(joined):
            joined = replace(joined, last=span.last)
            continue
        if joined is not None:
            yield joined
        joined = span
    if joined is not None:
        yield joined


def _cut(spans: Iterator[_Span], after: int, limit: int) -> Iterator[_Span]:
    """What of them lies above a number, with so many events at most."""
    for span in spans:
        known = max(after + 1 - span.seq, 0)
        first = span.first + known
        last = min(span.last, first + limit - 1)
        if first <= last:
            yield replace(span, first=first, last=last, seq=span.seq + known)
            limit -= last - first + 1


def _with_one_gap(events: Iterator[LoggedEvent]) -> Iterator[LoggedEvent]:
    """The same with one gap in place of several that follow each other."""
    gap: tuple[int, int] | None = None
    for event in events:
        if event.name == "gap":
            told = decode(event.data)
            gap = (gap[0] if gap else told["from"], told["to"])
            continue
        if gap is not None:
            yield gap_event(*gap, "trimmed")
            gap = None
        yield event
    if gap is not None:
        yield gap_event(*gap, "trimmed")
