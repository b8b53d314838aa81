"""`python -m bench.state [MESSAGES ...]`: bytes and CPU of a turn, by the length of the thread."""

import asyncio
import sys
from collections.abc import Sequence
from contextlib import aclosing
from typing import Final

from bench.state.turns import turns
from bench.store import embedded

LENGTHS: Final = (10, 100, 1000)
_HEAD: Final = ("messages", "bytes", "of the result", "others", "worker", "store", "wall", "read")


def main() -> None:
    """Measure conversations of these lengths."""
    with embedded("everysec") as store:
        asyncio.run(_measure(store.url, [int(n) for n in sys.argv[1:]] or LENGTHS))


async def _measure(url: str, lengths: Sequence[int]) -> None:
    _say(_HEAD)
    async with aclosing(turns(url, lengths)) as costs:
        async for cost in costs:
            written = [cost.mean(lambda t: t.written), cost.mean(lambda t: t.result)]
            written.append(cost.mean(lambda t: t.others))
            times = [cost.mean(lambda t: t.worker_ms), cost.mean(lambda t: t.store_ms)]
            times += [cost.mean(lambda t: t.wall_ms), cost.read_ms]
            cells = [f"{number:,.0f}" for number in written] + [f"{ms:.1f} ms" for ms in times]
            _say([str(cost.length), *cells])


def _say(cells: Sequence[str]) -> None:
    sys.stdout.write(" ".join(f"{cell:>14}" for cell in cells) + "\n")


if __name__ == "__main__":
    main()
