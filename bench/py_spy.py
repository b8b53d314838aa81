"""py-spy, which draws where a process spends its time, as a flame graph."""

import asyncio
import shutil
import sys
from asyncio.subprocess import DEVNULL, Process
from pathlib import Path
from typing import Final

from bench.relay.programs import Unprepared
from tailrace.deploy.local.die_with_parent import tied_to_parent

_RATE: Final = "250"
"""Looks a second."""
_WITHIN_S: Final = 120.0
"""Drawing takes seconds, and so does what is left of the target's work."""


class NotProfiled(Exception):
    """py-spy did not get to see the process; its own words are on stderr."""


async def record(file: Path, *target: str) -> Process:
    """Begin to watch; the graph is written when the target has ended.

    Args:
        file: the SVG.
        target: `--pid` and a number, or `--` and a command.

    Raises:
        Unprepared: py-spy is missing.
    """
    beside = str(Path(sys.executable).parent)
    found = shutil.which("py-spy", path=beside) or shutil.which("py-spy")
    if found is None:
        raise Unprepared("py-spy is missing: pip install py-spy")
    options = ("record", "--rate", _RATE, "--output", str(file), "--nonblocking")
    command = tied_to_parent((found, *options, *target))
    return await asyncio.create_subprocess_exec(*command, stdout=DEVNULL)


async def recorded(watching: Process) -> None:
    """Wait until the graph is written.

    Raises:
        NotProfiled: there is none.
        TimeoutError: two minutes have passed.
    """
    async with asyncio.timeout(_WITHIN_S):
        if await watching.wait():
            raise NotProfiled(f"py-spy ended with {watching.returncode}")
