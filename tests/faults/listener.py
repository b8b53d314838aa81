"""A listener: follows one job over any number of connections, and writes down what it got.

It speaks HTTP and server-sent events by hand, comes back by itself with `Last-Event-ID`, at any
replica, and now and then hangs up for no reason.
"""

import asyncio
import hashlib
import random
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from typing import Final

from tailrace.shared.jobs import JobId
from tests.faults.record import Ear, Heard
from tests.support.event_stream import Dispatched, EventStreamReader

SILENCE_S: Final = 9.0
"""More than twice the longest heartbeat."""
OK: Final = 200
CONNECT_S: Final = 3.0
HANGS_UP: Final = 0.3
LONGEST_PAUSE_MS: Final = 3000
READ_BYTES: Final = 64 * 1024

OnEvent = Callable[[Dispatched], None]


class HungUp(Exception):
    """The listener itself ended the connection."""


class Listener:
    """One of a job's listeners.

    Args:
        job_id: the job.
        ports: where the replicas are.
        ear: takes what it hears.
        seed: decides replicas, and where it hangs up.
        on_event: is told each event once it is written down.
    """

    def __init__(
        self, job_id: JobId, ports: Sequence[int], ear: Ear, seed: str, on_event: OnEvent
    ) -> None:
        self._job_id = job_id
        self._ports = ports
        self._ear = ear
        self._rng = random.Random(seed)
        self._on_event = on_event
        self._reader = EventStreamReader(retry_ms=100)
        self._last_seq = 0
        self._events_left = 0

    async def run(self) -> None:
        """Listen until the `end` is there."""
        while not self._ear.ended:
            self._reader.connect()
            self._events_left = self._patience()
            try:
                await self._listen(self._rng.choice(self._ports))
            except (OSError, asyncio.IncompleteReadError, TimeoutError, HungUp):
                pause_ms = min(self._reader.retry_ms, LONGEST_PAUSE_MS)
                await asyncio.sleep(pause_ms / 1000)
                self._reader.retry_ms = 100

    def _patience(self) -> int:
        """After how many events it hangs up; 0 is never."""
        return self._rng.randint(1, 80) if self._rng.random() < HANGS_UP else 0

    async def _listen(self, port: int) -> None:
        async with asyncio.timeout(CONNECT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        try:
            writer.write(self._request())
            async with asyncio.timeout(SILENCE_S):
                head = await reader.readuntil(b"\r\n\r\n")
            self._ear.connections += 1
            await self._take(int(head.split(b" ", 2)[1]), reader)
        finally:
            writer.transport.abort()

    def _request(self) -> bytes:
        lines = [f"GET /jobs/{self._job_id}/events HTTP/1.1", "Host: 127.0.0.1"]
        if self._last_seq:
            lines.append(f"Last-Event-ID: {self._last_seq}")
        return "\r\n".join([*lines, "\r\n"]).encode()

    async def _take(self, status: int, reader: asyncio.StreamReader) -> None:
        if status != OK:
            self._trouble(f"answered {status} after {self._last_seq}")
            raise HungUp
        async with aclosing(_chunks(reader)) as chunks:
            async for chunk in chunks:
                self._reader.feed(chunk)
                self._write_down()
        if not self._ear.ended:
            self._trouble(f"a clean end without `end` after {self._last_seq}")
            raise HungUp

    def _write_down(self) -> None:
        events, self._reader.events = self._reader.events, []
        for event in events:
            self._last_seq = int(event.last_event_id)
            self._ear.heard.append(Heard(self._last_seq, digest(event.name, event.data)))
            self._ear.ended = self._ear.ended or event.name == "end"
            self._on_event(event)
            if self._events_left:
                self._events_left -= 1
                if not self._events_left and not self._ear.ended:
                    raise HungUp

    def _trouble(self, what: str) -> None:
        self._ear.troubles.append(f"job {self._job_id}: {what}")


def digest(name: str, data: bytes) -> bytes:
    """What stands for an event's payload."""
    return hashlib.blake2b(name.encode() + b"\n" + data, digest_size=8).digest()


async def _chunks(reader: asyncio.StreamReader) -> AsyncGenerator[bytes]:
    """The body's parts (RFC 9112, section 7.1), until the last one.

    Raises:
        TimeoutError: silence.
        IncompleteReadError: the body was cut.
    """
    while True:
        async with asyncio.timeout(SILENCE_S):
            size = int(await reader.readuntil(b"\r\n"), 16)
            chunk = await reader.readexactly(size + 2)
        if not size:
            return
        yield chunk[:-2]
