"""The processes of a soak: the API that is watched, and the crowd in two more."""

import asyncio
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

import orjson

from deploy.local.health import answers_ok
from deploy.local.leash import leashed
from deploy.local.ports import LOOPBACK, take_port

_CROWDS: Final = 2
_START_S: Final = 60.0
_LEAVE_S: Final = 60.0
_POLL_S: Final = 0.1


@dataclass(frozen=True, slots=True)
class Api:
    """The API as it is deployed: `python -m api`."""

    pid: int
    port: int


@asynccontextmanager
async def serving(store_url: str, log: Path) -> AsyncGenerator[Api]:
    """Start it, and end it as an operator would.

    Raises:
        RuntimeError: it has ended, or does not answer; shows what it wrote.
    """
    port = take_port(LOOPBACK, 0)
    env = {
        "TAILRACE_REDIS_URL": store_url,
        "TAILRACE_PORT": str(port),
        "TAILRACE_LOG_LEVEL": "ERROR",
        # Half an hour otherwise: this way greatest ages belong to what is soaked.
        "TAILRACE_CONNECTION_AGE_S": "90",
        "PYTHON_DOTENV_DISABLED": "1",
    }
    with log.open("wb") as output:
        process = await asyncio.create_subprocess_exec(
            *leashed((sys.executable, "-m", "api")),
            env=os.environ | env,
            stdout=output,
            stderr=output,
        )
    try:
        await _answers(process, port, log)
        yield Api(process.pid, port)
        if process.returncode is not None:
            raise RuntimeError(f"the API ended: {_words(log)}")
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
        sys.stdout.write(_words(log))


async def _answers(process: Process, port: int, log: Path) -> None:
    async with asyncio.timeout(_START_S):
        while not await answers_ok(LOOPBACK, port, "/livez"):
            if process.returncode is not None:
                raise RuntimeError(f"the API ended: {_words(log)}")
            await asyncio.sleep(_POLL_S)


def _words(log: Path) -> str:
    return log.read_text(errors="replace")


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
            raise RuntimeError(f"a crowd ended with {process.returncode}; see above")

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
    command = (sys.executable, "-m", "bench.soak.crowd", str(port), str(listeners // _CROWDS))
    processes = [
        await asyncio.create_subprocess_exec(*leashed(command), stdin=PIPE, stdout=PIPE)
        for _ in range(_CROWDS)
    ]
    try:
        yield Crowds(processes)
    finally:
        for process in processes:
            if process.returncode is None:
                process.kill()
                await process.wait()
