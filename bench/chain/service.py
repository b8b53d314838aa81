"""The service that is measured: the embedded store, one API and its workers, as processes."""

import asyncio
import os
import sys
import tempfile
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.polling import until
from deploy.local.health import answers_ok
from deploy.local.leash import leashed
from deploy.local.ports import LOOPBACK, take_port
from deploy.local.store import EmbeddedStore, Fsync

GRAPHS: Final = Path(__file__).with_name("langgraph.json")
_START_S: Final = 60.0
"""Importing LangGraph takes seconds where the machine is busy."""
_STOP_S: Final = 10.0


class NotReady(Exception):
    """A process ended, or did not answer in time; its own last words are the message."""


@dataclass(frozen=True, slots=True)
class Service:
    """A running one."""

    port: int
    store: EmbeddedStore
    settings: Mapping[str, str]
    folder: Path
    stack: AsyncExitStack

    async def start(self, module: str, *, probe: str | None = None, **settings: str) -> Process:
        """Start `python -m MODULE`; ended with the service.

        Args:
            module: `api` or `worker`.
            probe: wait until the API answers this path with 200.
            settings: environment of this process alone.
        """
        log = self.folder / f"{module}.log"
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *leashed((sys.executable, "-P", "-m", module)),
                stdin=DEVNULL,
                stdout=output,
                stderr=output,
                env={**os.environ, **self.settings, **settings},
            )
        self.stack.push_async_callback(_end, process)
        if probe is not None:
            await self._answers(process, probe, log)
        return process

    async def _answers(self, process: Process, path: str, log: Path) -> None:
        async def answers_or_ended() -> bool:
            return process.returncode is not None or await answers_ok(LOOPBACK, self.port, path)

        try:
            await until(answers_or_ended, _START_S)
        except TimeoutError as error:
            raise NotReady(_last_words(log)) from error
        if process.returncode is not None:
            raise NotReady(_last_words(log))


@asynccontextmanager
async def service(fsync: Fsync = "everysec", **settings: str) -> AsyncGenerator[Service]:
    """A store and an API over it, on a free port; all that is started in it ends with it.

    Args:
        fsync: when the store writes to the disk; `always` is how the service ships.
        settings: environment of every process.

    Raises:
        NotReady: the API did not start.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        store = EmbeddedStore(folder / "store", fsync)
        store.start()
        stack.callback(store.stop)
        port = take_port(LOOPBACK, 0)
        env = {
            "TAILRACE_REDIS_URL": store.url,
            "TAILRACE_LOG_REDIS_URL": "",
            "TAILRACE_HOST": LOOPBACK,
            "TAILRACE_PORT": str(port),
            "TAILRACE_GRAPHS": str(GRAPHS),
            "TAILRACE_LOG_LEVEL": "WARNING",
            **settings,
        }
        running = Service(port, store, env, folder, stack)
        await running.start("api", probe="/livez")
        yield running


def _last_words(log: Path) -> str:
    return log.read_text(errors="replace")[-2000:]


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
