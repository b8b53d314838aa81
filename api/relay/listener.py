"""One client's way through one log: catch up in pages, wait at the tail, stop behind `end`."""

from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass

from api.refusals import EventsExpired
from api.relay.cursor import Cursor
from api.relay.frames import HEARTBEAT, come_back, frame, joined
from api.relay.tail import Tail
from shared.errors import JobNotFound, StoreUnavailable, TailraceError
from shared.event_log import EventLog
from shared.events import LoggedEvent, gap_event
from shared.job_store import JobStore
from shared.jobs import Job

Frames = AsyncGenerator[bytes]


class StreamCut(TailraceError):
    """The stream ends here, unfinished: the client has to see a broken connection."""


class AtTheEnd(TailraceError):
    """The client has the whole log, `end` included."""


@dataclass(frozen=True, slots=True)
class Relay:
    """What every listener of this process shares."""

    log: EventLog
    jobs: JobStore
    tail: Tail
    heartbeat_s: float

    async def listen(self, job: Job, cursor: Cursor) -> Frames:
        """The job's frames behind the cursor, as an iterator that the caller has to close.

        Raises:
            AtTheEnd: a reconnect that has everything.
            EventsExpired: the job has ended and its events are gone.
            StoreUnavailable: the store did not answer.
        """
        if job.ended and cursor.from_header and cursor.seq >= job.seq:
            raise AtTheEnd
        if job.ended and not await self.log.exists(job.id):
            raise EventsExpired("The job has ended, and its events are not kept any more.")
        return self._stream(job, cursor.seq)

    async def _stream(self, job: Job, seq: int) -> Frames:
        """Frames for a client that has everything up to `seq`.

        Raises:
            StreamCut: behind a line that asks the client to come back.
        """
        try:
            if job.ended:
                seq = min(seq, job.seq - 1)
            elif seq > job.seq:
                yield frame(gap_event(job.seq + 1, seq, "lost"))
            async with aclosing(self._follow(job, seq)) as writes:
                async for write in writes:
                    yield write
        except (StoreUnavailable, JobNotFound) as error:
            yield come_back()
            raise StreamCut from error

    async def _follow(self, job: Job, seq: int) -> Frames:
        while True:
            page = await self.log.read(job.id, seq)
            for write in joined(with_gaps(page, seq)):
                yield write
            if page:
                seq = page[-1].seq
                if page[-1].name == "end":
                    return
            elif not await self.tail.grown(job.id, seq, self.heartbeat_s):
                yield HEARTBEAT
                if end := await self._missed_end(job, seq):
                    yield frame(end)
                    return

    async def _missed_end(self, job: Job, seq: int) -> LoggedEvent | None:
        """The `end` of a log that has ended at or below a number that the client already has.

        Only a store that went back in time gives that number twice.

        Raises:
            JobNotFound: record or log are gone; a client that comes back is told so.
        """
        record = await self.jobs.get(job.id)
        if not record.ended:
            return None
        events = await self.log.read(job.id, min(seq, record.seq - 1), limit=1)
        if not events:
            raise JobNotFound(job.id)
        return events[0] if record.seq <= seq else None


def with_gaps(page: list[LoggedEvent], seq: int) -> Iterator[LoggedEvent]:
    """The page behind `seq`, with a `gap` wherever numbers are missing."""
    for event in page:
        if event.seq > seq + 1:
            lost = event.name == "status" and b'"reason":"store_lost"' in event.data
            yield gap_event(seq + 1, event.seq - 1, "lost" if lost else "trimmed")
        yield event
        seq = event.seq


async def passing_trouble() -> Frames:
    """What a client gets while the service can't say more: come back in a moment."""
    yield come_back()
    raise StreamCut
