import os
import socket
import subprocess
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tailrace.deploy.health import OLDEST_S, RESPONSE_S, main


@contextmanager
def answering(answer: bytes) -> Generator[tuple[int, list[bytes]]]:
    """A server that gives everybody this answer; its port, and what it was asked."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                asked.append(connection.recv(1000))
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1], asked
        thread.join(5)


@pytest.fixture
def alive_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "alive"
    monkeypatch.setenv("TAILRACE_ALIVE_FILE", str(path))
    return path


def test_an_api_that_answers_200_is_healthy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\n") as (port, asked):
        monkeypatch.setenv("TAILRACE_PORT", str(port))
        assert main(["api"]) == 0
    assert asked[0].startswith(b"GET /livez HTTP/1.1\r\n")
    assert capsys.readouterr().out == "healthy\n"


def test_a_model_that_answers_200_is_healthy() -> None:
    with answering(b"HTTP/1.1 200 OK\r\n\r\n") as (port, asked):
        assert main(["model", str(port)]) == 0
    assert asked[0].startswith(b"GET /health HTTP/1.1\r\n")


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"HTTP/1.1 503 Service Unavailable\r\n\r\n", "/livez on port {} returns '503'"),
        (b"", "/livez on port {} returns ''"),
        (b"\xff\n", "returns ''"),
    ],
)
def test_any_other_answer_is_not(
    answer: bytes,
    words: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with answering(answer) as (port, _):
        monkeypatch.setenv("TAILRACE_PORT", str(port))
        assert main(["api"]) == 1
    assert words.format(port) in capsys.readouterr().out


def test_a_server_that_is_not_there_is_not_healthy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("TAILRACE_PORT", str(taken.getsockname()[1]))
        assert main(["api"]) == 1
    assert "does not respond" in capsys.readouterr().out


@pytest.mark.parametrize(("age_s", "status"), [(0, 0), (OLDEST_S - 5, 0), (OLDEST_S + 5, 1)])
def test_a_worker_is_as_healthy_as_its_file_is_young(
    alive_file: Path, age_s: float, status: int
) -> None:
    alive_file.touch()
    touched = alive_file.stat().st_mtime - age_s
    os.utime(alive_file, (touched, touched))
    assert main(["worker"]) == status


def test_a_worker_that_never_heard_from_its_queue_is_not_healthy(
    alive_file: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not alive_file.exists()
    assert main(["worker"]) == 1
    assert "never heard" in capsys.readouterr().out


def test_a_worker_that_writes_no_file_is_not_called_healthy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("TAILRACE_ALIVE_FILE", raising=False)
    assert main(["worker"]) == 1
    assert "TAILRACE_ALIVE_FILE is not set" in capsys.readouterr().out


@pytest.mark.parametrize("words", [[], ["nginx"], ["api", "worker"], ["model"], ["model", "x"]])
def test_other_words_are_wrong_usage(words: list[str]) -> None:
    assert main(words) == os.EX_USAGE


def test_it_gives_up_before_whoever_asks_it_does() -> None:
    assert RESPONSE_S < 5


def test_it_imports_nothing_that_takes_time() -> None:
    code = "import sys, deploy.health; print(*(set(sys.modules) & {'asyncio', 'httpx', 'shared'}))"
    said = subprocess.run((sys.executable, "-c", code), check=True, capture_output=True, text=True)
    assert said.stdout.strip() == ""
