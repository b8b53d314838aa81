"""The line between one process and the store: it can be cut in either direction, and has traps.

What it holds back is not lost but late, as on a network that retransmits: a command may arrive
long after its sender gave up. It knows of Redis only how a claim and a close look on the wire.
"""

import asyncio
import os
import re
import signal
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal

CHUNK_BYTES: Final = 64 * 1024

Direction = Literal["up", "down"]
"""`up` is to the store, `down` from it."""

CLAIMED: Final = re.compile(rb"\*\d+\r\n\$2\r\nok\r\n\$36\r\n[0-9a-f-]{36}\r\n")
"""The store's answer to a claim that found a job."""
CLOSING: Final = re.compile(rb"\r\n\$(?:9\r\n(?:succeeded|cancelled)|6\r\nfailed)\r\n")
"""The status among the arguments of the closing append."""


@dataclass(slots=True)
class Trap:
    """Stops a process at an exact moment: when the line carries this."""

    pid: int
    direction: Direction
    pattern: re.Pattern[bytes]
    holds: bool
    """Whether what sprang the trap is held back until the link is healed."""
    sprung: asyncio.Event = field(default_factory=asyncio.Event)


class Link:
    """One process's line to the store."""

    def __init__(self, store: Path) -> None:
        self.url = ""
        """Where the process finds the store through this link, once it listens."""
        self._store = store
        self._flow: dict[Direction, asyncio.Event] = {
            "up": asyncio.Event(),
            "down": asyncio.Event(),
        }
        self._writers: set[asyncio.StreamWriter] = set()
        self._refusing = False
        self._trap: Trap | None = None
        self.heal()

    def partition(self, *directions: Direction) -> None:
        """Hold back what goes in these directions."""
        for direction in directions:
            self._flow[direction].clear()

    def reset(self) -> None:
        """Break every connection and take no new one."""
        self._refusing = True
        for writer in self._writers:
            writer.transport.abort()

    def heal(self) -> None:
        """Pass on what was held back, and everything from now on; traps are gone."""
        self._refusing = False
        self._trap = None
        for flowing in self._flow.values():
            flowing.set()

    def set_trap(self, trap: Trap) -> None:
        """Let the next match spring the trap."""
        self._trap = trap

    async def serve(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        """Carry one connection until either side ends it."""
        self._writers.add(answers)
        try:
            if not self._refusing:
                await self._carry(client, answers)
        except OSError:
            pass  # one side is gone, and so is the connection
        finally:
            self._writers.discard(answers)
            answers.transport.abort()

    async def _carry(self, client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
        store, calls = await asyncio.open_unix_connection(self._store)
        self._writers.add(calls)
        try:
            async with asyncio.TaskGroup() as pumps:
                pumps.create_task(self._pump("up", client, calls))
                pumps.create_task(self._pump("down", store, answers))
        except* OSError:
            pass  # as above
        finally:
            self._writers.discard(calls)
            calls.transport.abort()

    async def _pump(
        self, direction: Direction, source: asyncio.StreamReader, target: asyncio.StreamWriter
    ) -> None:
        while data := await source.read(CHUNK_BYTES):
            self._spring(direction, data)
            await self._flow[direction].wait()
            target.write(data)
            await target.drain()
        await self._flow[direction].wait()
        target.close()

    def _spring(self, direction: Direction, data: bytes) -> None:
        trap = self._trap
        if trap is None or trap.direction != direction or not trap.pattern.search(data):
            return
        os.kill(trap.pid, signal.SIGSTOP)
        if trap.holds:
            self._flow[direction].clear()
        self._trap = None
        trap.sprung.set()


@asynccontextmanager
async def linked(path: Path, host: str | None, store: Path) -> AsyncGenerator[Link]:
    """A link that listens while the body runs.

    Args:
        path: the socket where it listens, unless there is
        host: an address, on a free port of which it listens then.
        store: the store's own socket.
    """
    link = Link(store)
    serving: set[asyncio.Task[None]] = set()
    async with asyncio.TaskGroup() as group:

        def accept(client: asyncio.StreamReader, answers: asyncio.StreamWriter) -> None:
            task = group.create_task(link.serve(client, answers))
            serving.add(task)
            task.add_done_callback(serving.discard)

        if host:
            server = await asyncio.start_server(accept, host, 0)
            link.url = f"redis://{host}:{server.sockets[0].getsockname()[1]}/0"
        else:
            server = await asyncio.start_unix_server(accept, path)
            link.url = f"unix://{path}"
        try:
            yield link
        finally:
            server.close()
            for task in serving:
                task.cancel()
