"""The processes of a soak: the API that is watched, and the crowd in two more."""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import orjson

from bench.server import Failed, answering, api_on_store, end, last_words, start
from tailrace.deploy.local.die_with_parent import tied_to_parent
from tailrace.deploy.local.ports import LOOPBACK, take_port

CROWDS: Final = 2
"""Processes that the listeners are spread over."""
_LEAVE_S: Final = 60.0


@dataclass(frozen=True, slots=True)
class Api:
    """The API as it is deployed: `python -m tailrace.api`."""

    pid: int
    port: int


@asynccontextmanager
async def serving(store_url: str, log: Path) -> AsyncGenerator[Api]:
    """Start it, and end it as an operator would.

    Raises:
        Failed: it has ended, or does not respond.
    """
    port = take_port(LOOPBACK, 0)
    env = {
        **api_on_store(store_url, port),
        "TAILRACE_LOG_LEVEL": "ERROR",
        # Half an hour otherwise: this way greatest ages belong to what is soaked.
        "TAILRACE_CONNECTION_AGE_S": "90",
    }
    process = await start((sys.executable, "-m", "tailrace.api"), log, env)
    try:
        await answering(process, port, "/livez", log)
        yield Api(process.pid, port)
        if process.returncode is not None:
            raise Failed(f"the API ended: {last_words(log)}")
    finally:
        await end(process)
        _show(log)


def _show(log: Path) -> None:
    """What the API had to say: nothing, at this level, if all was well."""
    sys.stdout.write(log.read_text(errors="replace"))


class Crowds:
    """The processes that listen, and what they count."""

    def __init__(self, processes: Sequence[Process]) -> None:
        self._processes = processes
        self._counts: list[Counter[str]] = [Counter() for _ in processes]

    @property
    def counts(self) -> Counter[str]:
        """Of all together, a second old at most."""
        return sum(self._counts, Counter[str]())

    def tell(self, logs: Sequence[str]) -> None:
        """Name the logs that are open."""
        line = orjson.dumps(logs) + b"\n"
        for process in self._processes:
            cast("asyncio.StreamWriter", process.stdin).write(line)

    async def listen(self) -> None:
        """Take what they report, until all have ended."""
        async with asyncio.TaskGroup() as tasks:
            for place, process in enumerate(self._processes):
                tasks.create_task(self._listen(place, process))

    async def _listen(self, place: int, process: Process) -> None:
        async for line in cast("asyncio.StreamReader", process.stdout):
            self._counts[place] = Counter(orjson.loads(line))
        if await process.wait():
            raise Failed(f"a crowd ended with {process.returncode}; see above")

    async def leave(self) -> None:
        """Have everyone hang up, and wait until they have."""
        for process in self._processes:
            cast("asyncio.StreamWriter", process.stdin).close()
        async with asyncio.timeout(_LEAVE_S):
            for process in self._processes:
                await process.wait()


@asynccontextmanager
async def crowds(listeners: int, port: int) -> AsyncGenerator[Crowds]:
    """Start them; they are killed if they have not left."""
    command = (sys.executable, "-m", "bench.soak.crowd", str(port), str(listeners // CROWDS))
    processes = [
        await asyncio.create_subprocess_exec(*tied_to_parent(command), stdin=PIPE, stdout=PIPE)
        for _ in range(CROWDS)
    ]
    try:
        yield Crowds(processes)
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()
