"""What this repository does with a program that a machine has not got."""

from pathlib import Path

import pytest

from tools import programs


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder that is the whole PATH, outside of CI."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("CI", raising=False)
    return tmp_path


def put(folder: Path, name: str, exit_code: int) -> None:
    program = folder / name
    program.write_text(f'#!/bin/sh\necho "$@" >"$0.said"\nexit {exit_code}\n')
    program.chmod(0o755)


@pytest.mark.usefixtures("path")
def test_a_check_whose_program_is_missing_is_named_and_passed_over(
    capfd: pytest.CaptureFixture[str],
) -> None:
    assert programs.main("run", "luacheck", "shared") == 0
    said = capfd.readouterr().err
    assert said.startswith("not checked: luacheck is missing (it checks the Lua scripts): ")
    assert "apt-get install lua-check" in said


@pytest.mark.usefixtures("path")
def test_a_check_whose_program_is_missing_fails_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CI", "true")
    assert programs.main("run", "luacheck", "shared") == 1


@pytest.mark.parametrize("exit_code", [0, 3])
def test_a_check_is_run_with_its_arguments_and_ends_as_its_program_does(
    path: Path, exit_code: int
) -> None:
    put(path, "luacheck", exit_code)
    assert programs.main("run", "luacheck", "-q", "shared") == exit_code
    assert (path / "luacheck.said").read_text() == "-q shared\n"


def test_everything_that_is_missing_is_named(path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    put(path, "cc", 0)
    assert programs.main("need", "cc", "luacheck", "docker") == 1
    named = [line.split(" ")[0] for line in capfd.readouterr().err.splitlines()]
    assert named == ["luacheck", "docker"]


def test_a_program_is_found_under_another_name_of_it(path: Path) -> None:
    put(path, "google-chrome", 0)
    assert programs.find("chromium") == str(path / "google-chrome")


@pytest.mark.parametrize("name", programs.PROGRAMS)
def test_what_to_do_is_known_for_every_program(name: str) -> None:
    assert programs.PROGRAMS[name].remedy


def test_a_wrong_call_says_how_it_is_called(capfd: pytest.CaptureFixture[str]) -> None:
    assert programs.main("luacheck") == 2
    assert "python -m tools.programs run" in capfd.readouterr().err
