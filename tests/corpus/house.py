"""The service that runs the corpus: a store, an API and a worker at a time, all real processes.

A worker can be killed, and another is there a moment later. Owns no graph and no judgement.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
from redis.asyncio import Redis

from tailrace.deploy.local.die_with_parent import tied_to_parent
from tailrace.deploy.local.store import EmbeddedStore
from tailrace.shared.redis import keys
from tests.corpus.case import Case
from tests.corpus.counting import FOLDER
from tests.support.processes import ROOT, Process, answers, free_port, running
from tests.support.store import embedded_store
from tests.support.wait import wait_until

READY_S: Final = 60.0
SETTINGS: Final = {
    "TAILRACE_SLOTS": "16",
    "TAILRACE_BACKOFF_S": "0.05",
    "TAILRACE_LEASE_S": "20",
    "TAILRACE_RENEWAL_S": "2",
    "TAILRACE_GRACE_S": "0",
    "TAILRACE_LOG_LEVEL": "WARNING",
}
"""A lease runs out when `end_leases` says so, and never because the machine is slow."""


@dataclass(slots=True)
class House:
    """A running service without a worker."""

    folder: Path
    store: EmbeddedStore
    client: httpx.AsyncClient
    redis: Any
    nursery: asyncio.subprocess.Process
    started: int = 0
    workers: set[int] = field(default_factory=set[int])

    async def start_worker(
        self, cases: Sequence[Case], store_url: str, durability: str = "async"
    ) -> int:
        """A worker that serves these graphs, ready; its process id."""
        self.started += 1
        file = self.folder / f"graphs-{self.started}.json"
        file.write_text(json.dumps({"graphs": {case.name: case.place for case in cases}}))
        settings = {"TAILRACE_DURABILITY": durability, "TAILRACE_REDIS_URL": store_url}
        env = {**SETTINGS, **settings, "TAILRACE_GRAPHS": str(file)}
        pid = await self._forked({"env": env, "log": str(self.folder / "workers.log")})
        self.workers.add(pid)
        await wait_until(lambda: self._works(pid), f"worker {pid} to work", READY_S)
        return pid

    async def kill(self, pid: int) -> None:
        """Kill a worker, and return when it is dead."""
        os.kill(pid, signal.SIGKILL)
        await wait_until(lambda: not _lives(pid), f"worker {pid} to be dead")
        self.workers.discard(pid)

    async def end_leases(self) -> None:
        """What time does to the leases of a worker that is dead."""
        held = await self.redis.hkeys(keys.OWNERS)
        if held:
            await self.redis.zadd(keys.QUEUE, dict.fromkeys(held, 1), xx=True)
            await self.redis.rpush(keys.TOKENS, *[b"1"] * len(held))

    async def has_announced(self, cases: Sequence[Case]) -> None:
        """Wait until the API knows these graphs."""

        async def known() -> bool:
            told = (await self.client.get("/graphs")).json()["graphs"]
            return {case.name for case in cases} <= {graph["name"] for graph in told}

        await wait_until(known, "the graphs to be known", READY_S)

    async def _forked(self, order: dict[str, Any]) -> int:
        assert self.nursery.stdin is not None
        assert self.nursery.stdout is not None
        self.nursery.stdin.write(json.dumps(order).encode() + b"\n")
        await self.nursery.stdin.drain()
        return int(await asyncio.wait_for(self.nursery.stdout.readline(), READY_S))

    async def _works(self, pid: int) -> bool:
        assert _lives(pid), f"the worker has ended: {self.output()[-3000:]}"
        beats = await self.redis.zrange(keys.WORKERS, 0, -1)
        return any(f"-{pid}-".encode() in beat for beat in beats)

    def why(self, job_id: str) -> str:
        """The last lines of the traceback that a worker logged of a job's failure, if it did."""
        told = [line for line in self.output().splitlines() if job_id in line]
        found = [str(json.loads(line).get("traceback", "")) for line in told]
        return "".join(found)[-600:]

    def output(self) -> str:
        """What the workers wrote."""
        log = self.folder / "workers.log"
        return log.read_text(errors="replace") if log.exists() else ""


@asynccontextmanager
async def open_house(folder: Path) -> AsyncGenerator[House]:
    """A service in an empty folder, without a worker yet; all is ended with the block."""
    starts = folder / "starts"
    starts.mkdir()
    os.environ[FOLDER] = str(starts)
    port = free_port()
    with embedded_store(folder / "store") as store:
        env = {"TAILRACE_REDIS_URL": store.url, "TAILRACE_PORT": str(port), FOLDER: str(starts)}
        api = Process("api", "tailrace.api", {**env, "TAILRACE_HOST": "127.0.0.1"}, folder)
        url = f"http://127.0.0.1:{port}"
        async with (
            running(api),
            _nursery() as nursery,
            Redis.from_url(store.url, max_connections=100) as redis,
            httpx.AsyncClient(base_url=url, timeout=READY_S) as client,
        ):
            await answers(f"{url}/livez", (api,))
            house = House(folder, store, client, redis, nursery)
            try:
                yield house
            finally:
                for pid in house.workers:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)


@asynccontextmanager
async def _nursery() -> AsyncGenerator[asyncio.subprocess.Process]:
    pipe = asyncio.subprocess.PIPE
    command = tied_to_parent((sys.executable, "-m", "tests.corpus.nursery"))
    nursery = await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, cwd=ROOT)
    try:
        yield nursery
    finally:
        nursery.kill()
        await nursery.wait()


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
