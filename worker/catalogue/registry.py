"""The graphs of one project, each loaded on its own, so that a broken one harms no other."""

import inspect
import logging
import secrets
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from tailrace.shared.project.requirements import how_to_install, missing
from tailrace.shared.project.values import GraphEntry, Project
from tailrace.worker.catalogue.factories import GraphSource
from tailrace.worker.catalogue.modules import make_importable, named_by

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BrokenGraph:
    """A graph that could not be loaded."""

    name: str
    description: str
    reference: str
    """Under which the log has the traceback."""
    reason: str
    """Type and text of the error; not for users."""


class Registry:
    """The graphs of one `langgraph.json`, by name."""

    def __init__(
        self, sources: Mapping[str, GraphSource], broken: Mapping[str, BrokenGraph] | None = None
    ) -> None:
        self._sources = sources
        self.broken = broken or {}

    def __iter__(self) -> Iterator[GraphSource]:
        return iter(self._sources.values())

    def get(self, name: str) -> GraphSource | None:
        """The graph of that name, if it is served here."""
        return self._sources.get(name)


def load_registry(project: Project) -> Registry:
    """Load every graph that the project names. Runs its code, so call it outside an event loop.

    Afterwards, the project's folders are importable and its environment variables are set.
    """
    project.fill_environment()
    make_importable(project)
    _log_what_is_left_out(project)
    loaded = [_load(entry, project) for entry in project.graphs]
    return Registry(
        {graph.name: graph for graph in loaded if isinstance(graph, GraphSource)},
        {graph.name: graph for graph in loaded if isinstance(graph, BrokenGraph)},
    )


def _load(entry: GraphEntry, project: Project) -> GraphSource | BrokenGraph:
    try:
        made, module = named_by(entry, project)
        description = entry.description or _first_paragraph(made, module)
        return GraphSource.of(entry.name, description, made)
    except BaseException as error:  # noqa: BLE001 - a user's module may raise anything, or exit
        return _broken(entry, error, project)


def _broken(entry: GraphEntry, error: BaseException, project: Project) -> BrokenGraph:
    reference, reason = secrets.token_hex(8), f"{type(error).__name__}: {error}"
    fields = {"graph": entry.name, "reference": reference, "reason": reason}
    if isinstance(error, ModuleNotFoundError):
        fields["todo"] = _what_to_do(project)
    logger.error("graph can't be loaded", exc_info=error, extra=fields)
    return BrokenGraph(entry.name, entry.description, reference, reason)


def _what_to_do(project: Project) -> str:
    lacking = missing(project)
    if lacking:
        return f"declared but not installed: {', '.join(lacking)}; {how_to_install(project)}"
    return (
        "add the distribution that has it to the project's dependencies (langgraph.json,"
        " pyproject.toml or requirements.txt), then tailrace dev --install"
    )


def _log_what_is_left_out(project: Project) -> None:
    if project.image_only:
        fields = {"keys": list(project.image_only)}
        logger.info("langgraph.json keys ignored outside an image build", extra=fields)
    here = ".".join(map(str, sys.version_info[:2]))
    if project.python_version and project.python_version != here:
        fields = {"running": here, "wanted": project.python_version}
        logger.info("Python is newer than langgraph.json asks for", extra=fields)
    file = project.env_file()
    if file is not None and not file.is_file():
        logger.warning("file named by env not found", extra={"file": str(file)})
    if lacking := missing(project):
        fields = {"missing": list(lacking), "todo": how_to_install(project)}
        logger.warning("declared distributions not installed", extra=fields)


def _first_paragraph(made: Any, module: ModuleType) -> str:
    text = (inspect.getdoc(made) if inspect.isfunction(made) else None) or module.__doc__ or ""
    return " ".join(inspect.cleandoc(text).partition("\n\n")[0].split())
