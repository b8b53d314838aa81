"""Which project a run serves, and whether it is Tailrace's own demonstration. Imports no graph."""

from pathlib import Path
from typing import Final

from tailrace.deploy.local.errors import LocalError
from tailrace.shared.errors import ConfigurationError
from tailrace.shared.project.file import read_project
from tailrace.shared.project.values import GraphEntry, Project

_OUR_GRAPHS: Final = (Path(__file__).parents[2] / "worker" / "graphs").resolve()
_OUR_MODULES: Final = "tailrace.worker.graphs."


def open_project(file: Path) -> Project:
    """The project that the file describes; its variables are in the environment afterwards.

    Raises:
        LocalError: there is no such file, or something in it is wrong.
    """
    if not file.is_file():
        raise LocalError(
            f"there is no {file}: go to the folder of a langgraph.json, or name it with --graphs"
        )
    try:
        project = read_project(file)
    except ConfigurationError as error:
        raise LocalError(str(error)) from error
    project.fill_environment()
    return project


def is_ours(project: Project) -> bool:
    """Whether it has no graphs but those that Tailrace brings along."""
    return all(_is_our_graph(entry, project) for entry in project.graphs)


def _is_our_graph(entry: GraphEntry, project: Project) -> bool:
    if not entry.is_file:
        return entry.place.startswith(_OUR_MODULES)
    return (project.folder / entry.place).resolve().is_relative_to(_OUR_GRAPHS)
