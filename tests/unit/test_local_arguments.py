from pathlib import Path

import pytest

from tailrace.deploy.local.arguments import Arguments, read_arguments


def test_nothing_said_means_port_8000_of_loopback() -> None:
    assert read_arguments([]) == Arguments("127.0.0.1", 8000, 1, Path(".tailrace"), None)


def test_everything_can_be_said() -> None:
    words = ["--host", "::1", "--port", "0", "--workers", "3", "--data", "d", "--redis", "r://h"]
    words += ["--graphs", "g.json", "--no-reload", "--install", "--local-model"]
    assert read_arguments(words) == Arguments(
        "::1", 0, 3, Path("d"), "r://h", Path("g.json"), False, True, True
    )


def test_settings_fill_in_what_the_command_line_leaves_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("TAILRACE_PORT", "9000")
    monkeypatch.setenv("TAILRACE_HOST", "::1")
    monkeypatch.setenv("TAILRACE_GRAPHS", "theirs.json")
    assert read_arguments([]).port == 9000
    assert read_arguments(["--port", "9001"]).port == 9001
    assert read_arguments([]).host == "::1"
    assert read_arguments([]).graphs == Path("theirs.json")


@pytest.mark.parametrize(
    "words",
    [
        ["--port", "65536"],
        ["--port", "-1"],
        ["--port", "٨"],
        ["--workers", "0"],
        ["--workers", "x"],
        ["--unknown"],
    ],
)
def test_wrong_arguments_end_with_status_2(
    words: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        read_arguments(words)
    assert ended.value.code == 2
    assert "usage:" in capsys.readouterr().err
