"""What counts as finished when a worker is killed, and what as run again."""

from collections import Counter
from typing import Any

from tests.corpus.counting import Start
from tests.corpus.finished import Kills, ran_too_often
from tests.corpus.normal import Told

RUNNING = Told("status", {"status": "running", "at": "2026-03-02T09:30:00.000Z"})
LATER = 1772443801.0
"""A second after that."""


def start(name: str, task: str, at: float = LATER) -> Start:
    return Start(name, task, name, f"{name}:{task}", at)


def ended(name: str, task: str, **told: object) -> Told:
    data: dict[str, Any] = {"id": task, "name": name, "error": None, "interrupts": [], "result": {}}
    data |= told
    return Told("tasks", {"ns": [], "node": name, "data": data})


def updated(name: str) -> Told:
    return Told("updates", {"ns": [], "node": name, "data": {}})


def test_a_task_with_a_result_in_the_log_has_finished() -> None:
    kills = Kills()
    kills.note([RUNNING, updated("pay"), ended("pay", "t1")], [start("pay", "t1")])
    assert (kills.finished, dict(kills.unfinished), kills.cut) == ({"t1": "pay"}, {}, 1)


def test_a_node_whose_update_is_in_the_log_has_finished() -> None:
    kills = Kills()
    kills.note([RUNNING, updated("pay")], [start("pay", "t1")])
    assert kills.finished == {"t1": "pay"}


def test_an_update_that_is_told_again_says_nothing_new() -> None:
    begun = [start("item", "t1"), start("item", "t2")]
    kills = Kills()
    kills.note([RUNNING, updated("item"), ended("item", "t1"), RUNNING, updated("item")], begun)
    assert kills.finished == {"t1": "item"}


def test_what_asked_or_failed_has_not_finished() -> None:
    log = [RUNNING, ended("ask", "t1", interrupts=["asks"]), ended("fail", "t2", error="failed")]
    kills = Kills()
    kills.note(log, [start("ask", "t1"), start("fail", "t2")])
    assert (kills.finished, kills.unfinished) == ({}, Counter(ask=1, fail=1))


def test_what_an_earlier_attempt_began_was_not_cut_off() -> None:
    kills = Kills()
    kills.note([RUNNING], [start("ask", "t1", LATER - 60), start("ask", "t1")])
    assert kills.unfinished == Counter(ask=1)


def test_a_waiting_job_is_cut_off_nowhere() -> None:
    kills = Kills()
    kills.note([RUNNING, Told("status", {"status": "waiting"})], [start("ask", "t1")])
    assert (kills.cut, kills.unfinished) == (0, Counter())


def test_a_finished_task_that_begins_again_is_told() -> None:
    kills, first = Kills(), [start("pay", "t1"), start("ask", "t2")]
    kills.note([RUNNING, ended("pay", "t1")], first)
    kills.look([*first, start("ask", "t2"), start("pay", "t1")])
    assert kills.again == ["pay"]


def test_a_repeat_under_another_id_is_told_too() -> None:
    kills, first = Kills(), [start("pay", "t1"), start("ask", "t2")]
    kills.note([RUNNING, ended("pay", "t1")], first)
    alone, again = Counter(pay=1, ask=1), [start("ask", "t3"), start("pay", "t4")]
    assert list(ran_too_often(kills, alone, [*first, again[0]])) == []
    [told] = ran_too_often(kills, alone, [*first, *again])
    assert told.startswith("pay 2 times for 1")
