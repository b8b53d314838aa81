"""Real processes for e2e tests, started, watched, killed: `tailrace.api` and `tailrace.worker`.

Owns their command lines, environment, ports and output. Each writes to a file; when a test is
through, what was written meanwhile is printed, which pytest shows if the test failed.
"""

import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx

from tailrace.deploy.local.die_with_parent import tied_to_parent
from tailrace.deploy.local.store import EmbeddedStore
from tests.support.store import embedded_store
from tests.support.wait import wait_until

ROOT = Path(__file__).parents[2]

READY_S = 60.0
"""The imports of LangGraph alone take seconds when two cores run everything at once."""
STOP_S = 20.0
"""More than the grace that uvicorn gives to what does not end."""
OK = 200
FIRST_PORT, PORTS = 10_000, 20_000
"""Below those that Linux, macOS and Windows choose from."""


class Process:
    """One `python -m MODULE` of ours, which ends when the test process ends."""

    def __init__(self, name: str, module: str, env: Mapping[str, str], folder: Path) -> None:
        self.name = name
        self.env = dict(env)
        self.log = folder / f"{name}.log"
        self._command = tied_to_parent((sys.executable, "-m", module))
        self._folder = folder
        self._popen: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The process id; of the last start, when there were several."""
        return self._started().pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative is the signal that ended it."""
        return self._started().poll()

    def start(self) -> None:
        """Start it, also again after it has ended; returns before it is ready."""
        with self.log.open("ab") as log:
            self._popen = subprocess.Popen(
                self._command,
                cwd=self._folder,
                env={**os.environ, "PYTHONUNBUFFERED": "1", **self.env},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def send(self, number: signal.Signals) -> None:
        """Send a signal; to one that has ended, nothing."""
        if self.exit_code is None:
            os.killpg(self.pid, number)

    async def exited(self, timeout_s: float = STOP_S) -> int:
        """Wait until it has ended and return its exit code."""
        popen = self._started()
        await wait_until(lambda: popen.poll() is not None, f"{self.name} to end", timeout_s)
        return popen.returncode

    async def stop(self, timeout_s: float = STOP_S) -> int:
        """End it as an operator would (SIGTERM) and return its exit code."""
        self.send(signal.SIGTERM)
        return await self.exited(timeout_s)

    async def kill(self) -> None:
        """End it as a crash would (SIGKILL)."""
        self.send(signal.SIGKILL)
        await self.exited()

    def output(self) -> str:
        """All that it has written so far."""
        return self.log.read_text(errors="replace")

    def _started(self) -> subprocess.Popen[bytes]:
        if self._popen is None:
            raise RuntimeError(f"{self.name} is not started")
        return self._popen


@dataclass(frozen=True, slots=True)
class Service:
    """An API and its workers over a store of their own."""

    url: str
    store: EmbeddedStore
    api: Process
    workers: tuple[Process, ...]

    @property
    def processes(self) -> tuple[Process, ...]:
        """All of ours; the store is not among them."""
        return (self.api, *self.workers)

    async def ready(self) -> None:
        """Wait until the API has found its store and a worker with its graphs."""
        await answers(self.url + "/readyz", self.processes)

    @contextmanager
    def output_printed(self) -> Generator[None]:
        """Print what the processes wrote inside the block."""
        before = {process.name: len(process.output()) for process in self.processes}
        try:
            yield
        finally:
            for process in self.processes:
                written = process.output()[before[process.name] :]
                sys.stdout.write(f"--- {process.name} ---\n{written}")


@asynccontextmanager
async def running_service(
    folder: Path, env: Mapping[str, str] | None = None, workers: int = 1
) -> AsyncGenerator[Service]:
    """A service of its own on a free port of loopback, ready for jobs; ended in any case.

    Args:
        folder: an empty one, for the store's data, the logs and as working directory.
        env: what the processes get beside the address of their store and their port.
        workers: how many of them.
    """
    port = free_port()
    async with AsyncExitStack() as stack:
        store = stack.enter_context(embedded_store(folder / "store"))
        settings = {
            "TAILRACE_REDIS_URL": store.url,
            "TAILRACE_HOST": "127.0.0.1",
            "TAILRACE_PORT": str(port),
            "TAILRACE_GRAPHS": str(ROOT / "langgraph.json"),
            **(env or {}),
        }
        api = Process("api", "tailrace.api", settings, folder)
        hands = tuple(
            Process(f"worker-{n}", "tailrace.worker", settings, folder) for n in range(workers)
        )
        service = Service(f"http://127.0.0.1:{port}", store, api, hands)
        for process in service.processes:
            await stack.enter_async_context(running(process))
        await service.ready()
        yield service


@asynccontextmanager
async def running(process: Process) -> AsyncGenerator[Process]:
    """The process, started; at the end it is killed, without waiting for its grace."""
    process.start()
    try:
        yield process
    finally:
        await process.kill()


async def answers(
    url: str, processes: tuple[Process, ...] = (), timeout_s: float = READY_S
) -> None:
    """Wait until a URL answers 200.

    Raises:
        AssertionError: it does not, or one of the processes has ended; shows what they wrote.
    """

    async def ready() -> bool:
        for process in processes:
            assert process.exit_code is None, f"{process.name} ended with {process.exit_code}"
        return await _status(client, url) == OK

    try:
        async with httpx.AsyncClient(timeout=timeout_s) as client:
            await wait_until(ready, f"200 from {url}", timeout_s)
    except AssertionError as error:
        for process in processes:
            error.add_note(f"--- {process.name} ---\n{process.output()}")
        raise


async def _status(client: httpx.AsyncClient, url: str) -> int | None:
    """What the URL answers; None while nothing listens there."""
    try:
        return (await client.get(url)).status_code
    except httpx.TransportError:
        return None


def free_port() -> int:
    """A port of loopback that was free a moment ago, and is given to no connection by the system.

    One that the system chose would be taken again by the next connection that it chooses a port
    for, between this call and the start of the server.
    """
    while True:
        port = FIRST_PORT + secrets.randbelow(PORTS)
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
