"""A whole service on this machine while a block runs, by the command `tailrace.deploy.local`."""

import asyncio
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tailrace import TailraceError
from tailrace.json_values import encode

_READY: Final = re.compile(rb"^tailrace: ready on (http://\S+)", re.MULTILINE)
_READY_S: Final = 60.0
"""Store, API, worker and model from cold: about 5 s."""
_STOP_S: Final = 30.0
"""Above the grace that a worker gets at SIGTERM, 25 s."""
_LOOK_S: Final = 0.05
_LINES_SHOWN: Final = 20
_LOG: Final = "service.log"
_GRAPHS: Final = "langgraph.json"


class NotStarted(TailraceError):
    """The service did not come up; `log_end` may tell why."""


@asynccontextmanager
async def local_service(folder: Path, graphs: Mapping[str, str]) -> AsyncGenerator[str]:
    """Run store, API, a worker and, without a key for another one, the local model.

    Gives the service's URL; `graphs` are module paths by name. Everything is gone when the block
    is left, and if this process dies in any other way. To be entered in the main thread, which is
    the one that the child watches.

    Raises:
        NotStarted: it ended, or was not ready in time.
    """
    (folder / _GRAPHS).write_bytes(encode({"graphs": graphs}))
    with (folder / _LOG).open("wb") as out:
        service = await asyncio.create_subprocess_exec(
            *_command(folder),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=_environment(os.environ, folder),
            # Ctrl-C reaches this process alone, which then stops the service in order.
            start_new_session=True,
        )
    try:
        yield await _ready_url(service, folder)
    finally:
        await _stop(service)


def fetch_model() -> None:
    """Fetch the small local model if it is needed and not there yet: 93 MB, once.

    Raises:
        NotStarted: it could not be fetched; why has been said.
    """
    # -P: a folder `deploy` in the current directory is not ours.
    command = (sys.executable, "-P", "-m", "tailrace.deploy.local.model_file", "--if-needed")
    # No timeout: it says what it does, and Ctrl-C ends it.
    if subprocess.run(command, check=False).returncode:  # noqa: S603 - our own command line
        raise NotStarted(
            "the demo needs a model: the local one, or one that OPENAI_API_KEY, or OPENAI_BASE_URL "
            "and MODEL, set up"
        )


def log_end(folder: Path) -> list[str]:
    """The last lines that the service wrote; none if it never started."""
    log = folder / _LOG
    return log.read_text(errors="replace").splitlines()[-_LINES_SHOWN:] if log.exists() else []


def _command(folder: Path) -> tuple[str, ...]:
    # -P: a folder `deploy` in the current directory is not ours.
    python = (sys.executable, "-P", "-m")
    watching = () if sys.platform == "linux" else ("--watch",)
    tied = (*python, "tailrace.deploy.local.die_with_parent", *watching, str(os.getpid()))
    return (*tied, *python, "tailrace.deploy.local", "--port", "0", "--data", str(folder / "data"))


def _environment(ours: Mapping[str, str], folder: Path) -> dict[str, str]:
    """Ours without this project's settings, which a demo must not depend on; a model's stay."""
    kept = {name: value for name, value in ours.items() if not name.startswith("TAILRACE_")}
    # Empty, not absent: keys from an .env file would lock the demo out.
    return kept | {"TAILRACE_GRAPHS": str(folder / _GRAPHS), "TAILRACE_API_KEYS": ""}


async def _ready_url(service: asyncio.subprocess.Process, folder: Path) -> str:
    try:
        async with asyncio.timeout(_READY_S):
            while service.returncode is None:
                if found := _announced(folder):
                    return found
                await asyncio.sleep(_LOOK_S)
    except TimeoutError as error:
        raise NotStarted(f"the local service was not ready within {_READY_S:g} s") from error
    raise NotStarted(f"the local service ended with code {service.returncode}")


def _announced(folder: Path) -> str | None:
    found = _READY.search((folder / _LOG).read_bytes())
    return found[1].decode() if found else None


async def _stop(service: asyncio.subprocess.Process) -> None:
    if service.returncode is not None:
        return
    service.terminate()
    try:
        async with asyncio.timeout(_STOP_S):
            await service.wait()
    except TimeoutError:
        os.killpg(service.pid, signal.SIGKILL)
        await service.wait()
