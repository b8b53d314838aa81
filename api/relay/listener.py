"""One client of one log: a number and a socket. No queue: the log is the queue."""

import asyncio
from collections.abc import Coroutine, Generator
from typing import Any, Final

from starlette.types import Message, Receive, Send

from tailrace.api.http.connection import Peer
from tailrace.api.relay.frames import Encoder, StreamFormat
from tailrace.api.relay.window import Window, Write

_OPEN: Final = 0
_OVER: Final = 1
_CUT: Final = 2


class PendingSend:
    """The rest of a send that has to wait for its socket, to be awaited in a task.

    Whoever had the frames made the first step, and can't wait for one client.
    """

    __slots__ = ("_future", "_send")

    def __init__(self, send: Coroutine[Any, Any, None], future: Any) -> None:
        self._send = send
        self._future = future

    def __await__(self) -> Generator[Any, Any, None]:
        """Continue where the first step stopped, as a task would have done."""
        try:
            yield self._future
            yield from self._send.__await__()
        finally:
            self._send.close()


class Listener:
    """A client that has everything up to `seq`. Its request's task waits; others write to it.

    Args:
        send: the request's ASGI send.
        peer: its connection, if the server reveals it.
        stream_format: how events are written.
        seq: the number that the client has.
        ticks: its greatest age, in ticks of the housekeeping.
    """

    __slots__ = (
        "_moved_at",
        "_peer",
        "_pending_send",
        "_send",
        "_state",
        "_taken",
        "_waiting",
        "idle_ticks",
        "left",
        "sent",
        "seq",
        "slow",
        "stream_format",
        "ticks_left",
        "written",
    )

    def __init__(
        self, send: Send, peer: Peer | None, stream_format: StreamFormat, seq: int, ticks: int
    ) -> None:
        self._send = send
        self._peer = peer
        self._pending_send: PendingSend | None = None
        self._state = _OPEN
        self._waiting: asyncio.Task[Any] | None = None
        """The request's task, while it is in `wait`."""
        self._taken = 0
        self._moved_at: int | None = None
        self.stream_format = stream_format
        self.seq = seq
        self.left = False
        """Whether it was the client who ended the connection."""
        self.slow = False
        """Whether the last delivery had to wait for the socket."""
        self.written: tuple[int, Encoder] | None = None
        """Where frames depend on what came before: up to which event they were written, by what."""
        self.sent = 0
        self.idle_ticks = 0
        self.ticks_left = ticks

    @property
    def over(self) -> bool:
        """Whether nothing more may be written."""
        return self._state != _OPEN

    @property
    def pending(self) -> bool:
        """Whether this process still holds something for the client."""
        return self._peer is not None and self._peer.pending > 0

    @property
    def full(self) -> bool:
        """Whether a send waits for the socket; nothing may be written until it is done."""
        return self._pending_send is not None

    def advance(self, window: Window) -> bool:
        """Write what the window has for this listener, without waiting.

        False if the listener can't be served from here: its socket is full, or it has fallen
        behind the window. It then has to catch up by itself.
        """
        if self._pending_send is not None:
            return False
        while self._state == _OPEN:
            write = window.after(self.seq)
            if write is None:
                return window.covers(self.seq)
            if not self._begin(write):
                return False
            if not write.more:
                return True
        return True

    async def deliver(self, write: Write) -> None:
        """Write frames; waits while the socket is full."""
        self.slow = not self._begin(write)
        if self.slow:
            await self.drained()

    async def drained(self) -> None:
        """Wait until the send that found the socket full is done."""
        if self._pending_send is not None:
            await self._pending_send
            self._pending_send = None

    def offer(self, data: bytes) -> bool:
        """Hand bytes to the server; False if its send waits for the socket (see `drained`)."""
        return self._step({"type": "http.response.body", "body": data, "more_body": True})

    def send_heartbeat(self) -> None:
        """Show the client that the connection is alive."""
        if not self.offer(self.stream_format.heartbeat):
            self.wake()

    def cut(self, farewell: bytes = b"") -> None:
        """End the stream unfinished: the client has to see a broken connection."""
        if self._state != _OPEN:
            return
        self._state = _CUT
        if self.full and self._peer is not None:
            self._peer.abort()
        elif farewell and not self.full:
            self.offer(farewell)
        self.wake()

    def dismiss(self) -> None:
        """Cut the stream, and ask the client to reconnect in a moment."""
        self.cut(self.stream_format.farewell())

    def abort(self) -> None:
        """Drop a connection that makes no progress, with everything pending."""
        if self._peer is not None:
            self._peer.abort()
        self.cut()

    def wake(self) -> None:
        """End `wait`: there is something that only the request's own task can do."""
        if self._waiting is not None:
            task, self._waiting = self._waiting, None
            task.cancel()

    async def wait(self, receive: Receive) -> None:
        """Wait until the client has left, the response is complete, or somebody calls `wake`."""
        task = self._waiting = asyncio.current_task()
        try:
            while self._state == _OPEN:
                if (await receive())["type"] == "http.disconnect":
                    # After the last write the server says so, too.
                    self.left = self._state == _OPEN
                    self._state = _OVER
        except asyncio.CancelledError:
            # Woken, unless somebody else has cancelled the task as well, or alone.
            if self._waiting is not None or task is None or task.uncancel():
                raise
        finally:
            self._waiting = None

    async def finish(self) -> None:
        """Wait until the server has the last bytes, unless the stream is cut."""
        if self._state != _CUT:
            await self.drained()

    def unmoved(self, tick: int) -> int:
        """For how many ticks the peer has acknowledged nothing; 0 if nothing is unacknowledged."""
        if self._peer is None:
            return 0
        waits = self._peer.unacknowledged
        taken = self.sent - waits
        if not waits or taken > self._taken or self._moved_at is None:
            self._moved_at = tick
        self._taken = taken
        return tick - self._moved_at

    def _begin(self, write: Write) -> bool:
        self.seq = write.last
        if write.ends:
            self._state = _OVER
        elif not write.data:
            return True  # A view may have nothing to say of an event.
        return self._step(write.message, write.chunk)

    def _step(self, message: Message, chunk: bytes = b"") -> bool:
        """Make the first step of a send, which is all of it while the socket has room."""
        self.idle_ticks = 0
        self.sent += len(message["body"])
        if chunk and self._peer is not None and self._peer.write(chunk):
            return True
        sending: Any = self._send(message)
        try:
            future = sending.send(None)
        except StopIteration:
            return True
        self._pending_send = PendingSend(sending, future)
        return False
