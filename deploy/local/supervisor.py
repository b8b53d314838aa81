"""All processes of a run: started in order, kept alive, ended in reverse order.

It knows children and nothing of what they do. Signals arrive as `stop` and `kill`.
"""

import asyncio
import os
import signal
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing, suppress
from pathlib import Path
from typing import Final

from tailrace.deploy.local.changes import Sight, Watched, shown
from tailrace.deploy.local.child import Child, Process
from tailrace.deploy.local.console import Console

READY_S: Final = 120.0
"""A cold start on a busy machine takes some twenty seconds; one that needs more never comes up."""
GRACE_S: Final = 4.0
"""For each tier in turn; an API and a worker need about a second, a store less."""

_POLL_S: Final = 0.05
_PAUSE_S: Final = 0.5
"""Between a child's unexpected end and its next start."""
_LAST_LINES: Final = 10


class Supervisor:
    """A run. Children of a tier start together and end together; later tiers end first.

    Args:
        tiers: the children, in the order of their start.
        console: shows their lines, and ours.
        watched: the project, whose changes restart the children that follow it.
        grace_s: how long a child that was asked to end may take before it is killed.
    """

    def __init__(
        self,
        tiers: Sequence[Sequence[Child]],
        console: Console,
        watched: Watched | None = None,
        grace_s: float = GRACE_S,
    ) -> None:
        self._console = console
        self._watched = watched
        self._grace_s = grace_s
        self._tiers = [[_Kept(child) for child in tier] for tier in tiers]
        self._ready = False
        self._ending = asyncio.Event()
        self._failure: str | None = None
        self._last_lines: Sequence[bytes] = ()
        self._failed = ""
        self._waiting_for = ""

    async def run(self, ready_line: str) -> bool:
        """Run until asked to stop, and say the line once everything is up.

        Returns:
            Whether it ended because it was asked to; otherwise it has said what failed.
        """
        async with asyncio.TaskGroup() as tasks:
            starting = tasks.create_task(self._start(tasks, ready_line))
            # No timeout: a run lasts until somebody ends it.
            await self._ending.wait()
            starting.cancel()
            for tier in reversed(self._tiers):
                await self._end(tier, for_good=True)
        if self._failure is None:
            return True
        self._console.say(f"stopped, because {self._failure}")
        for line in self._last_lines:
            self._console.show(self._failed, line)
        return False

    def stop(self) -> None:
        """End the run in order; also while it is still starting."""
        self._ending.set()

    def kill(self) -> None:
        """End the run at once."""
        self._ending.set()
        for kept in self._all():
            kept.stopping = True
            kept.kill()

    async def _start(self, tasks: asyncio.TaskGroup, ready_line: str) -> None:
        watched = self._watched
        known: Sight = await asyncio.to_thread(watched.look) if watched else {}
        try:
            async with asyncio.timeout(READY_S):
                for tier in self._tiers:
                    for kept in tier:
                        tasks.create_task(self._keep(kept), name=kept.child.name)
                    await self._all_up([kept for kept in tier if kept.child.needed_first])
                await self._all_up(self._all())
        except TimeoutError:
            self._fail(f"{self._waiting_for} was not up within {READY_S:g} s")
            return
        self._ready = True
        self._console.say(ready_line)
        if watched is not None:
            await self._follow(watched.changes(known))

    async def _all_up(self, children: Sequence["_Kept"]) -> None:
        for kept in children:
            self._waiting_for = kept.child.name
            while not await kept.is_up():  # noqa: ASYNC110 - other processes set no event here
                await asyncio.sleep(_POLL_S)

    async def _follow(self, changes: AsyncGenerator[Path]) -> None:
        """Restart what serves the project, each time that it changes."""
        async with aclosing(changes):
            async for file in changes:
                self._console.say(f"{shown(file)} has changed: the workers restart")
                await self._end([kept for kept in self._all() if kept.child.follows_project])

    async def _keep(self, kept: "_Kept") -> None:
        """Run one child over all its lives, until it is stopped or beyond help."""
        name = kept.child.name
        while not kept.stopping:
            kept.changed.clear()
            code = await kept.live(self._console)
            if kept.stopping or kept.changed.is_set():
                continue
            ended = f"{name} ended ({_how_it_ended(code)})"
            if self._ready and code != os.EX_CONFIG:
                self._console.say(f"{ended} and is restarted")
                with suppress(TimeoutError):
                    async with asyncio.timeout(_PAUSE_S):
                        await kept.changed.wait()
            elif self._ready and kept.child.follows_project:
                self._console.say(f"{ended} and is restarted when the project changes")
                await kept.changed.wait()
            else:
                kept.stopping = True
                self._failed, self._last_lines = name, tuple(kept.last_lines)
                self._fail(ended)

    async def _end(self, tier: Sequence["_Kept"], *, for_good: bool = False) -> None:
        """Ask children to end, kill those that take too long, and return when all have ended."""
        for kept in tier:
            kept.stopping = kept.stopping or for_good
            kept.changed.set()
            if kept.process is not None:
                kept.process.terminate()
        async with asyncio.TaskGroup() as tasks:
            for kept in tier:
                tasks.create_task(self._see_off(kept))

    async def _see_off(self, kept: "_Kept") -> None:
        try:
            async with asyncio.timeout(self._grace_s):
                await kept.ended.wait()
        except TimeoutError:
            self._console.say(
                f"{kept.child.name} did not end within {self._grace_s:g} s and is killed"
            )
            kept.kill()
            await kept.ended.wait()

    def _fail(self, reason: str) -> None:
        self._failure = self._failure or reason
        self._ending.set()

    def _all(self) -> list["_Kept"]:
        return [kept for tier in self._tiers for kept in tier]


class _Kept:
    """A child, and its present life."""

    def __init__(self, child: Child) -> None:
        self.child = child
        self.process: Process | None = None
        self.stopping = False
        self.changed = asyncio.Event()
        """The project has changed, or the run ends: nobody waits any longer."""
        self.ended = asyncio.Event()
        """No life now."""
        self.ended.set()
        self.last_lines: deque[bytes] = deque(maxlen=_LAST_LINES)

    async def is_up(self) -> bool:
        """Whether the child runs and does what it is there for."""
        return self.process is not None and (self.child.is_up is None or await self.child.is_up())

    async def live(self, console: Console) -> int:
        """One life: the exit code, negative for a signal."""

        def show(line: bytes) -> None:
            self.last_lines.append(line)
            console.show(self.child.name, line)

        self.ended.clear()
        try:
            self.process = await Process.start(self.child)
            if self.changed.is_set():
                # Asked while it was starting: the signal had nobody to go to.
                self.process.terminate()
            return await self.process.follow(show)
        finally:
            self.kill()
            self.process = None
            self.ended.set()

    def kill(self) -> None:
        """End this life now, with all that it has started."""
        if self.process is not None:
            self.process.kill()


def _how_it_ended(code: int) -> str:
    """An exit code in words; negative ones are signals."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
