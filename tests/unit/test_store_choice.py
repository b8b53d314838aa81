"""Which store tests run against: what was asked for, or an error."""

import os
import subprocess
import sys

import pytest

from tests.support.processes import ROOT
from tests.support.store import DEFAULT_IMAGE, URL_VARIABLE, Choice, chosen

URL = "redis://:secret@127.0.0.1:6379/8"


@pytest.fixture(autouse=True)
def no_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(URL_VARIABLE, raising=False)


@pytest.mark.parametrize(
    ("asked", "choice"),
    [
        (None, Choice("embedded")),
        ("embedded", Choice("embedded")),
        ("container", Choice("container", DEFAULT_IMAGE)),
        ("container:redis:7-alpine", Choice("container", "redis:7-alpine")),
        ("container:valkey/valkey:8-alpine", Choice("container", "valkey/valkey:8-alpine")),
    ],
)
def test_the_store_is_the_one_that_is_asked_for(asked: str | None, choice: Choice) -> None:
    assert chosen(asked) == choice


@pytest.mark.parametrize("asked", ["", "docker", "container:", "embedded:x", "redis:7-alpine"])
def test_any_other_word_is_refused(asked: str) -> None:
    with pytest.raises(ValueError, match="--redis is"):
        chosen(asked)


def test_a_server_of_ones_own_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, URL)
    assert chosen(None) == Choice("server", URL)
    assert str(chosen(None)) == f"redis://127.0.0.1:6379/8 ({URL_VARIABLE})"


def test_two_stores_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(URL_VARIABLE, URL)
    with pytest.raises(ValueError, match="both name a store"):
        chosen("container")


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--redis=container", "tests/integration/test_redis.py"], "--redis=container: "),
        (["tests/docker"], "tests/docker can't run: "),
        (["--redis=docker", "tests/unit/test_jobs.py"], "--redis is embedded, container"),
    ],
)
@pytest.mark.timeout(90)
def test_what_is_asked_for_and_not_there_is_an_error(words: list[str], complaint: str) -> None:
    command = (sys.executable, "-m", "pytest", "-q", "-x", "-n", "0", "-p", "no:cacheprovider")
    nowhere = {"DOCKER_HOST": "tcp://127.0.0.1:1", "PATH": os.environ["PATH"]}
    ran = subprocess.run(
        (*command, *words), cwd=ROOT, env=nowhere, capture_output=True, text=True, check=False
    )
    assert ran.returncode != 0
    assert complaint in ran.stdout + ran.stderr
    assert " passed" not in ran.stdout
