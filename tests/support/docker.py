"""Docker as its command line gives it, and what is missing where it does not answer."""

import asyncio
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tools import programs

OLDEST_COMPOSE: Final = (2, 24)
"""The first that takes `required: false` with an env_file."""
ASK_S: Final = 60.0
RUN_S: Final = 60.0


class DockerFailed(Exception):
    """A command of Docker ended with an error, which the message holds."""


def missing(*, compose: bool = False) -> str | None:
    """What has to be there before containers can run here; None where nothing is missing."""
    if programs.find("docker") is None:
        return programs.lack("docker")
    if refusal := _refusal("docker", "info", "--format", "{{.ServerVersion}}"):
        return f"no Docker answers: {refusal}"
    return _compose_missing() if compose else None


def _compose_missing() -> str | None:
    if _refusal("docker", "compose", "version"):
        return "there is no `docker compose`: install Compose 2.24 or newer, a plugin of Docker"
    said = subprocess.run(
        ("docker", "compose", "version", "--short"),
        capture_output=True,
        text=True,
        check=True,
        timeout=ASK_S,
    ).stdout.strip()
    if tuple(map(int, said.removeprefix("v").split(".")[:2])) < OLDEST_COMPOSE:
        return f"Compose is {said}, and has to be 2.24 or newer"
    return None


def _refusal(*command: str) -> str:
    """The last line of what a command complains; empty where it does not."""
    asked = subprocess.run(command, capture_output=True, text=True, check=False, timeout=ASK_S)
    if asked.returncode == 0:
        return ""
    return (asked.stderr.strip() or f"exit code {asked.returncode}").splitlines()[-1]


async def docker(
    *words: str,
    timeout_s: float = RUN_S,
    env: Mapping[str, str] | None = None,
    folder: Path | None = None,
) -> str:
    """Run a command of Docker and return what it writes.

    Raises:
        DockerFailed: it exits with an error.
        TimeoutError: it takes too long, and was ended.
    """
    process = await asyncio.create_subprocess_exec(
        "docker",
        *words,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, **(env or {})},
        cwd=folder,
    )
    try:
        async with asyncio.timeout(timeout_s):
            out, complaint = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        raise
    if process.returncode:
        said = (complaint + out).decode(errors="replace")[-4000:]
        raise DockerFailed(f"docker {' '.join(words)}: exit code {process.returncode}\n{said}")
    return out.decode(errors="replace").strip()
