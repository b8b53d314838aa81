"""Breaks things as the plan says, and repairs them. Owns how each fault is done, not when."""

import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Final, cast

from tests.faults.cluster import Cluster, Node, Role
from tests.faults.link import CLAIMED, CLOSING, Direction, Trap
from tests.faults.plan import Fault, FaultKind, Pass
from tests.faults.record import Kill, Record

TRAPS: Final = {
    "after claim": ("down", CLAIMED, False),
    "before close": ("up", CLOSING, True),
    "after close": ("up", CLOSING, False),
}
TRAP_S: Final = 20.0
"""Within this a worker claims or closes a job, or it is stopped wherever it is."""
OBEY_S: Final = 15.0
"""Two seconds of grace, three for graphs that do not let go, and a loaded machine."""
ENDED_WELL: Final = (0, -signal.SIGTERM)
"""uvicorn shuts down in order and then ends by the signal that asked for it."""
WATCH_S: Final = 0.5


class Injector:
    """All faults of one pass."""

    def __init__(self, cluster: Cluster, plan: Pass, record: Record) -> None:
        self._cluster = cluster
        self._plan = plan
        self._record = record
        self._rng = random.Random(f"{plan.seed} {plan.name} targets")
        self._faults: Mapping[FaultKind, Callable[[Fault], Awaitable[str]]] = {
            "worker kill": self._kill_worker,
            "api kill": self._kill_api,
            "store restart": self._restart_store,
            "zombie": self._make_zombie,
            "sigterm": self._terminate,
            "partition": self._partition,
        }

    async def run(self) -> None:
        """Do all that is planned, each in its time, many at once; return when all is repaired."""
        start = asyncio.get_running_loop().time()
        async with asyncio.TaskGroup() as faults:
            for fault in self._plan.faults():
                await asyncio.sleep(start + fault.at_s - asyncio.get_running_loop().time())
                faults.create_task(self._do(fault))

    async def watch(self) -> None:
        """Start again what ended without being told to, and remember it."""
        while True:
            await asyncio.sleep(WATCH_S)
            for node in self._cluster.nodes:
                if node.whole and node.process.exit_code is not None:
                    node.whole = False
                    code = node.process.exit_code
                    self._record.troubles.append(f"{node.process.name} ended by itself: {code}")
                    await self._cluster.start(node)

    async def _do(self, fault: Fault) -> None:
        try:
            how = await self._faults[fault.kind](fault)
        except AssertionError as error:
            self._record.troubles.append(f"{fault.kind} ({fault.how}): {error}")
        else:
            self._record.note(fault, how)

    async def _kill_worker(self, fault: Fault) -> str:
        node = await self._cluster.take("worker", self._rng)
        pid, at = node.process.pid, time.time()
        await node.process.kill()
        held = (await self._cluster.view.held()).get(pid, [])
        self._record.kills.append(Kill(at, tuple(held)))
        await self._cluster.start(node)
        return fault.how

    async def _kill_api(self, fault: Fault) -> str:
        node = await self._cluster.take("api", self._rng)
        await node.process.kill()
        await self._cluster.start(node)
        return fault.how

    async def _restart_store(self, fault: Fault) -> str:
        async with self._cluster.store_is_free:
            began = time.time()
            end = self._cluster.kill_store if fault.how == "SIGKILL" else self._cluster.stop_store
            await end()
            await asyncio.sleep(fault.lasts)
            await self._cluster.start_store()
            self._record.outages.append((began, time.time()))
        return fault.how

    async def _make_zombie(self, fault: Fault) -> str:
        node = await self._cluster.take("worker", self._rng)
        how = fault.how
        if how == "anywhere" or not await self._trapped(node, how):
            node.process.send(signal.SIGSTOP)
            how = "anywhere"
        await asyncio.sleep(self._plan.lease_s * (1.1 + fault.lasts))
        node.process.send(signal.SIGCONT)
        await self._mend(node)
        return how

    async def _trapped(self, node: Node, how: str) -> bool:
        direction, pattern, holds = TRAPS[how]
        trap = Trap(node.process.pid, cast("Direction", direction), pattern, holds)
        node.link.set_trap(trap)
        try:
            await asyncio.wait_for(trap.sprung.wait(), TRAP_S)
        except TimeoutError:
            await node.heal()
        return trap.sprung.is_set()

    async def _terminate(self, fault: Fault) -> str:
        node = await self._cluster.take(cast("Role", fault.how), self._rng)
        node.process.send(signal.SIGTERM)
        try:
            code = await node.process.exited(OBEY_S)
        except AssertionError:
            code = None
            await node.process.kill()
        if code not in ENDED_WELL:
            self._record.troubles.append(f"{node.process.name} answered SIGTERM with exit {code}")
        await self._cluster.start(node)
        return fault.how

    async def _partition(self, fault: Fault) -> str:
        role, way = fault.how.split()
        node = await self._cluster.take(cast("Role", role), self._rng)
        if way == "reset":
            node.link.reset()
        else:
            both: tuple[Direction, ...] = ("up", "down")
            await node.cut(*(both if way == "both" else (cast("Direction", way),)))
        await asyncio.sleep(self._plan.lease_s * (0.5 + 2 * fault.lasts))
        await self._mend(node)
        return f"{fault.how}, {'a namespace' if node.namespace else 'a proxy'}"

    async def _mend(self, node: Node) -> None:
        """The process is whole again; one that the fault has ended is `watch`'s to find."""
        await node.heal()
        node.whole = True
