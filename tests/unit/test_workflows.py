"""What the hosting platform is told to run: targets of ours, on versions that we claim."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, cast

import pytest
import yaml
from packaging.specifiers import SpecifierSet

ROOT = Path(__file__).parents[2]
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
MINORS = [f"3.{minor}" for minor in range(20)]
TARGET = re.compile(r"^([a-z-]+):", re.MULTILINE)


def read(name: str) -> dict[str, Any]:
    text = (ROOT / ".github" / "workflows" / name).read_text()
    return cast("dict[str, Any]", yaml.safe_load(text))


def pyproject() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


@pytest.mark.parametrize("workflow", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_calls_make_targets_that_exist(workflow: Path) -> None:
    called = set(re.findall(r"run: make ([a-z-]+)", workflow.read_text()))
    assert called
    assert called - set(TARGET.findall((ROOT / "Makefile").read_text())) == set()


def test_the_tests_run_on_every_python_that_the_package_allows() -> None:
    allowed = SpecifierSet(pyproject()["project"]["requires-python"])
    run = read("ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
    assert run == [minor for minor in MINORS if allowed.contains(f"{minor}.1")]


def run_step(about: str, tag: str, folder: Path) -> int:
    """Run the one step of a release whose name says this; its exit code."""
    steps = read("release.yml")["jobs"]["build"]["steps"]
    [command] = [step["run"] for step in steps if about in step.get("name", "")]
    return subprocess.run(
        ["bash", "-e", "-c", command],
        cwd=folder,
        env={"GITHUB_REF_NAME": tag, "PATH": "/usr/bin:/bin"},
        check=False,
        timeout=30,
    ).returncode


def test_a_release_gets_its_version_from_its_tag(tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parents[1])
    assert run_step("version", "v9.8.7", tmp_path) == 0
    tagged = tomllib.loads((tmp_path / "pyproject.toml").read_text())
    assert tagged.pop("project") == {**pyproject()["project"], "version": "9.8.7"}
    assert tagged == {key: value for key, value in pyproject().items() if key != "project"}


@pytest.mark.parametrize("tag", ["latest", "v1.x", "v"])
def test_a_tag_that_is_no_version_is_not_released(tag: str, tmp_path: Path) -> None:
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    (tmp_path / ".venv").symlink_to(Path(sys.executable).parents[1])
    assert run_step("version", tag, tmp_path) != 0


def test_the_notes_of_a_release_are_its_part_of_the_changelog(tmp_path: Path) -> None:
    changelog = "# Changelog\n\n## [Unreleased]\n\n- c\n\n## [1.1.0]\n\n- b\n\n## [1.0.0]\n\n- a\n"
    (tmp_path / "CHANGELOG.md").write_text(changelog)
    assert run_step("notes", "v1.1.0", tmp_path) == 0
    assert (tmp_path / "dist" / "NOTES.md").read_text() == "\n- b\n\n"


@pytest.mark.parametrize("tag", ["v0.1.0", "v11.1.0", "v2.0.0"])
def test_what_the_changelog_does_not_know_is_not_released(tag: str, tmp_path: Path) -> None:
    (tmp_path / "CHANGELOG.md").write_text("# Changelog\n\n## [1.1.0]\n\n- b\n")
    assert run_step("notes", tag, tmp_path) != 0
