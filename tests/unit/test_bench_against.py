"""How two commits are compared: the ratio, its interval, the verdict, and what is printed."""

import itertools
import math
import random
from dataclasses import replace

import pytest
from rich.console import Console

from bench.against.comparison import Comparison, Round
from bench.against.ratio import BOUND, FEWEST, Ratio, ratio
from bench.against.run import VOID, complete
from bench.server import Failed

TIMES = [100.0 + n for n in range(10)]
NAME = ("w6", "CPU of the API")


def spread(factor: float, noise: float, pairs: int = 10) -> list[float]:
    """Times that are `factor` times as long, each off by up to `noise`."""
    source = random.Random(7)
    return [t * factor * (1 + source.uniform(-noise, noise)) for t in TIMES[:pairs]]


def compared(ours: list[float], theirs: list[float] = TIMES) -> Comparison:
    pairs = zip(ours, theirs, strict=True)
    return Comparison.of("abc1234", [Round({NAME: our}, {NAME: their}) for our, their in pairs])


def printed(comparison: Comparison) -> str:
    page = Console(width=150)
    with page.capture() as text:
        page.print(comparison.table())
    return text.get()


def test_equal_figures_have_the_ratio_one() -> None:
    assert ratio(TIMES, TIMES) == Ratio(1, 1, 1)


def test_a_constant_factor_is_the_ratio_and_both_ends() -> None:
    found = ratio([t * 1.5 for t in TIMES], TIMES)
    assert (found.value, found.low, found.high) == pytest.approx((1.5, 1.5, 1.5))


def test_sides_that_change_places_have_the_inverse_ratio() -> None:
    ours = spread(1.2, 0.1)
    one, other = ratio(ours, TIMES), ratio(TIMES, ours)
    assert (one.value, one.low, one.high) == pytest.approx(
        (1 / other.value, 1 / other.high, 1 / other.low)
    )


@pytest.mark.parametrize(("pairs", "outside"), [(6, 0), (7, 2), (8, 3), (9, 5), (10, 8), (20, 52)])
def test_the_ends_are_those_of_the_published_tables_of_the_signed_rank_test(
    pairs: int, outside: int
) -> None:
    logs = [2.0**n / 2.0**pairs for n in range(pairs)]
    means = sorted((a + b) / 2 for a, b in itertools.combinations_with_replacement(logs, 2))
    found = ratio([math.exp(value) for value in logs], [1.0] * pairs)
    assert (math.log(found.low), math.log(found.high)) == pytest.approx(
        (means[outside], means[-1 - outside])
    )


@pytest.mark.parametrize("pairs", [6, 8, 10])
def test_chance_alone_leaves_the_interval_at_most_once_in_twenty(pairs: int) -> None:
    sizes = [0.01 * 1.7**n for n in range(pairs)]
    left = 0
    for signs in itertools.product((-1, 1), repeat=pairs):
        chance = [math.exp(s * size) for s, size in zip(signs, sizes, strict=True)]
        found = ratio(chance, [1.0] * pairs)
        left += not found.low <= 1 <= found.high
    assert 0 < left / 2**pairs <= 0.05


def test_one_spoiled_round_hardly_moves_the_ratio() -> None:
    quiet = ratio(spread(1.0, 0.02), TIMES)
    spoiled = spread(1.0, 0.02)
    spoiled[4] *= 30
    assert ratio(spoiled, TIMES).value == pytest.approx(quiet.value, rel=0.02)


def test_fewer_pairs_than_can_tell_anything_have_no_interval() -> None:
    assert ratio(TIMES[:FEWEST], TIMES[:FEWEST]).value == 1
    with pytest.raises(ValueError, match="an interval takes 6 pairs; there are 5"):
        ratio(TIMES[:5], TIMES[:5])


@pytest.mark.parametrize(
    ("low", "high", "verdict"),
    [
        (BOUND + 0.001, 1.3, "slower"),
        (BOUND, 1.3, "unclear"),
        (0.9, BOUND + 0.001, "unclear"),
        (0.9, BOUND, "within 5 %"),
    ],
)
def test_slower_is_only_what_lies_above_the_bound_as_a_whole(
    low: float, high: float, verdict: str
) -> None:
    assert Ratio(1, low, high).verdict == verdict


def test_a_tree_that_takes_a_tenth_longer_is_told_from_noise() -> None:
    assert [line.name for line in compared(spread(1.1, 0.02)).slower] == [NAME]


@pytest.mark.parametrize("factor", [0.5, 0.95, 1.0, 1.03])
def test_a_tree_within_the_bound_is_not_called_slower(factor: float) -> None:
    assert compared(spread(factor, 0.02)).slower == []


def test_the_table_shows_medians_ratio_interval_and_verdict() -> None:
    text = printed(compared([2 * t for t in TIMES]))
    assert "This tree against abc1234, 10 rounds; the bound is 1.05" in text
    [row] = [line for line in text.splitlines() if "w6" in line]
    cells = [cell.strip() for cell in row.strip("│ ").split("│")]
    assert cells == [*NAME, "104", "209", "2.000", "2.000 to 2.000", "slower"]


def test_every_round_is_kept() -> None:
    comparison = compared([t + 1 for t in TIMES])
    [line] = comparison.lines
    assert (line.ours, line.theirs) == ([t + 1 for t in TIMES], TIMES)
    assert comparison.raw()["lines"] == [
        {
            "name": NAME,
            "ours": line.ours,
            "theirs": TIMES,
            "ratio": {"value": line.ratio.value, "low": line.ratio.low, "high": line.ratio.high},
            "verdict": "within 5 %",
        }
    ]


def test_figures_stay_with_their_measure() -> None:
    other = ("posts", "CPU of the API")
    rounds = [Round({NAME: t, other: 3 * t}, {NAME: t, other: t}) for t in TIMES]
    comparison = Comparison.of("abc1234", rounds)
    assert [line.name for line in comparison.slower] == [other]
    assert replace(comparison, lines=comparison.lines[:1]).slower == []


async def rounds_with(failures: int) -> tuple[list[int], list[str]]:
    """Which rounds were measured of two, where the first tries fail; and what was said."""
    tried: list[int] = []
    said: list[str] = []

    async def measured(number: int) -> Round:
        tried.append(number)
        if len(tried) <= failures:
            raise Failed("not every listener got every event")
        return Round({NAME: 1.0}, {NAME: 1.0})

    assert len(await complete(measured, 2, said.append)) == 2
    return tried, said


async def test_a_round_in_which_a_side_fell_short_is_told_and_made_up_for() -> None:
    tried, said = await rounds_with(failures=1)
    assert tried == [1, 1, 2]
    assert "round 1 is void: Failed('not every listener got every event')" in said


async def test_a_side_that_falls_short_again_and_again_ends_the_run() -> None:
    tried, _ = await rounds_with(failures=VOID)
    assert tried == [1] * (VOID + 1) + [2]
    with pytest.raises(Failed):
        await rounds_with(failures=VOID + 1)
