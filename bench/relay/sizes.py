"""How much of each workload is done: quick, full, and less for a relay that takes minutes."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final


@dataclass(frozen=True, slots=True)
class Size:
    """One workload's size."""

    listeners: int
    logs: int = 1
    events: int = 0
    """For each log."""
    rate: float = 0
    """Events a second for each log; 0 is all at once."""
    replays: int = 0
    seconds: float = 60
    """After this it is over, whoever still waits."""


_PACE: Final = 50

FULL: Final[Mapping[str, Size]] = {
    "W1": Size(1000, events=2000),
    "W2": Size(500, logs=500, events=10 * _PACE, rate=_PACE),
    "W3": Size(1000, events=2000),
    "W4": Size(5000, logs=500),
    "W5": Size(50, events=1000, replays=2000),
    "W6": Size(1000, events=10 * _PACE, rate=_PACE),
    "W7": Size(300, logs=300, events=1000, replays=300),
}

QUICK: Final[Mapping[str, Size]] = {
    **FULL,
    "W2": replace(FULL["W2"], events=3 * _PACE),
    "W5": replace(FULL["W5"], replays=300),
    "W6": replace(FULL["W6"], events=4 * _PACE),
}

SLOW: Final[Mapping[str, Size]] = {
    **QUICK,
    "W1": replace(QUICK["W1"], events=200, seconds=30),
    "W2": replace(QUICK["W2"], seconds=20),
    "W3": replace(QUICK["W3"], events=400, seconds=30),
    "W4": replace(QUICK["W4"], seconds=30),
    "W5": replace(QUICK["W5"], replays=100, seconds=20),
    "W6": replace(QUICK["W6"], seconds=20),
    "W7": replace(QUICK["W7"], seconds=20),
}
"""The naive relay's share of a quick run: fewer events where it would take a minute."""
