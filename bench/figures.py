"""Figures as the tables show them, and how they are held against a goal."""

from collections.abc import Sequence
from statistics import median, quantiles

from bench.section import Goal


def percentile(values: Sequence[float], percent: int) -> float:
    """A percentile from 1 to 99; of few values, the outer one."""
    if len(values) < 2:
        return values[0]
    return quantiles(values, n=100, method="inclusive")[percent - 1]


def spread(values: Sequence[float], digits: int = 0) -> str:
    """The median, and from least to most where there are several."""
    middle, least, most = (f"{v:,.{digits}f}" for v in (median(values), min(values), max(values)))
    return middle if len(values) == 1 else f"{middle} ({least} to {most})"


def at_most(name: str, value: float, bound: float, unit: str) -> Goal:
    """A goal that small values meet."""
    return Goal(name, value, f"<= {bound:g} {unit}", value <= bound)


def at_least(name: str, value: float, bound: float, unit: str) -> Goal:
    """A goal that large values meet."""
    return Goal(name, value, f">= {bound:g} {unit}", value >= bound)
