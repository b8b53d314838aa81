"""A program that runs beside a test in the browser: a browser of its own, Vite, a model."""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import BinaryIO

from tailrace.deploy.local.die_with_parent import tied_to_parent


@asynccontextmanager
async def neighbour(
    log: Path, *command: str, cwd: Path | None = None, env: Mapping[str, str] | None = None
) -> AsyncGenerator[None]:
    """Run a command while the block runs, then kill it and print what it has written."""
    with _opened(log) as output:
        process = await asyncio.create_subprocess_exec(
            *tied_to_parent(command),
            cwd=cwd,
            env={**os.environ, **(env or {})},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=output,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        yield
    finally:
        process.kill()
        await process.wait()
        _tell(log)


def _opened(log: Path) -> BinaryIO:
    return log.open("wb")


def _tell(log: Path) -> None:
    sys.stdout.write(f"--- {log.name} ---\n{log.read_text(errors='replace')}")
