"""A profile of the API process under one workload, by py-spy, as a flame graph."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from bench.py_spy import record, recorded
from bench.relay.contenders import OURS
from bench.relay.contenders.relay import Contender, Ground, Relay
from bench.relay.sizes import FULL
from bench.relay.stage import Stage
from bench.relay.suite import ground
from bench.relay.workloads import WORKLOADS
from bench.report_file import RESULTS


async def profile(workload: str) -> Path:
    """Run a workload on Tailrace alone while py-spy looks; the SVG.

    Raises:
        Unprepared: py-spy is missing.
        NotProfiled: it did not get to see the process.
    """
    RESULTS.mkdir(exist_ok=True)
    file = RESULTS / f"profile-{workload.lower()}.svg"
    async with ground() as here:
        stage = _Watched(OURS, here, file)
        try:
            await WORKLOADS[workload](stage, FULL[workload])
        finally:
            await stage.leave()
    return file


class _Watched(Stage):
    """A stage whose servers are watched; what is kept is seen of the last one.

    Args:
        contender: who.
        ground: what the run has for all.
        file: the SVG.
    """

    def __init__(self, contender: Contender, ground: Ground, file: Path) -> None:
        super().__init__(contender, ground)
        self._file = file

    @asynccontextmanager
    async def fresh(self) -> AsyncGenerator[Relay]:
        """A warm server, watched until it ends."""
        async with super().fresh() as relay:
            watching = await record(self._file, "--pid", str(relay.pid))
            yield relay
        await recorded(watching)
