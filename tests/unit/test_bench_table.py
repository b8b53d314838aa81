"""How the queue's benchmark counts and judges."""

import pytest

from bench.figures import percentile
from bench.queue.contenders import OURS, STOCK
from bench.queue.measures import Figures, rate
from bench.queue.table import MEASURES, comparison, ratio, verdict

BY_NAME = {measure.name: measure for measure in MEASURES}


def figures(jobs_one: float = 2000, pickup_ms: float = 3) -> Figures:
    return Figures((pickup_ms,), 5, 1000, 2000, jobs_one, jobs_two=4000)


def test_rate_leaves_out_the_first_and_the_last_tenth() -> None:
    late, early = 10**12, -(10**12)
    starts_ns = [early, *(i * 1_000_000 for i in range(8)), late]
    assert rate(starts_ns) == pytest.approx(1000)


@pytest.mark.parametrize(
    ("name", "reached", "words"),
    [
        ("pick-up p50, ms", 3, "[green]met"),
        ("pick-up p50, ms", 3.1, "[red]missed"),
        ("jobs/s, 1 worker", 2000, "[green]met"),
        ("jobs/s, 1 worker", 1999, "[red]missed"),
        ("jobs/s, 2 workers", 1, ""),
    ],
)
def test_verdict_is_met_up_to_the_goal_and_empty_without_one(
    name: str, reached: float, words: str
) -> None:
    assert verdict(BY_NAME[name], reached) == words


def test_ratio_is_taken_within_rounds() -> None:
    ours = [figures(jobs_one=20), figures(jobs_one=200), figures(jobs_one=2000)]
    stock = [figures(jobs_one=10), figures(jobs_one=100), figures(jobs_one=1000)]
    results = {OURS: ours, STOCK: stock}
    assert ratio(BY_NAME["jobs/s, 1 worker"], results) == pytest.approx(2)


@pytest.mark.parametrize(
    ("values", "expected"), [([7.0], 7.0), ([float(n) for n in range(101)], 99.0)]
)
def test_percentile_holds_for_one_value_too(values: list[float], expected: float) -> None:
    assert percentile(values, 99) == pytest.approx(expected)


def test_a_contender_that_is_missing_keeps_its_row() -> None:
    assert comparison({OURS: [figures()]}, missing=[STOCK]).row_count == 2
