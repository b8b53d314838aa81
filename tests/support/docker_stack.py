"""The stack of docker-compose.yml as users start it: brought up, broken, scaled, taken down.

Owns the names and ports that keep it apart from a stack of yours. What its listeners hear is
`tests.faults.listener`'s, what is judged `tests.faults.audit`'s.
"""

import json
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tailrace.deploy.local.ports import LOOPBACK, take_port
from tailrace.shared.jobs import JobId
from tailrace.shared.redis import keys
from tests.faults.store_view import Kept, Logged
from tests.support.docker import docker
from tests.support.processes import ROOT
from tests.support.wait import wait_until

BUILD_S: Final = 900.0
UP_S: Final = 180.0
IMAGE: Final = "tailrace-under-test"

WITHOUT_DOTENV: Final = """
services:
  api: {env_file: !reset []}
  worker: {env_file: !reset []}
"""
"""The settings of whoever runs the tests are not the tests' own."""


@dataclass(slots=True)
class Stack:
    """A project of Compose."""

    folder: Path
    name: str = field(default_factory=lambda: f"tailrace-test-{secrets.token_hex(4)}")
    port: int = field(default_factory=lambda: take_port(LOOPBACK, 0))
    overlays: tuple[Path, ...] = ()
    """Files of Compose on top of the stack's own."""
    env: Mapping[str, str] = field(default_factory=lambda: {"TAILRACE_ALLOW_OPEN": "1"})
    build_s: float = 0.0
    up_s: float = 0.0
    """From the command to all containers healthy, with the image built."""

    @property
    def url(self) -> str:
        """Where nginx answers."""
        return f"http://{LOOPBACK}:{self.port}"

    async def compose(self, *words: str, timeout_s: float = UP_S) -> str:
        """A command of Compose on this stack."""
        override = self.folder / "without-dotenv.yml"
        override.write_text(WITHOUT_DOTENV)
        files = (ROOT / "docker-compose.yml", override, *self.overlays)
        return await docker(
            *("compose", "--project-name", self.name, "--env-file", os.devnull),
            *(word for file in files for word in ("--file", str(file))),
            *words,
            timeout_s=timeout_s,
            env={"TAILRACE_HTTP_PORT": str(self.port), "TAILRACE_IMAGE": IMAGE, **self.env},
            folder=ROOT,
        )

    async def build(self) -> None:
        """Build the image; quick where it has been built before."""
        begun = time.monotonic()
        await self.compose("build", "--quiet", timeout_s=BUILD_S)
        self.build_s = time.monotonic() - begun

    async def up(self, **scale: int) -> None:
        """The command of the README, with as many containers of each service."""
        scales = (word for name, n in scale.items() for word in ("--scale", f"{name}={n}"))
        begun = time.monotonic()
        await self.compose("up", "--build", "--wait", "--quiet-pull", *scales)
        self.up_s = time.monotonic() - begun

    async def scale(self, service: str, number: int) -> None:
        """As many containers of one service; the others are left alone."""
        await self.compose(
            *("up", "--detach", "--no-build", "--no-deps", "--no-recreate"),
            *("--scale", f"{service}={number}", service),
        )

    async def containers(self, service: str) -> list[str]:
        """The names of a service's running containers."""
        listed = await self.compose("ps", "--format", "json", service)
        return sorted(json.loads(line)["Name"] for line in listed.splitlines())

    async def healthy(self, service: str, number: int) -> None:
        """Wait until as many containers of a service are healthy, and no others are there."""

        async def all_healthy() -> bool:
            listed = await self.compose("ps", "--format", "json", service)
            health = [json.loads(line)["Health"] for line in listed.splitlines()]
            return health == ["healthy"] * number

        await wait_until(all_healthy, f"{number} healthy containers of {service}", UP_S)

    async def logs(self) -> str:
        """What all containers have written."""
        return await self.compose("logs", "--no-color")

    async def log(self, job_id: JobId) -> list[Logged]:
        """A job's log as the store has it."""
        entries = await self._redis("XRANGE", keys.log(job_id), "-", "+")
        return [
            Logged(int(entry.split("-")[0]), fields[1], fields[3].encode())
            for entry, fields in entries
        ]

    async def kept(self, job_id: JobId) -> Kept:
        """What the job's record says; nobody cancels here."""
        [status] = await self._redis("HMGET", keys.job(job_id), "status")
        return Kept(status or "", None)

    async def holder(self, job_id: JobId) -> str:
        """The id of the container whose worker holds the job; empty where none does."""
        [owner] = await self._redis("HMGET", keys.OWNERS, keys.arq_id(job_id))
        return (owner or "").partition("-")[0]

    async def _redis(self, *words: str) -> list[Any]:
        ask = 'REDISCLI_AUTH=$(cat /run/tailrace/password) exec redis-cli --json "$@"'
        said = await self.compose("exec", "-T", "redis", "sh", "-c", ask, "sh", *words)
        return json.loads(said)


async def crash(container: str) -> None:
    """Kill what runs in a container (SIGKILL), as a fault would: its restart policy applies.

    The first process only passes signals on; it can't be killed from inside, and ends by itself.
    """
    await docker("exec", container, "sh", "-c", "kill -9 -1")


async def restarts(container: str) -> int:
    """How often the container's restart policy has started it again."""
    return int(await docker("inspect", "--format", "{{.RestartCount}}", container))
