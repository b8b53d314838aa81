"""`python -m bench.soak.crowd PORT LISTENERS`: comes and goes at random, and checks every frame.

A line of JSON on standard input names the logs that are open and those that were just closed; the
end of the input sends everyone away. Each second a line of counts goes to standard output.
"""

import asyncio
import random
import sys
from collections import Counter
from typing import Final

import orjson

from bench.soak.connection import Connection, connect
from bench.soak.frames import Reading

_STAY_S: Final = 45.0
"""The mean; some leave at once, some stay until they are cut."""
_COME_S: Final = 30.0
"""In which all come for the first time."""
_AWAY_S: Final = 1.5
_NEVER_BACK: Final = 0.25
_SLOW: Final = 0.08
_DEAD: Final = 0.03
_HOLD_S: Final = 2.0
_DEAD_S: Final = 45.0
"""Longer than the service's patience with one that takes nothing."""
_PATIENCE_S: Final = 30.0
"""In which an `end` has to reach whoever reads."""


class Crowd:
    """Listeners that live in one process."""

    def __init__(self, port: int) -> None:
        self.counts: Counter[str] = Counter()
        self.open: list[str] = []
        self._port = port
        self._closed_at: dict[str, float] = {}
        self._here = asyncio.Event()
        self._leaving: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def know(self, logs: list[str]) -> None:
        """These logs are open; others that were are closed."""
        now = asyncio.get_running_loop().time()
        self._closed_at |= {log: now for log in self.open if log not in logs}
        self.open = logs
        self._here.set()

    def leave(self) -> None:
        """Everyone hangs up."""
        self._leaving.set_result(None)

    async def live(self) -> None:
        """Be one listener after another, until all leave."""
        await self._here.wait()
        await self._pause(random.uniform(0, _COME_S))  # noqa: S311 - no secret
        while not self._leaving.done():
            reading = Reading(random.choice(self.open), self.counts)  # noqa: S311 - no secret
            while not self._leaving.done() and not reading.ended:
                await self._listen(reading)
                await self._pause(random.uniform(0, 2 * _AWAY_S))  # noqa: S311 - no secret
                if random.random() < _NEVER_BACK:  # noqa: S311 - no secret
                    break
            self.counts["finished" if reading.ended else "gave_up"] += 1

    async def _listen(self, reading: Reading) -> None:
        """One connection, from its request until it is gone."""
        kind = random.random()  # noqa: S311 - no secret
        connection = await connect(self._port, reading, small=kind < _SLOW + _DEAD)
        self.counts["connections"] += 1
        self.counts["here"] += 1
        try:
            if kind < _DEAD:
                connection.read_nothing()
                await self._stay(connection, _DEAD_S)
            elif kind < _DEAD + _SLOW:
                await self._read_by_pieces(connection)
            else:
                await self._read(connection, reading)
        finally:
            self.counts["here"] -= 1
            self._note(connection, reading)
            connection.leave(random.choice(("fin", "rst")))  # noqa: S311 - no secret
        await asyncio.wait([connection.over], timeout=_PATIENCE_S)

    async def _read(self, connection: Connection, reading: Reading) -> None:
        since = now = asyncio.get_running_loop().time()
        until = since + random.expovariate(1 / _STAY_S)
        while now < until and await self._stay(connection, 1.0):
            now = asyncio.get_running_loop().time()
            closed = self._closed_at.get(reading.job_id, now)
            if now - max(closed, since) > _PATIENCE_S:
                self.counts["forgotten"] += 1
                return

    async def _read_by_pieces(self, connection: Connection) -> None:
        for _ in range(8):
            connection.read_nothing()
            if not await self._stay(connection, _HOLD_S):
                return
            connection.read_on()
            if not await self._stay(connection, 0.05):
                return

    async def _stay(self, connection: Connection, seconds: float) -> bool:
        """Wait; whether the connection still is there, and so are we."""
        await self._pause(seconds, connection.over)
        return not connection.over.done() and not self._leaving.done()

    async def _pause(self, seconds: float, *events: asyncio.Future[None]) -> None:
        waiting = (self._leaving, *events)
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)

    def _note(self, connection: Connection, reading: Reading) -> None:
        cut = connection.over.done() and not connection.clean
        if (connection.clean and not reading.ended) or (reading.ended and cut):
            self.counts["unended"] += 1
        self.counts["cut"] += cut


async def _listen_to_orders(crowd: Crowd) -> None:
    reader = asyncio.StreamReader(limit=2**20)
    loop = asyncio.get_running_loop()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        crowd.know(orjson.loads(line))
    crowd.leave()


async def _report(crowd: Crowd) -> None:
    while True:
        await asyncio.sleep(1)
        _say(crowd)


def _say(crowd: Crowd) -> None:
    sys.stdout.write(orjson.dumps(dict(crowd.counts)).decode() + "\n")
    sys.stdout.flush()


async def main(port: int, listeners: int) -> None:
    """Live until the input ends."""
    crowd = Crowd(port)
    async with asyncio.TaskGroup() as tasks:
        reporting = tasks.create_task(_report(crowd))
        lives = [tasks.create_task(crowd.live()) for _ in range(listeners)]
        await _listen_to_orders(crowd)
        await asyncio.wait(lives)
        reporting.cancel()
    _say(crowd)


if __name__ == "__main__":
    asyncio.run(main(*map(int, sys.argv[1:])))
