"""Where a project's folder is imported from, and what it declares and lacks."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tailrace.shared.project.file import read_project
from tailrace.shared.project.packages import import_paths
from tailrace.shared.project.requirements import (
    code_folders,
    how_to_install,
    install_arguments,
    missing,
)
from tailrace.shared.project.values import Project
from tests.support.graphs import graphs_file
from tests.support.project import write

LAYOUTS: dict[str, dict[str, str]] = {
    "flat": {"mill/__init__.py": ""},
    "src": {"src/mill/__init__.py": ""},
    "src without __init__": {"src/mill/wheel.py": ""},
    "setuptools find": {
        "pyproject.toml": "[tool.setuptools.packages.find]\nwhere = ['lib']",
        "lib/mill/__init__.py": "",
    },
    "setuptools package-dir of all": {
        "pyproject.toml": "[tool.setuptools.package-dir]\n'' = 'lib'",
        "lib/mill/__init__.py": "",
    },
    "setuptools package-dir, as LangGraph's templates have it": {
        "pyproject.toml": (
            "[tool.setuptools]\npackages = ['langgraph.templates.mill', 'mill']\n"
            "[tool.setuptools.package-dir]\n"
            "'langgraph.templates.mill' = 'lib/mill'\n'mill' = 'lib/mill'"
        ),
        "lib/mill/__init__.py": "",
    },
    "setup.cfg package_dir": {
        "setup.cfg": "[options]\npackage_dir =\n    = lib\n",
        "lib/mill/__init__.py": "",
    },
    "setup.cfg find": {
        "setup.cfg": "[options.packages.find]\nwhere = lib\n",
        "lib/mill/__init__.py": "",
    },
    "hatch packages": {
        "pyproject.toml": "[tool.hatch.build.targets.wheel]\npackages = ['lib/mill']",
        "lib/mill/__init__.py": "",
    },
    "hatch sources": {
        "pyproject.toml": "[tool.hatch.build.targets.wheel]\nsources = ['lib']",
        "lib/mill/__init__.py": "",
    },
    "poetry": {
        "pyproject.toml": "[tool.poetry]\npackages = [{include = 'mill', from = 'lib'}]",
        "lib/mill/__init__.py": "",
    },
    "pdm": {
        "pyproject.toml": "[tool.pdm.build]\npackage-dir = 'lib'",
        "lib/mill/__init__.py": "",
    },
    "uv": {
        "pyproject.toml": "[tool.uv.build-backend]\nmodule-root = 'lib'",
        "lib/mill/__init__.py": "",
    },
    "metadata that can't be read": {
        "pyproject.toml": "[tool",
        "setup.cfg": "no section",
        "mill/__init__.py": "",
    },
    "metadata of another form": {
        "pyproject.toml": "tool = 5\n[project]\ndependencies = 'x'",
        "mill/__init__.py": "",
    },
}


def imports(folder: Path, module: str) -> bool:
    """Whether another Python finds the module with nothing but the folder's paths."""
    paths = [str(path) for path in import_paths(folder)]
    code = f"import sys; sys.path[:0] = {paths!r}; import {module}"
    return subprocess.run([sys.executable, "-I", "-c", code], check=False).returncode == 0


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_package_is_found_in_every_layout(tmp_path: Path, layout: str) -> None:
    write(tmp_path, LAYOUTS[layout])

    assert imports(tmp_path, "mill")


def test_a_folder_that_is_a_package_is_found_by_its_name_and_its_modules_by_theirs(
    tmp_path: Path,
) -> None:
    write(tmp_path, {"mill/__init__.py": "", "mill/wheel.py": ""})

    assert imports(tmp_path / "mill", "mill.wheel")
    assert imports(tmp_path / "mill", "wheel")


def declaring(folder: Path, files: dict[str, str], **more: Any) -> Project:
    write(folder, files)
    return read_project(graphs_file(folder, {"a": "./a.py:graph"}, **more))


PYPROJECT = """
[project]
name = "own"
version = "1"
dependencies = ["water-mill>=2", "orjson", "wind-mill; python_version < '3'", "orjson<1"]
"""
REQUIREMENTS = """
# comments and options say nothing
--index-url https://host/simple
-e ./elsewhere
-r more.txt
saw_mill==1.5  # behind
git+https://host/x.git
"""


def test_what_is_declared_and_missing_is_named(tmp_path: Path) -> None:
    files = {"pyproject.toml": PYPROJECT, "requirements.txt": REQUIREMENTS}
    files["more.txt"] = "-r requirements.txt\npaper-mill\n"
    made = declaring(tmp_path, files, dependencies=[".", "oil-mill", "langgraph>=999"])

    *named, own, last = missing(made)
    assert {*named, own, last} >= {"oil-mill", "water-mill>=2", "saw_mill==1.5", "paper-mill"}
    assert any(text.startswith("langgraph>=999 (") for text in missing(made))
    assert any(text.startswith("orjson<1 (") for text in missing(made))
    assert "orjson" not in missing(made)
    assert len(missing(made)) == 6


def test_a_project_that_declares_nothing_lacks_nothing(tmp_path: Path) -> None:
    made = declaring(tmp_path, {"requirements.txt": "water-mill"})

    assert missing(made) == ()
    assert install_arguments(made) == ()
    assert how_to_install(made) == ""


def test_the_command_installs_all_that_is_declared(tmp_path: Path) -> None:
    files = {
        "requirements.txt": "",
        "parts/pyproject.toml": "[project]\nname = 'parts'",
        "plain/words.py": "",
    }
    made = declaring(tmp_path, files, dependencies=["a b>=1", ".", "./parts", "./plain"])

    parts = str(tmp_path / "parts")
    requirements = str(tmp_path / "requirements.txt")
    assert install_arguments(made) == ("a b>=1", "-r", requirements, "-e", parts)
    assert how_to_install(made) == (
        f"tailrace dev --install, or pip install 'a b>=1' -r {requirements} -e {parts}"
    )


def test_the_members_of_a_uv_workspace_belong_to_the_project(tmp_path: Path) -> None:
    files = {
        "pyproject.toml": "[tool.uv.workspace]\nmembers = ['packages/*']",
        "packages/one/pyproject.toml": "[project]\nname = 'one'\ndependencies = ['water-mill']",
        "packages/notes/notes.txt": "",
    }
    made = declaring(tmp_path, files, source={"kind": "uv", "root": "."})

    assert code_folders(made) == (tmp_path, tmp_path / "packages" / "one")
    assert missing(made) == ("water-mill",)
