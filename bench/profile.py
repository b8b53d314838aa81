"""Profiles of the worker by py-spy, as flame graphs: jobs flat out, or the publisher's rounds."""

import sys
from pathlib import Path
from typing import Final

from bench.chain.flow import flood
from bench.chain.service import service
from bench.py_spy import record, recorded
from bench.report_file import RESULTS

PROFILES: Final = ("chain", "publisher")
_JOBS: Final = 10
_ROUNDS: Final = "20"


async def profile(name: str) -> Path:
    """Record one of `PROFILES`; the SVG.

    Raises:
        Unprepared: py-spy is missing.
        NotProfiled: it did not get to see the process.
    """
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"profile-{name}.svg"
    if name == "publisher":
        rounds = (sys.executable, "-m", "bench.publisher.rounds", _ROUNDS)
        await recorded(await record(file, "--", *rounds))
        return file
    async with service() as running:
        worker = await running.start("tailrace.worker", probe="/readyz")
        watching = await record(file, "--pid", str(worker.pid))
        for _ in range(_JOBS):
            await flood(running)
        worker.terminate()
        await recorded(watching)
    return file
