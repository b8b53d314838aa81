"""The audit of the fault harness finds what it is there to find."""

from typing import Any

import pytest

from tailrace.shared.events import encode
from tailrace.shared.jobs import JobId
from tests.faults.audit import Findings, audit_job, audit_output, delays, late, too_few
from tests.faults.listener import digest
from tests.faults.plan import Pass, PlannedJob, planned_job
from tests.faults.record import Ear, Heard, Kill, PostedJob, Record
from tests.faults.store_view import Held, Kept, Logged

JOB = JobId("01a1fc91-6207-732d-ba47-90d83b400c90")
LOG = [
    ("status", {"status": "queued", "attempt": 0}),
    ("status", {"status": "running", "attempt": 1, "at": "2026-03-02T09:30:00.000Z"}),
    ("custom", {"data": {"i": 1}}),
    ("custom", {"data": {"i": 2}}),
    ("status", {"status": "running", "attempt": 2, "at": "2026-03-02T09:30:02.500Z"}),
    ("custom", {"data": {"i": 1}}),
    ("custom", {"data": {"i": 2}}),
    ("custom", {"data": {"i": 3}}),
    ("end", {"status": "succeeded"}),
]
"""Nodes begin to count at 1 and at 3."""


def logged(entries: list[tuple[str, Any]]) -> list[Logged]:
    return [Logged(n, name, encode(data)) for n, (name, data) in enumerate(entries, start=1)]


def heard(log: list[Logged]) -> list[Heard]:
    return [Heard(event.seq, digest(event.name, event.data)) for event in log]


def audited(log: list[Logged], ear: list[Heard], status: str = "succeeded") -> set[str]:
    """What is found broken."""
    planned = PlannedJob("counter", {"count": 3, "nodes": 2}, frozenset({"succeeded"}))
    findings = Findings()
    audit_job(PostedJob(JOB, planned, [Ear(ear)]), log, Kept(status, None), findings)
    return {what for what, count in findings.counts.items() if count}


def test_nothing_is_found_where_nothing_is_wrong() -> None:
    # A node of two numbers: the second begins at 3 * 1 // 2 + 1 = 2.
    log = logged([*LOG[:3], *LOG[4:5], *LOG[6:]])
    assert audited(log, heard(log)) == set()


@pytest.mark.parametrize(
    ("entries", "found"),
    [
        ([], {"jobs lost"}),
        (LOG[:-1], {"jobs without exactly one end, last"}),
        ([*LOG, LOG[-1]], {"jobs without exactly one end, last"}),
        ([*LOG, LOG[3]], {"jobs without exactly one end, last"}),
        (
            [*LOG[:-1], ("end", {"status": "failed"})],
            {"jobs that ended in another way than they may", "records that differ from their logs"},
        ),
        ([*LOG[:6], LOG[5], *LOG[6:]], {"attempts live at once"}),
        ([*LOG[:4], LOG[1], *LOG[5:]], {"attempts live at once"}),
        ([*LOG[:5], LOG[7], LOG[8]], {"attempts live at once"}),
        ([*LOG[:7], LOG[8]], {"events that a graph wrote and no log has"}),
    ],
)
def test_a_wrong_log_is_found(entries: list[tuple[str, Any]], found: set[str]) -> None:
    log = logged(entries)
    assert audited(log, heard(log)) == found


def test_a_hole_is_found() -> None:
    log = [event for event in logged(LOG) if event.seq != 4]
    assert audited(log, heard(log)) == {"logs with holes"}


@pytest.mark.parametrize(
    ("order", "found"),
    [
        ([1, 2, 3, 4, 5, 6, 7, 9], {"events lost"}),
        ([1, 2, 3, 3, 4, 5, 6, 7, 8, 9], {"events repeated"}),
        ([1, 2, 4, 3, 5, 6, 7, 8, 9], {"events out of order"}),
    ],
)
def test_a_listener_that_was_told_wrong_is_found(order: list[int], found: set[str]) -> None:
    log = logged(LOG)
    assert audited(log, [heard(log)[seq - 1] for seq in order]) == found


def test_a_number_with_two_payloads_is_found() -> None:
    log = logged(LOG)
    ear = heard(log)
    ear[3] = Heard(4, digest("custom", b"something else"))
    assert audited(log, ear) == {"numbers reused"}


@pytest.mark.parametrize(
    ("outage", "alone", "in_company"), [([], 1, 0), ([(1772443801.0, 1772443802.0)], 0, 1)]
)
def test_a_rerun_beside_an_outage_counts_apart(
    outage: list[tuple[float, float]], alone: int, in_company: int
) -> None:
    record = Record(kills=[Kill(1772443800.0, (Held(JOB, 1),))], outages=outage)
    found = delays(record, {JOB: logged(LOG)})
    assert (len(found.alone), len(found.in_company)) == (alone, in_company)
    assert found.all == pytest.approx((2.5,))


def test_a_late_rerun_misses_the_goal() -> None:
    record = Record(kills=[Kill(1772443795.0, (Held(JOB, 1),))])
    found = delays(record, {JOB: logged(LOG)})
    assert len(late(found, lease_s=5)) == 2
    assert late(found, lease_s=7.1) == []


def test_too_few_faults_are_no_pass() -> None:
    plan = Pass("small", 1, {"zombie": 2}, jobs=0, span_s=1)
    assert too_few(plan, Record()) == ["zombie: 0 of 2"]


def test_a_seed_repeats_its_schedule_and_its_jobs() -> None:
    first, again, other = (Pass("a", seed, {"zombie": 5}, 1, 9.0) for seed in (3, 3, 4))
    assert first.faults() == again.faults() != other.faults()
    assert planned_job(3, 8) == planned_job(3, 8)


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ('{"level":"info","message":"Traceback of a job"}', 0),
        ('{"level":"error","message":"unexpected error","reference":"1"}', 1),
        ("Traceback (most recent call last):", 1),
        ("worker/attempt/runner.py:92: RuntimeWarning: coroutine was never awaited", 1),
    ],
)
def test_a_crash_in_a_process_is_found_in_its_output(line: str, found: int) -> None:
    findings = Findings()
    audit_output("worker-0", line, findings)
    assert findings.broken == found
