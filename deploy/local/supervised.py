"""Keeps one child alive: starts it, shows its lines, starts it again, ends it when asked to."""

import asyncio
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from tailrace.deploy.local.child import Child, Process
from tailrace.deploy.local.console import Console
from tailrace.deploy.local.restarts import Restarts, how_it_ended

LAST_LINES = 10
KILLED_S = 2.0
"""A killed process is gone at once, unless the kernel holds it."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a run can't continue, with the last output of the child."""

    reason: str
    name: str = ""
    last_lines: tuple[bytes, ...] = ()


class Supervised:
    """One child over all its lives. `run` is one task; everything else may be called beside it."""

    def __init__(
        self,
        child: Child,
        console: Console,
        ready: asyncio.Event,
        give_up: Callable[[Failure], None],
    ) -> None:
        self.child = child
        self._console = console
        self._ready = ready
        self._give_up = give_up
        self._restarts = Restarts()
        self._last_lines: deque[bytes] = deque(maxlen=LAST_LINES)
        self._process: Process | None = None
        self._stopping = asyncio.Event()
        self._anew = False
        self._woken = asyncio.Event()
        self._ended = asyncio.Event()

    async def run(self) -> None:
        """Return when the child has ended for good: stopped, or beyond help."""
        try:
            while not self._stopping.is_set():
                began = time.monotonic()
                code = await self._live()
                await self._after_end(code, time.monotonic() - began)
        finally:
            self._kill_process()
            self._ended.set()

    async def is_up(self) -> bool:
        """Whether the child runs and does what it is there for."""
        if self._process is None:
            return False
        return self.child.is_up is None or await self.child.is_up()

    async def stop(self, grace_s: float) -> None:
        """Ask the child to end, kill it after the grace, and return when it is gone."""
        self._stopping.set()
        self._woken.set()
        self._terminate()
        if not await self._gone_within(grace_s):
            self._console.say(f"{self.child.name} did not end within {grace_s:g} s and is killed")
            self.kill()
            async with asyncio.timeout(KILLED_S):
                await self._ended.wait()

    async def restart(self, grace_s: float) -> None:
        """End this life as `stop` does, and begin the next one at once."""
        self._anew = True
        self._woken.set()
        life = self._process
        if life is None:
            return
        life.terminate()
        try:
            async with asyncio.timeout(grace_s):
                await life.ended.wait()
        except TimeoutError:
            self._console.say(f"{self.child.name} did not end within {grace_s:g} s and is killed")
            life.kill()

    def kill(self) -> None:
        """End the child now and for good."""
        self._stopping.set()
        self._woken.set()
        self._kill_process()

    async def _live(self) -> int:
        """One life: the exit code."""
        self._process = await Process.start(self.child)
        # Asked to start again until here: this life reads what has changed.
        self._anew = False
        self._woken.clear()
        if self._stopping.is_set():
            # Asked to stop while it was being started: the signal had nobody to go to.
            self._terminate()
        code = await self._process.follow(self._show)
        self._process = None
        return code

    async def _after_end(self, code: int, lived_s: float) -> None:
        if self._stopping.is_set() or self._anew:
            return
        ended = f"{self.child.name} ended ({how_it_ended(code)})"
        pause_s = self._restarts.pause_s(code, lived_s, self._ready.is_set())
        if pause_s is not None:
            self._console.say(f"{ended} and is started again in {pause_s:g} s")
            await self._pause(pause_s)
        elif self.child.follows_project and self._ready.is_set():
            self._console.say(f"{ended} and is started again when the project has changed")
            await self._pause(None)
        else:
            self._stopping.set()
            self._give_up(Failure(ended, self.child.name, tuple(self._last_lines)))

    async def _pause(self, pause_s: float | None) -> None:
        """Wait, but not longer than until we are asked to stop or to start again."""
        try:
            async with asyncio.timeout(pause_s):
                await self._woken.wait()
        except TimeoutError:
            return

    async def _gone_within(self, grace_s: float) -> bool:
        try:
            async with asyncio.timeout(grace_s):
                await self._ended.wait()
        except TimeoutError:
            return False
        return True

    def _show(self, line: bytes) -> None:
        self._last_lines.append(line)
        self._console.show(self.child.name, line)

    def _terminate(self) -> None:
        if self._process is not None:
            self._process.terminate()

    def _kill_process(self) -> None:
        if self._process is not None:
            self._process.kill()
