import os
import signal

import pytest

from tailrace.deploy.local.restarts import HEALTHY_S, Restarts, how_it_ended


def test_pauses_double_up_to_five_seconds() -> None:
    restarts = Restarts()
    pauses = [restarts.pause_s(1, 0.1, ready=True) for _ in range(8)]
    assert pauses == [0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0, 5.0]


def test_a_healthy_life_starts_the_count_again() -> None:
    restarts = Restarts()
    for _ in range(4):
        restarts.pause_s(1, 0.1, ready=True)
    assert restarts.pause_s(1, HEALTHY_S, ready=True) == 0.2
    assert restarts.pause_s(1, 0.1, ready=True) == 0.4


@pytest.mark.parametrize("lived_s", [0.1, HEALTHY_S])
def test_five_failures_before_ready_are_enough(lived_s: float) -> None:
    restarts = Restarts()
    assert [restarts.pause_s(1, lived_s, ready=False) for _ in range(5)][-2:] == [1.6, None]


def test_short_lives_after_ready_are_never_enough() -> None:
    restarts = Restarts()
    assert None not in [restarts.pause_s(1, 0.1, ready=True) for _ in range(2000)]


@pytest.mark.parametrize("ready", [True, False])
def test_a_configuration_error_is_not_tried_again(ready: bool) -> None:
    assert Restarts().pause_s(os.EX_CONFIG, 60.0, ready) is None


@pytest.mark.parametrize(
    ("code", "words"),
    [(0, "exit code 0"), (3, "exit code 3"), (-signal.SIGKILL, "SIGKILL"), (-64, "SIGRTMAX")],
)
def test_an_exit_code_is_told_in_words(code: int, words: str) -> None:
    assert how_it_ended(code) == words
