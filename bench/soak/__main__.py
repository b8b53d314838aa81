"""`python -m bench.soak [--minutes N] [--listeners N] [--logs N]`; exits with 1 if it fails."""

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Final

from redis.asyncio import Redis

from bench.soak.footprint import Footprint, Verdict, footprint
from bench.soak.frames import FAULTS
from bench.soak.logs import Logs
from bench.soak.processes import CROWDS, Api, Crowds, crowds, serving
from bench.store import embedded
from tailrace.shared.process.tasks import cancel_and_wait

_WARM_UP_S: Final = 180.0
"""Longer than a log lives: its frames are at their most by then."""
_SETTLE_S: Final = 40.0
"""Frames of a log are kept for 5 s without a listener, and a peer that is gone unseen for 30 s."""
_LOOK_S: Final = 5.0
_LOOKS_A_LINE: Final = 6
_SHORTEST: Final = 0.2
"""Minutes, so that there are looks to compare."""


def main() -> int:
    """Soak; the exit status."""
    options = _options()
    with tempfile.TemporaryDirectory(prefix="soak-") as folder, embedded("no") as store:
        return asyncio.run(_soak(options, store.url, Path(folder) / "api.log"))


async def _soak(options: argparse.Namespace, url: str, log: Path) -> int:
    async with Redis.from_url(url) as store, serving(url, log) as api:
        soak = _Soak(api, store, url, options)
        _say(f"begun: {await footprint(api.pid, store)}")
        before, _ = await soak.crowded(_WARM_UP_S)
        after, busy = await soak.crowded(options.minutes * 60)
    complaints = Verdict(before, after, busy).complaints()
    complaints += [f"{soak.total[name]} {name}" for name in FAULTS if soak.total[name]]
    _say(f"in all: {_told(soak.total)}")
    for complaint in complaints:
        _say(f"FAILED: {complaint}")
    _say("failed" if complaints else "nothing lost, repeated or kept")
    return 1 if complaints else 0


class _Soak:
    """One API process, and the crowds that come to it."""

    def __init__(self, api: Api, store: Redis, url: str, options: argparse.Namespace) -> None:
        self.total: Counter[str] = Counter()
        self._api = api
        self._store = store
        self._url = url
        self._options = options

    async def crowded(self, seconds: float) -> tuple[Footprint, list[int]]:
        """Have a crowd there for a time; what is held when it has left, and KiB meanwhile."""
        async with crowds(self._options.listeners, self._api.port) as crowd:
            logs = Logs(self._url, crowd.tell)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(crowd.listen())
                writing = [tasks.create_task(logs.run()) for _ in range(self._options.logs)]
                busy = await self._watch(seconds, crowd)
                await cancel_and_wait(*writing)
                await crowd.leave()
            await logs.aclose()
            self.total += crowd.counts
        await asyncio.sleep(_SETTLE_S)
        settled = await footprint(self._api.pid, self._store)
        _say(f"everybody has left: {settled}")
        return settled, busy

    async def _watch(self, seconds: float, crowd: Crowds) -> list[int]:
        busy: list[int] = []
        begun = time.monotonic()
        while (gone := time.monotonic() - begun) < seconds:
            await asyncio.sleep(_LOOK_S)
            look = await footprint(self._api.pid, self._store)
            busy.append(look.rss_kib)
            if len(busy) % _LOOKS_A_LINE == 0:
                _say(f"{gone:4.0f} s: {look}; {_told(crowd.counts)}")
        return busy


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{number} {name}" for name, number in sorted(counts.items()) if number)


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10, help="beside the warm-up")
    parser.add_argument("--listeners", type=int, default=2000, help="how many come and go")
    parser.add_argument("--logs", type=int, default=40, help="live at a time")
    options = parser.parse_args()
    if options.minutes < _SHORTEST or options.listeners < CROWDS or options.logs < 1:
        parser.error(f"at least {_SHORTEST} minutes, {CROWDS} listeners and a log")
    return options


if __name__ == "__main__":
    sys.exit(main())
