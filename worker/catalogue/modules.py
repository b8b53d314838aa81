"""Imports a project's modules by file or by name; each file once."""

import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from tailrace.shared.project.packages import import_paths
from tailrace.shared.project.requirements import code_folders
from tailrace.shared.project.values import GraphEntry, Project


def make_importable(project: Project) -> None:
    """Put the project's own code first on `sys.path`, as Python does with a script's folder."""
    wanted = [str(path) for folder in code_folders(project) for path in import_paths(folder)]
    sys.path[:0] = [path for path in dict.fromkeys(wanted) if path not in sys.path]


def named_by(entry: GraphEntry, project: Project) -> tuple[Any, ModuleType]:
    """The object that the entry names, and its module; runs the module's code.

    Raises:
        AttributeError: the module has no such name; lists those it has.
        BaseException: whatever the module raises.
    """
    module = _from_file(project, entry) if entry.is_file else importlib.import_module(entry.place)
    try:
        return getattr(module, entry.variable), module
    except AttributeError as error:
        public = ", ".join(name for name in vars(module) if not name.startswith("_"))
        raise AttributeError(
            f"{entry.place} has no {entry.variable!r}; it has {public or 'nothing'}"
        ) from error


def _from_file(project: Project, entry: GraphEntry) -> ModuleType:
    file = (project.folder / entry.place).resolve()
    name = _module_name(file, project.folder)
    known = sys.modules.get(name)
    if known is not None and known.__file__ == str(file):
        return known
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        # The next graph in this file must not find half a module.
        del sys.modules[name]
        raise
    return module


def _module_name(file: Path, folder: Path) -> str:
    """The same wherever the project is: checkpoints name their types by it."""
    inside = file.is_relative_to(folder)
    place = file.relative_to(folder) if inside else file.relative_to(file.anchor)
    return "__" + "__".join(place.with_suffix("").parts).replace(".", "_")
