"""A process that a run is made of, as a value, and one life of it as a running process."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Self

from tailrace.deploy.local.die_with_parent import tied_to_parent

MAX_LINE_BYTES = 64 * 1024
"""A longer line is passed on in pieces: what a child prints must not fill this process."""

LAST_OUTPUT_S = 1.0
"""How long output may still come after the end, from what the child itself has started."""


@dataclass(frozen=True, slots=True)
class Child:
    """What to start, and how to tell that it is up."""

    name: str
    command: tuple[str, ...]
    env: Mapping[str, str]
    is_up: Callable[[], Awaitable[bool]] | None = None
    """None: nobody waits for it."""
    needed_first: bool = False
    """What is started after it waits until it is up."""
    inherits: tuple[int, ...] = ()
    """File descriptors that it keeps open."""
    follows_project: bool = False
    """Started again when the project has changed. Once the run is ready, that is also what ends the
    wait of a child that can't start with the project as it is."""


class Process:
    """One life of a child, in a session of its own, so that the terminal's Ctrl-C passes it by."""

    def __init__(self, process: asyncio.subprocess.Process, output: int) -> None:
        self._process = process
        self._output = output

    @classmethod
    async def start(cls, child: Child) -> Self:
        """Start it tied to this process; its standard output and error are one stream."""
        # A pipe of our own: asyncio's would tie the wait for the end to the end of the output.
        output, child_end = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *tied_to_parent(child.command),
                env=dict(child.env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=child_end,
                stderr=child_end,
                pass_fds=child.inherits,
                start_new_session=True,
            )
        finally:
            os.close(child_end)
        return cls(process, output)

    async def follow(self, on_line: Callable[[bytes], None]) -> int:
        """Pass on its lines until it ends; its exit code, negative for a signal. Called once."""
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader()
        protocol = asyncio.StreamReaderProtocol(reader)
        transport, _ = await loop.connect_read_pipe(
            lambda: protocol, os.fdopen(self._output, "rb", 0)
        )
        try:
            async with asyncio.TaskGroup() as tasks:
                reading = tasks.create_task(_pass_on_lines(reader, on_line))
                code = await self._process.wait()
                self.kill()
                await asyncio.wait([reading], timeout=LAST_OUTPUT_S)
                reading.cancel()
        finally:
            transport.close()
        return code

    def terminate(self) -> None:
        """Ask it, and it alone, to end; one that has ended hears nothing."""
        if self._process.returncode is None:
            self._process.terminate()

    def kill(self) -> None:
        """Kill it and whatever it has started."""
        try:
            os.killpg(self._process.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


async def _pass_on_lines(reader: asyncio.StreamReader, on_line: Callable[[bytes], None]) -> None:
    # Not readline(), which gives up at the first long line.
    rest = b""
    while chunk := await reader.read(MAX_LINE_BYTES):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            on_line(line)
        if len(rest) >= MAX_LINE_BYTES:
            on_line(rest)
            rest = b""
    if rest:
        on_line(rest)
