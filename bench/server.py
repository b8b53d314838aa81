"""A server that is measured, as a process: started, waited for, ended; the caller says which."""

import asyncio
import os
from asyncio.subprocess import DEVNULL, Process
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from bench.polling import until
from tailrace.deploy.local.die_with_parent import tied_to_parent
from tailrace.deploy.local.health import answers_ok
from tailrace.deploy.local.ports import LOOPBACK

START_S: Final = 60.0
"""Importing LangGraph takes seconds where the machine is busy."""
_STOP_S: Final = 10.0
_WORDS: Final = 2000


class Failed(Exception):
    """A process ended, or stayed silent, when it had to respond; its own output is the message."""


def on_store(url: str) -> dict[str, str]:
    """The environment of a worker or an API on one store; a developer's `.env` is not read."""
    return {
        "TAILRACE_REDIS_URL": url,
        "TAILRACE_LOG_REDIS_URL": "",
        "PYTHON_DOTENV_DISABLED": "1",
    }


def api_on_store(url: str, port: int) -> dict[str, str]:
    """The same, of an API that listens on a port of loopback."""
    return {**on_store(url), "TAILRACE_HOST": LOOPBACK, "TAILRACE_PORT": str(port)}


async def start(command: tuple[str, ...], log: Path, env: Mapping[str, str]) -> Process:
    """Start it; what it says goes to the end of the log.

    Args:
        command: the program and its arguments.
        log: a file.
        env: beside this process's own environment, and before it.
    """
    with log.open("ab") as output:
        return await asyncio.create_subprocess_exec(
            *tied_to_parent(command),
            stdin=DEVNULL,
            stdout=output,
            stderr=output,
            env=os.environ | env,
        )


async def answering(process: Process, port: int, path: str, log: Path) -> None:
    """Wait until it returns 200 for `GET path`.

    Raises:
        Failed: it ended, or did not respond within a minute.
    """

    async def answers_or_ended() -> bool:
        return process.returncode is not None or await answers_ok(LOOPBACK, port, path)

    try:
        await until(answers_or_ended, START_S)
    except TimeoutError as error:
        raise Failed(f"the server does not respond: {last_words(log)}") from error
    if process.returncode is not None:
        raise Failed(f"the server ended: {last_words(log)}")


def last_words(log: Path) -> str:
    """The end of what it said."""
    return log.read_text(errors="replace")[-_WORDS:]


async def end(process: Process) -> None:
    """End a process as its supervisor would, or for sure."""
    if process.returncode is None:
        process.terminate()
    try:
        async with asyncio.timeout(_STOP_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
