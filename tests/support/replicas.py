"""A service with a second API process over the same store, and processes that end and come back."""

import signal
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.support.processes import Process, Service, answers, free_port, running, running_service


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

    async def restart(self, process: Process, number: signal.Signals) -> None:
        """End a process with a signal, and start it again, as a supervisor would."""
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


def port_of(api: Process) -> int:
    """Where an API process listens."""
    return int(api.env["TAILRACE_PORT"])


def url_of(api: Process) -> str:
    """Its address."""
    return f"http://127.0.0.1:{port_of(api)}"
