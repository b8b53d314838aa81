"""Logs in the store, written as a worker writes them: through `shared`, for relays that read it."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from redis.asyncio import Redis

from bench.relay.writing import DATA, NUMBER, Gate, Log, event
from tailrace.shared.events import Event
from tailrace.shared.jobs import Holder, JobId, JobRequest, new_job_id
from tailrace.shared.log_store.events.event_log import EventLog
from tailrace.shared.log_store.jobs.job_store import JobStore
from tailrace.shared.redis.connection import Client, connect
from tailrace.shared.settings import SharedSettings

TENANT: Final = "bench"
_ANY_NUMBER: Final = 77_777_777
"""Eight digits that occur in no key."""
_BATCH: Final = 500


class _Recorder(Redis):
    """Keeps the commands that it is given, and sends none."""

    def __init__(self) -> None:
        super().__init__()
        self.commands: list[tuple[Any, ...]] = []

    async def execute_command(self, *args: Any, **_options: Any) -> list[bytes]:
        """Keep one command."""
        self.commands.append(args)
        return [b"ok", b"1"]


@dataclass(frozen=True, slots=True)
class StoreLog(Log):
    """A log in the store, and the attempt under which it is written."""

    holder: Holder


class StoreLogs:
    """All logs of a run on one store."""

    def __init__(self, url: str) -> None:
        self._settings = SharedSettings(redis_url=url)
        self._client: Client = connect(url)
        self._jobs = JobStore(self._client, self._settings)
        self._log = EventLog(self._client, self._settings)
        self.gate = Gate(("--unix", url.removeprefix("unix://")), "\r\nok\r\n")

    async def open(self, count: int) -> list[StoreLog]:
        """New logs of running jobs: two `status` events each."""
        return [await self._open(new_job_id()) for _ in range(count)]

    async def _open(self, job_id: JobId) -> StoreLog:
        await self._jobs.create(job_id, TENANT, JobRequest("bench", {}))
        holder = Holder(job_id, 1, secrets.token_hex(16))
        job = await self._jobs.open_attempt(holder)
        path = f"/jobs/{job_id}/events"
        return StoreLog(path, job.seq + 1, await self._request(holder), holder)

    async def _request(self, holder: Holder) -> bytes:
        """What `EventLog.append` sends for one event, with places for number and time."""
        recorder = _Recorder()
        log = EventLog(recorder, self._settings)
        await log.append(holder, _ANY_NUMBER, [Event("custom", DATA)])
        [command] = recorder.commands
        return _packed(command).replace(str(_ANY_NUMBER).encode(), NUMBER.encode())

    async def close(self, logs: Sequence[StoreLog], events: int) -> None:
        """End the jobs, each with so many events behind those that its log began with."""
        for log in logs:
            await self._log.close(log.holder, log.first + events, "succeeded")

    async def finished(self, count: int, events: int) -> list[StoreLog]:
        """New logs of jobs that are over, with so many events and an `end`."""
        logs = await self.open(count)
        for log in logs:
            for start in range(log.first, log.first + events, _BATCH):
                batch = range(start, min(start + _BATCH, log.first + events))
                await self._log.append(
                    log.holder, start, [Event("custom", event(n)) for n in batch]
                )
        await self.close(logs, events)
        return logs

    async def load_script(self) -> None:
        """Have the store know the script that appends, as a worker's first event would."""
        await self.finished(1, 1)

    async def aclose(self) -> None:
        """Hang up."""
        await self._client.aclose()


def _packed(command: tuple[Any, ...]) -> bytes:
    parts = [part if isinstance(part, bytes) else str(part).encode() for part in command]
    bulk = b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)
    return b"*%d\r\n%b" % (len(parts), bulk)
