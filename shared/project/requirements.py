"""Which distributions a project declares, which of them are missing, and how to install them.

The distribution of a module that can't be imported is never guessed: only what is declared counts.
"""

import importlib.metadata
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

from packaging.requirements import InvalidRequirement, Requirement

from tailrace.shared.project.packages import is_package, read_pyproject, workspace_members
from tailrace.shared.project.values import Project


def code_folders(project: Project) -> tuple[Path, ...]:
    """The folders of the project's code: its own, its dependencies' and their workspaces'."""
    roots = (project.folder, *project.local_folders())
    members = (member for root in roots for member in workspace_members(root))
    return tuple(dict.fromkeys((*roots, *members)))


def missing(project: Project) -> tuple[str, ...]:
    """The declared distributions that this environment lacks, or has in another version."""
    found = (_lack(line) for line in _declared(project))
    return tuple(dict.fromkeys(lack for lack in found if lack))


def install_arguments(project: Project) -> tuple[str, ...]:
    """Arguments for `install` of pip or uv, to install all that the project declares."""
    arguments = list(project.distributions())
    for folder in project.local_folders():
        if (folder / "requirements.txt").is_file():
            arguments += ["-r", str(folder / "requirements.txt")]
        if is_package(folder):
            arguments += ["-e", str(folder)]
    return tuple(arguments)


def how_to_install(project: Project) -> str:
    """The command to show to people; empty if the project declares nothing to install."""
    arguments = install_arguments(project)
    if not arguments:
        return ""
    return f"tailrace dev --install, or pip install {shlex.join(arguments)}"


def _declared(project: Project) -> Iterator[str]:
    yield from project.distributions()
    for folder in dict.fromkeys((*project.local_folders(), *code_folders(project)[1:])):
        yield from _of_requirements_file(folder / "requirements.txt")
        declared = read_pyproject(folder).get("project")
        if isinstance(declared, dict):
            lines = cast("dict[str, Any]", declared).get("dependencies", [])
            yield from (line for line in lines if isinstance(line, str))


def _of_requirements_file(file: Path, above: tuple[Path, ...] = ()) -> Iterator[str]:
    if not file.is_file() or file in above:
        return
    for line in file.read_text(errors="replace").splitlines():
        text = line.partition(" #")[0].strip()
        if text.startswith("-r "):
            other = (file.parent / text.removeprefix("-r ").strip()).resolve()
            yield from _of_requirements_file(other, (*above, file))
        elif text and not text.startswith(("#", "-")):
            yield text.partition(" --")[0].rstrip("\\ ")


def _lack(line: str) -> str | None:
    """What is missing; None also if the line names no distribution, such as a bare URL."""
    try:
        wanted = Requirement(line)
    except InvalidRequirement:
        return None
    if wanted.marker is not None and not wanted.marker.evaluate():
        return None
    shown = f"{wanted.name}{wanted.specifier}"
    try:
        version = importlib.metadata.version(wanted.name)
    except importlib.metadata.PackageNotFoundError:
        return shown
    fits = wanted.specifier.contains(version, prereleases=True)
    return None if fits else f"{shown} ({version} is installed)"
