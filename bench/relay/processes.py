"""Processes of a run: servers on their core, and the C programs that print lines of JSON."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final, cast

import orjson

from bench.relay.cores import pin_server
from bench.server import Failed, answering, end, start
from tailrace.deploy.local.die_with_parent import tied_to_parent

_STOP_S: Final = 5.0

Json = Mapping[str, object]


@asynccontextmanager
async def server(
    command: tuple[str, ...], port: int, path: str, log: Path, env: Mapping[str, str]
) -> AsyncGenerator[Process]:
    """A server that returns 200 for `GET path`, on its core; ended on the way out.

    Raises:
        Failed: it ended, or did not respond within a minute.
    """
    process = await start(command, log, env)
    try:
        pin_server(process.pid)
        await answering(process, port, path, log)
        yield process
    finally:
        await end(process)


async def _ended(process: Process) -> None:
    """Let it end on its own, which it does when its input ends; otherwise end it."""
    try:
        async with asyncio.timeout(_STOP_S):
            await process.wait()
    except TimeoutError:
        await end(process)


class Program:
    """A C program that runs, and says what came of it in lines of JSON."""

    def __init__(self, process: Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        """Its process."""
        return self._process.pid

    async def line(self, within_s: float) -> Json:
        """Its next line.

        Raises:
            Failed: it ended without one, or the time is up.
        """
        output = cast("asyncio.StreamReader", self._process.stdout)
        try:
            async with asyncio.timeout(within_s):
                text = await output.readline()
                if not text:
                    raise Failed(f"a program ended with {await self._process.wait()}; see above")
        except TimeoutError as error:
            raise Failed(f"a program said nothing for {within_s:g} s") from error
        return cast("Json", orjson.loads(text))

    def stop(self) -> None:
        """Have it end early, with its last line."""
        cast("asyncio.StreamWriter", self._process.stdin).close()


@asynccontextmanager
async def program(*command: str) -> AsyncGenerator[Program]:
    """A C program, where this process runs; it complains on this process's stderr."""
    process = await asyncio.create_subprocess_exec(
        *tied_to_parent(command), stdin=PIPE, stdout=PIPE, stderr=sys.stderr.fileno()
    )
    running = Program(process)
    try:
        yield running
    finally:
        running.stop()
        await _ended(process)
