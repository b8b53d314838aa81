"""When a process that has ended is started again, and when that is pointless. Pure."""

import os
import signal

FIRST_PAUSE_S = 0.2
LONGEST_PAUSE_S = 5.0
HEALTHY_S = 10.0
"""A process that lived this long was well: its next failure counts as the first."""
MOST_FAILURES = 5


class Restarts:
    """The failures of one process, and what follows from them."""

    def __init__(self) -> None:
        self._failures = 0

    def pause_s(self, code: int, lived_s: float, ready: bool) -> float | None:
        """How long to wait before the next start; None when another start makes no sense.

        That is so after a configuration error, and after five failures as long as the run was
        never ready as a whole. There a long life proves nothing: a start may be that slow.
        """
        if code == os.EX_CONFIG:
            return None
        self._failures = 1 if ready and lived_s >= HEALTHY_S else self._failures + 1
        if self._failures >= MOST_FAILURES and not ready:
            return None
        return min(FIRST_PAUSE_S * 2.0 ** min(self._failures - 1, 10), LONGEST_PAUSE_S)


def how_it_ended(code: int) -> str:
    """An exit code in words; negative ones are signals."""
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"
