"""How the relay's benchmark reads its load generator, and how it judges."""

from pathlib import Path

import pytest

from bench.relay.contenders import OURS, PEER
from bench.relay.crowd import Counted, Listening, Spread, parse
from bench.relay.goals import BOUNDS, judged
from bench.relay.record import Entry, Record
from bench.relay.table import LINES, columns, notes, rows
from bench.relay.usage import Usage
from bench.relay.workloads import WORKLOADS, Round
from bench.section import Goal

LINE = {
    "accepted": 2,
    "delivered": 20,
    "lost": 0,
    "missing": 0,
    "repeated": 0,
    "reordered": 0,
    "strange": 0,
    "garbled": 0,
    "cut": 0,
    "refused": 0,
    "finished": 2,
    "ends": 0,
    "latency_ms": {"p50": 1.5, "p99": 2.5, "max": 3.5},
    "finish_ms": None,
    "wall_s": 1.0,
    "stream_s": 0.5,
    "cpu_s": 0.1,
}


def counted(**changes: int) -> Counted:
    return parse(LINE | changes, accept_ms=7.0)


def entry(
    contender: str, /, round_: int = 1, workload: str = "W1", holes: int = 0, **figures: float
) -> Entry:
    return Entry(workload, contender, round_, Round(figures, counted(lost=holes), 10))


def goal(record: Record, name: str) -> Goal:
    [found] = [goal for goal in judged(record, WORKLOADS) if goal.name == name]
    return found


def test_last_line_of_the_load_generator_is_read_whole() -> None:
    got = counted(repeated=3)
    assert (got.delivered, got.repeated, got.accept_ms) == (20, 3, 7.0)
    assert got.latency_ms == Spread(1.5, 2.5, 3.5)
    assert got.finish_ms is None


@pytest.mark.parametrize(
    "wrong", ["lost", "missing", "repeated", "reordered", "strange", "garbled"]
)
def test_any_wrong_number_is_inexact(wrong: str) -> None:
    assert counted().exact
    assert not counted(**{wrong: 1}).exact


def test_what_is_not_asked_for_is_not_on_the_command_line() -> None:
    plain = Listening(80, ["/"], 5, last=9).arguments(Path("paths"))
    dropping = Listening(80, ["/"], 5, last=9, drop=(3, 6)).arguments(Path("paths"))
    assert dropping == [*plain, "--drop-from", "3", "--drop-to", "6"]
    assert plain[:6] == ["--port", "80", "--paths", "paths", "--connections", "5"]
    assert "--replays" not in plain


def test_ratio_to_the_peer_is_taken_within_rounds() -> None:
    pairs = [(1.0, 10.0), (20.0, 100.0), (300.0, 1000.0)]
    record = Record(
        [
            entry(name, number, server_cpu_per_million=value)
            for number, pair in enumerate(pairs)
            for name, value in zip((OURS.name, PEER.name), pair, strict=True)
        ]
    )
    assert goal(record, "W1 CPU of nchan's") == Goal("W1 CPU of nchan's", 0.2, "<= 0.1", met=False)


def test_goal_is_met_at_its_bound() -> None:
    record = Record([entry(OURS.name, workload="W2", latency_p50_ms=3.0)])
    assert goal(record, "W2 latency p50") == Goal("W2 latency p50", 3.0, "<= 3 ms", met=True)


@pytest.mark.parametrize(("replays", "met"), [(29.0, False), (30.0, True)])
def test_goal_that_is_a_least_is_missed_below_it(replays: float, met: bool) -> None:
    record = Record(
        [
            entry(OURS.name, workload="W7", replays_per_s=replays),
            entry(PEER.name, workload="W7", replays_per_s=10.0),
        ]
    )
    assert goal(record, "W7 replays/s of nchan's").met is met


def test_a_round_that_lost_something_meets_no_goal() -> None:
    record = Record(
        [
            entry(OURS.name, 1, "W2", latency_p50_ms=1.0),
            entry(OURS.name, 2, "W2", latency_p50_ms=1.0, holes=1),
        ]
    )
    assert not goal(record, "W2 latency p50").met


def test_one_loss_in_one_round_is_a_loss() -> None:
    rounds = [entry(OURS.name, n, "W3", holes=n // 3, lost=float(n // 3)) for n in (1, 2, 3)]
    assert goal(Record(rounds), "W3 lost") == Goal("W3 lost", 1.0, "<= 0", met=False)
    assert goal(Record(rounds[:2]), "W3 lost").met


def test_what_could_not_be_measured_is_not_met() -> None:
    failed = Entry("W1", OURS.name, 1, None, "the server ended")
    record = Record([failed, entry(PEER.name, server_cpu_per_million=4.0)])
    assert goal(record, "W1 CPU of nchan's") == Goal("W1 CPU of nchan's", None, "<= 0.1", met=False)
    assert "the server ended" in next(notes(record))


def test_every_goal_is_on_a_figure_that_the_table_shows() -> None:
    shown = {(line.workload, line.figure) for line in LINES}
    assert {(bound.workload, bound.figure) for bound in BOUNDS} <= shown
    assert {bound.workload for bound in BOUNDS} == set(WORKLOADS)


def test_only_the_workloads_that_were_run_have_goals_and_rows() -> None:
    record = Record([entry(OURS.name, server_cpu_per_million=1.0)])
    assert {goal.name[:2] for goal in judged(record, ["W1"])} == {"W1"}
    assert {row[0] for row in rows(record, ["W1"], [OURS])} == {"W1"}
    assert columns([OURS]) == ["", "", OURS.title]


def test_figures_of_a_round_that_fell_short_carry_a_star() -> None:
    record = Record([entry(OURS.name, server_cpu_per_million=1.0, holes=2)])
    assert next(rows(record, ["W1"], [OURS]))[2] == "1.00 *"
    assert list(notes(record)) == ["* W1 tailrace, round 1: 2 lost"]


def test_usage_counts_the_servers_cpu_apart_from_what_others_took() -> None:
    before = Usage({"server": 1.0, "store": 5.0}, core_s=10.0, wall_s=100.0)
    used = Usage({"server": 3.0, "store": 6.0}, core_s=13.0, wall_s=104.0).since(before)
    assert used.figures(events=500_000) == {
        "server_cpu_per_million": 4.0,
        "store_cpu_per_million": 2.0,
        "others_share": 0.25,
    }
    assert used.load_share(0.5, 1.5) == 0.75


def test_a_machine_that_was_not_ours_alone_is_named() -> None:
    record = Record([entry(OURS.name, others_share=0.4), entry(PEER.name, load_share=0.95)])
    busy, crowded = notes(record)
    assert busy.startswith("Other programs took 40% of the server's core")
    assert "took 95% of their core" in crowded
    assert not list(notes(Record([entry(OURS.name, others_share=0.05, load_share=0.5)])))
