"""A profile of the API process under one workload, by py-spy, as a flame graph."""

import asyncio
import shutil
import sys
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from bench.relay.contenders import OURS
from bench.relay.contenders.relay import Contender, Ground, Relay
from bench.relay.processes import Failed
from bench.relay.programs import Unprepared
from bench.relay.sizes import FULL
from bench.relay.stage import Stage
from bench.relay.suite import ground
from bench.relay.workloads import WORKLOADS

_RESULTS: Final = Path(__file__).parents[1] / "results"
_RATE: Final = "250"


async def profile(workload: str) -> Path:
    """Run a workload on Tailrace alone while py-spy looks; the SVG.

    Raises:
        Unprepared: py-spy is missing.
        Failed: py-spy did not get to see the process; its own words are above.
    """
    py_spy = shutil.which("py-spy", path=str(Path(sys.executable).parent)) or shutil.which("py-spy")
    if py_spy is None:
        raise Unprepared("py-spy is missing: pip install py-spy")
    _RESULTS.mkdir(exist_ok=True)
    file = _RESULTS / f"profile-{workload.lower()}.svg"
    async with ground() as here:
        stage = _Watched(OURS, here, (py_spy, "record", "--output", str(file)))
        try:
            await WORKLOADS[workload].run(stage, FULL[workload])
        finally:
            await stage.leave()
    return file


class _Watched(Stage):
    """A stage whose servers are watched; what is kept is seen of the last one.

    Args:
        contender: who.
        ground: what the run has for all.
        command: records the process whose number follows.
    """

    def __init__(self, contender: Contender, ground: Ground, command: Sequence[str]) -> None:
        super().__init__(contender, ground)
        self._command = (*command, "--rate", _RATE, "--nonblocking", "--pid")

    @asynccontextmanager
    async def fresh(self) -> AsyncGenerator[Relay]:
        """A warm server, watched until it ends."""
        async with super().fresh() as relay:
            watching = await asyncio.create_subprocess_exec(*self._command, str(relay.pid))
            yield relay
        if await watching.wait():
            raise Failed("py-spy could not record the API process")
