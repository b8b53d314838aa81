"""What the API process holds, from the operating system and from the store; Linux only."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final, cast

from redis.asyncio import Redis

from bench.relay.accounting import rss_kib

_KIB: Final = 1024
_SLACK_KIB: Final = 32 * _KIB
"""What an allocator may keep of the frames of 40 logs; a KiB kept of each connection is 50 MiB."""
_GROWTH: Final = 1.05
"""From the third quarter to the last; the crowd is the same in both."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """At one moment."""

    rss_kib: int
    files: int
    """Open file descriptors."""
    store_connections: int
    """Of everyone on the store but the one who asks."""

    def __str__(self) -> str:
        """For a line of progress."""
        return (
            f"{self.rss_kib / _KIB:.1f} MiB, {self.files} files,"
            f" {self.store_connections} store connections"
        )


async def footprint(pid: int, store: Redis) -> Footprint:
    """Look now."""
    clients: dict[str, int] = await cast("Any", store).info("clients")
    return Footprint(rss_kib(pid), _files(pid), clients["connected_clients"] - 1)


def _files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether the process gave back what it took."""

    before: Footprint
    """After a warm-up with the whole crowd, when everybody had left."""
    after: Footprint
    busy_kib: Sequence[int]
    """Memory while the crowd was there, in order."""

    @property
    def files_left(self) -> int:
        """Descriptors that did not come back; connections to the store are a pool, and may stay."""
        own = [look.files - look.store_connections for look in (self.before, self.after)]
        return own[1] - own[0]

    @property
    def growth(self) -> float:
        """Memory under load in the last quarter, as a share of the third one's."""
        quarter = max(1, len(self.busy_kib) // 4)
        return median(self.busy_kib[-quarter:]) / median(self.busy_kib[-2 * quarter : -quarter])

    def complaints(self) -> list[str]:
        """What is wrong; nothing if all is well."""
        left_kib = self.after.rss_kib - self.before.rss_kib
        checks = {
            f"{self.files_left} files did not come back": self.files_left > 0,
            f"{left_kib} KiB did not come back": left_kib > _SLACK_KIB,
            f"memory grew to {self.growth:.3f} of itself": self.growth > _GROWTH,
        }
        return [text for text, wrong in checks.items() if wrong]
