"""The service that is measured: the embedded store, one API and its workers, as processes."""

import sys
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncGenerator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench.server import answering, api_on_store, end, start
from bench.store import embedded
from tailrace.deploy.local.ports import LOOPBACK, take_port
from tailrace.deploy.local.store import EmbeddedStore, Fsync

GRAPHS: Final = Path(__file__).with_name("langgraph.json")


@dataclass(frozen=True, slots=True)
class Service:
    """A running one."""

    port: int
    store: EmbeddedStore
    settings: Mapping[str, str]
    folder: Path
    stack: AsyncExitStack

    async def start(self, module: str, *, probe: str | None = None) -> Process:
        """Start `python -m MODULE`; ended with the service.

        Args:
            module: `api` or `worker`.
            probe: wait until the API returns 200 for this path.

        Raises:
            Failed: it ended, or the API did not do so within a minute.
        """
        log = self.folder / f"{module}.log"
        command = (sys.executable, "-P", "-m", module)
        process = await start(command, log, self.settings)
        self.stack.push_async_callback(end, process)
        if probe is not None:
            await answering(process, self.port, probe, log)
        return process


@asynccontextmanager
async def service(fsync: Fsync = "everysec", **settings: str) -> AsyncGenerator[Service]:
    """A store and an API over it, on a free port; all that is started in it ends with it.

    Args:
        fsync: when the store writes to the disk; `always` is how the service ships.
        settings: environment of every process.

    Raises:
        Failed: the API did not start.
    """
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        store = stack.enter_context(embedded(fsync))
        port = take_port(LOOPBACK, 0)
        env = {
            **api_on_store(store.url, port),
            "TAILRACE_GRAPHS": str(GRAPHS),
            "TAILRACE_LOG_LEVEL": "WARNING",
            **settings,
        }
        running = Service(port, store, env, folder, stack)
        await running.start("tailrace.api", probe="/livez")
        yield running
