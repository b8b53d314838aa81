"""How results are kept, judged and drawn."""

from pathlib import Path
from typing import Any

import pytest

from bench import report_page
from bench.figures import at_least, at_most, spread
from bench.publisher.suite import ratios
from bench.report import goal_table, measured
from bench.report_file import SUMMARY, goals, merged, read, write
from bench.report_plots import draw, medians
from bench.section import Goal, Section

MACHINE = {"cpu": "A", "cores": 2, "python": "3.11", "store": "Valkey 9"}


def section(value: float = 1.0, figures: dict[str, Any] | None = None) -> Section:
    return Section("T", ("", "a"), [["row", "1"]], [at_most("g", value, 2, "ms")], figures or {})


def relay_round(contender: str, value: float | None, workload: str = "W1") -> dict[str, Any]:
    figures = None if value is None else {"figures": {"server_cpu_per_million": value}}
    return {"workload": workload, "contender": contender, "round": figures}


@pytest.mark.parametrize(("value", "met"), [(1.9, True), (2.0, True), (2.1, False)])
def test_a_goal_is_met_up_to_its_bound(value: float, met: bool) -> None:
    assert at_most("g", value, 2, "ms") == Goal("g", value, "<= 2 ms", met)
    assert at_least("g", -value, -2, "/s") == Goal("g", -value, ">= -2 /s", met)


def test_the_page_of_benchmarks_shows_every_goal_and_when_it_was_measured() -> None:
    report = merged({"sections": {}}, {"chain": section(2.5)}, MACHINE, "full")
    written = report_page.markdown(report)
    assert "| g | 2.5 | <= 2 ms | **no** |" in written
    assert f"- chain: {report['sections']['chain']['date']}, full; cpu A, cores 2" in written


def test_a_part_that_was_not_run_keeps_its_figures_and_its_date(tmp_path: Path) -> None:
    file = tmp_path / "summary.json"
    first = merged({"sections": {}}, {"chain": section(1), "queue": section(1)}, MACHINE, "full")
    first["sections"]["queue"]["date"] = "2001-01-01T00:00:00+00:00"
    write(first, tmp_path)

    second = merged(read(file), {"chain": section(3)}, {**MACHINE, "cpu": "B"}, "quick")

    assert list(second["sections"]) == ["chain", "queue"]
    old, new = second["sections"]["queue"], second["sections"]["chain"]
    assert (old["date"], old["mode"], old["machine"]["cpu"]) == (
        "2001-01-01T00:00:00+00:00",
        "full",
        "A",
    )
    assert (new["mode"], new["machine"]["cpu"]) == ("quick", "B")
    assert goals(second) == [Goal("g", 3, "<= 2 ms", False), Goal("g", 1, "<= 2 ms", True)]


def test_the_figures_of_a_run_stay_out_of_the_summary(tmp_path: Path) -> None:
    report = merged({"sections": {}}, {"chain": section(figures={"a": 1})}, MACHINE, "full")
    summary, figures = write(report, tmp_path)
    assert "figures" not in read(summary)["sections"]["chain"]
    assert read(figures)["sections"]["chain"]["figures"] == {"a": 1}
    assert draw(read(summary), tmp_path) == []


def test_the_summary_that_is_kept_can_be_read_whole() -> None:
    assert SUMMARY.read_text().count("\n") <= 300


def test_without_a_file_there_is_nothing_to_keep(tmp_path: Path) -> None:
    assert read(tmp_path / "summary.json") == {"sections": {}}


def test_the_table_of_goals_counts_what_is_met() -> None:
    table = goal_table([at_most("a", 1, 2, "s"), at_most("b", 3, 2, "s")])
    assert (table.title, table.row_count) == ("Goals: 1 of 2 met", 2)


@pytest.mark.parametrize(
    ("value", "words"), [(None, "not measured"), (0.04567, "0.0457"), (21234.5, "21,234")]
)
def test_values_are_shown_to_three_digits_and_large_ones_whole(
    value: float | None, words: str
) -> None:
    assert measured(value) == words


def test_spread_shows_least_and_most_only_of_several() -> None:
    assert spread([2.0]) == "2"
    assert spread([3.0, 1.0, 2.0], digits=1) == "2.0 (1.0 to 3.0)"


def test_publisher_is_compared_within_rounds() -> None:
    rounds = [{"bare": {"cpu": 1.0}, "worker": {"cpu": 2.0}}, {"bare": {"cpu": 10.0}, "worker": {"cpu": 11.0}}]  # fmt: skip  # noqa: E501
    assert ratios("cpu", "worker", rounds) == pytest.approx([2.0, 1.1])


def test_a_round_that_failed_is_no_bar() -> None:
    rounds = [relay_round("tailrace", 1), relay_round("tailrace", 3), relay_round("nchan", None)]
    relay = {"figures": {"rounds": [*rounds, relay_round("naive", 9, "W2")]}}
    assert medians(relay, "W1", "server_cpu_per_million") == {"tailrace": 2}


def test_plots_are_drawn_of_what_was_measured_with_the_machine_below(tmp_path: Path) -> None:
    chain = {"hops": ("a", "b", "c", "d", "e", "f"), "first_event": {"always": [{"hops": [1.0] * 6}]}}  # fmt: skip  # noqa: E501
    relay = {"rounds": [relay_round("tailrace", 1), relay_round("nchan", 10)]}
    new = {"relay": section(figures=relay), "chain": section(figures=chain)}
    drawn = draw(merged({"sections": {}}, new, MACHINE, "quick"), tmp_path)

    assert [file.name for file in drawn] == ["cpu.svg", "chain.svg"]
    for file in drawn:
        assert "A, 2 cores, Valkey 9, Python 3.11" in file.read_text()
