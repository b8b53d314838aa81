"""Worker processes of one contender: started, held at the start line, let go, ended."""

import asyncio
import os
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Final

from bench.queue.contenders import Contender
from bench.queue.stamps import FD_VARIABLE, Stamps
from bench.server import START_S
from tailrace.deploy.local.die_with_parent import tied_to_parent

_STOP_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Crew:
    """Processes that are ready to start together."""

    processes: tuple[Process, ...]
    stamps: Stamps

    def go(self) -> None:
        """Let them work."""
        for process in self.processes:
            if process.stdin is not None:
                process.stdin.write(b"go\n")


@asynccontextmanager
async def crew(contender: Contender, size: int, url: str) -> AsyncGenerator[Crew]:
    """Have `size` processes ready; they are ended on the way out.

    Raises:
        TimeoutError: they were not ready within a minute.
        asyncio.IncompleteReadError: they ended instead; stderr says why.
    """
    reading, writing = os.pipe()
    async with AsyncExitStack() as stack:
        stamps = Stamps(await _reader(reading, stack))
        try:
            processes = [await _start(contender, url, writing, stack) for _ in range(size)]
        finally:
            os.close(writing)
        await stamps.take(size, START_S)
        yield Crew(tuple(processes), stamps)


async def _reader(fd: int, stack: AsyncExitStack) -> asyncio.StreamReader:
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    pipe = os.fdopen(fd, "rb", buffering=0)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: protocol, pipe)
    stack.callback(transport.close)
    return reader


async def _start(contender: Contender, url: str, fd: int, stack: AsyncExitStack) -> Process:
    command = tied_to_parent((sys.executable, "-m", "bench.queue.consumer", contender.name, url))
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=PIPE,
        stdout=DEVNULL,
        pass_fds=(fd,),
        env=os.environ | {FD_VARIABLE: str(fd)},
    )
    stack.push_async_callback(_end, process)
    return process


async def _end(process: Process) -> None:
    """At once: how gently each contender stops is not measured here."""
    if process.returncode is None:
        process.kill()
    async with asyncio.timeout(_STOP_S):
        await process.wait()
