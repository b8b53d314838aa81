"""All processes of a run: brought up in order, kept alive, taken down in reverse order.

Knows children and nothing of what they do. Signals come in as `stop` and `kill`.
"""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

from tailrace.deploy.local.changes import Sight, Watched, shown
from tailrace.deploy.local.child import Child
from tailrace.deploy.local.console import Console
from tailrace.deploy.local.supervised import Failure, Supervised

READY_S = 120.0
"""A cold start on a busy machine takes some twenty seconds; a run that needs more never comes."""
POLL_S = 0.05
GRACE_S = 4.0
"""For each tier in turn; an API and a worker need about a second, a store less."""


class Supervisor:
    """A run. A tier is what is started together and stopped together; later tiers stop first."""

    def __init__(
        self, tiers: Sequence[Sequence[Child]], console: Console, watched: Watched | None = None
    ) -> None:
        self._tiers = tiers
        self._console = console
        self._watched = watched
        self._started: list[list[Supervised]] = []
        self._ready = asyncio.Event()
        self._ending = asyncio.Event()
        self._failure: Failure | None = None
        self._waiting_for = ""

    async def run(self, ready_line: str) -> bool:
        """Run until asked to stop, and say the line once everything is up.

        Returns:
            Whether it ended because it was asked to; otherwise it has said what failed.
        """
        async with asyncio.TaskGroup() as tasks:
            coming_up = tasks.create_task(self._come_up(tasks, ready_line))
            # No timeout: a run lasts until somebody ends it.
            await self._ending.wait()
            coming_up.cancel()
            await self._go_down()
        if self._failure is not None:
            self._report(self._failure)
        return self._failure is None

    def stop(self) -> None:
        """End the run in order; also while it is still coming up."""
        self._ending.set()

    def kill(self) -> None:
        """End the run at once."""
        self._ending.set()
        for keepers in self._started:
            for keeper in keepers:
                keeper.kill()

    async def _come_up(self, tasks: asyncio.TaskGroup, ready_line: str) -> None:
        watched = self._watched
        known: Sight = await asyncio.to_thread(watched.look) if watched else {}
        try:
            async with asyncio.timeout(READY_S):
                for tier in self._tiers:
                    await self._start(tasks, tier)
                await self._all_up([keeper for keepers in self._started for keeper in keepers])
        except TimeoutError:
            self._fail(Failure(f"{self._waiting_for} was not up within {READY_S:g} s"))
            return
        self._ready.set()
        self._console.say(ready_line)
        if watched is not None:
            await self._follow(watched.changes(known))

    async def _follow(self, changes: AsyncGenerator[Path]) -> None:
        """Start again what serves the project, each time that it has changed."""
        async with aclosing(changes):
            async for file in changes:
                self._console.say(f"{shown(file)} has changed: the workers start again")
                async with asyncio.TaskGroup() as tasks:
                    for keeper in self._following():
                        tasks.create_task(keeper.restart(GRACE_S))

    def _following(self) -> list[Supervised]:
        started = (keeper for keepers in self._started for keeper in keepers)
        return [keeper for keeper in started if keeper.child.follows_project]

    async def _start(self, tasks: asyncio.TaskGroup, tier: Sequence[Child]) -> None:
        keepers = [Supervised(child, self._console, self._ready, self._fail) for child in tier]
        self._started.append(keepers)
        for keeper in keepers:
            tasks.create_task(keeper.run(), name=keeper.child.name)
        await self._all_up([keeper for keeper in keepers if keeper.child.needed_first])

    async def _all_up(self, keepers: Sequence[Supervised]) -> None:
        for keeper in keepers:
            self._waiting_for = keeper.child.name
            while not await keeper.is_up():  # noqa: ASYNC110 - other processes set no event here
                await asyncio.sleep(POLL_S)

    async def _go_down(self) -> None:
        for keepers in reversed(self._started):
            async with asyncio.TaskGroup() as tasks:
                for keeper in keepers:
                    tasks.create_task(keeper.stop(GRACE_S))

    def _fail(self, failure: Failure) -> None:
        self._failure = self._failure or failure
        self._ending.set()

    def _report(self, failure: Failure) -> None:
        self._console.say(f"stopped, because {failure.reason}")
        for line in failure.last_lines:
            self._console.show(failure.name, line)
