"""How many times as much one side needs as the other, from pairs of neighbouring figures.

The estimate is that of Hodges and Lehmann over the logarithms of the pairs' ratios, the interval
that of Wilcoxon's signed-rank test. Neither asks for a distribution, and a round that somebody
else's program has spoiled moves them little.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations_with_replacement
from statistics import median
from typing import Final, Literal

BOUND: Final = 1.05
"""A ratio above it is a change for the worse that a review does not take."""
FEWEST: Final = 6
"""Fewer pairs can't be told from chance at 95 %."""
_TAIL: Final = 0.025

Verdict = Literal["slower", "within 5 %", "unclear"]


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio and its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def verdict(self) -> Verdict:
        """Slower only where chance can't explain it; unclear where the interval is too wide."""
        if self.low > BOUND:
            return "slower"
        return "within 5 %" if self.high <= BOUND else "unclear"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Ratio:
    """Our figures over theirs, pair by pair; all are above 0.

    Raises:
        ValueError: there are fewer than `FEWEST` pairs.
    """
    logs = [math.log(our / their) for our, their in zip(ours, theirs, strict=True)]
    means = sorted((a + b) / 2 for a, b in combinations_with_replacement(logs, 2))
    outside = _outside(len(logs))
    low, high = means[outside], means[-1 - outside]
    return Ratio(math.exp(median(means)), math.exp(low), math.exp(high))


def _outside(pairs: int) -> int:
    """How many of the sorted pairwise means lie below the interval, and as many above it.

    That is the largest rank sum that chance stays at or below once in forty times.
    """
    if pairs < FEWEST:
        raise ValueError(f"an interval takes {FEWEST} pairs; there are {pairs}")
    most = pairs * (pairs + 1) // 2
    ways = [1] + [0] * most
    for rank in range(1, pairs + 1):
        for rank_sum in range(most, rank - 1, -1):
            ways[rank_sum] += ways[rank_sum - rank]
    rank_sum, seen = 0, ways[0]
    while seen + ways[rank_sum + 1] <= _TAIL * 2**pairs:
        rank_sum += 1
        seen += ways[rank_sum]
    return rank_sum
