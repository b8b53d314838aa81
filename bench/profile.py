"""Profiles of the worker by py-spy, as flame graphs: jobs flat out, or the publisher's rounds."""

import asyncio
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.chain.flow import flood
from bench.chain.service import service
from bench.report_file import RESULTS

PROFILES: Final = ("chain", "publisher")
_RATE: Final = "250"
_JOBS: Final = 10
_ROUNDS: Final = "20"
_WITHIN_S: Final = 120.0


class NotProfiled(Exception):
    """py-spy is missing, or did not get to see the process."""


async def profile(name: str) -> Path:
    """Record one of `PROFILES`; the SVG.

    Raises:
        NotProfiled: there is no profile; py-spy's own words are on stderr.
    """
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"profile-{name}.svg"
    if name == "publisher":
        rounds = (sys.executable, "-P", "-m", "bench.publisher.rounds", _ROUNDS)
        await _ended(await _py_spy(file, ("--", *rounds)))
        return file
    async with service() as running:
        worker = await running.start("worker", probe="/readyz")
        watching = await _py_spy(file, ("--pid", str(worker.pid)))
        for _ in range(_JOBS):
            await flood(running)
        worker.terminate()
        await _ended(watching)
    return file


async def _py_spy(file: Path, target: Sequence[str]) -> asyncio.subprocess.Process:
    beside = Path(sys.executable).parent
    py_spy = shutil.which("py-spy", path=str(beside)) or shutil.which("py-spy")
    if py_spy is None:
        raise NotProfiled("py-spy is missing: pip install py-spy")
    options = ("record", "--rate", _RATE, "--output", str(file), "--nonblocking")
    return await asyncio.create_subprocess_exec(
        py_spy, *options, *target, stdout=asyncio.subprocess.DEVNULL
    )


async def _ended(watching: asyncio.subprocess.Process) -> None:
    async with asyncio.timeout(_WITHIN_S):
        if await watching.wait():
            raise NotProfiled(f"py-spy ended with {watching.returncode}")
