"""A service with a second API process over the same store, and processes that end and come back."""

import asyncio
import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support import faults
from tests.support.graphs import graphs_file
from tests.support.processes import (
    ROOT,
    Process,
    Service,
    answers,
    free_port,
    running,
    running_service,
)


@dataclass(frozen=True, slots=True)
class Replicas:
    """A service with two API processes."""

    service: Service
    second: Process

    @property
    def apis(self) -> tuple[Process, Process]:
        return self.service.api, self.second

    @property
    def ports(self) -> tuple[int, int]:
        return port_of(self.service.api), port_of(self.second)

    @property
    def urls(self) -> tuple[str, str]:
        return url_of(self.service.api), url_of(self.second)

    async def restart(self, number: signal.Signals, *processes: Process) -> None:
        """End processes with a signal, and start them again, as a supervisor would."""
        async with asyncio.TaskGroup() as tasks:
            for process in processes:
                tasks.create_task(self._restart(number, process))

    async def _restart(self, number: signal.Signals, process: Process) -> None:
        process.send(number)
        await process.exited()
        process.start()
        if process in self.apis:
            await answers(f"{url_of(process)}/livez", (process,))


@asynccontextmanager
async def replicated(
    folder: Path, env: Mapping[str, str] | None = None, workers: int = 1
) -> AsyncGenerator[Replicas]:
    """As `running_service`, with a second API process on a port of its own."""
    async with running_service(folder, env, workers) as service:
        settings = {**service.api.env, "TAILRACE_PORT": str(free_port())}
        async with running(Process("api-2", "tailrace.api", settings, folder)) as second:
            await answers(f"{url_of(second)}/readyz", (second,))
            yield Replicas(service, second)


@asynccontextmanager
async def telling(folder: Path, workers: int, **env: str) -> AsyncGenerator[Replicas]:
    """Replicas and workers with the graph `tale`, that notice soon what has ended."""
    graphs = graphs_file(folder, {"tale": f"{ROOT}/tests/graphs/tale.py:graph"})
    settings = {
        **faults.ENV,
        "TAILRACE_GRAPHS": str(graphs),
        "TAILRACE_MAX_ATTEMPTS": "20",
        "TAILRACE_DRAIN_S": "0.5",
        **env,
    }
    async with replicated(folder, settings, workers) as replicas:
        yield replicas


def port_of(api: Process) -> int:
    """Where an API process listens."""
    return int(api.env["TAILRACE_PORT"])


def url_of(api: Process) -> str:
    """Its address."""
    return f"http://127.0.0.1:{port_of(api)}"
