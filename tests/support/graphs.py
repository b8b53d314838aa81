"""Other people's graphs: those of `tests/graphs`, and files that a test writes for itself."""

import json
import os
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from tailrace.shared.project.file import read_project
from tailrace.worker.catalogue.factories import GraphSource
from tailrace.worker.catalogue.registry import Registry, load_registry

GRAPHS = Path(__file__).parents[1] / "graphs" / "langgraph.json"
NAMES: list[str] = list(json.loads(GRAPHS.read_text())["graphs"])
ENV = "TAILRACE_TEST_GRAPHS"
"""The variable that the file's own `env` fills in."""


@cache
def their_graphs() -> Registry:
    """What `tests/graphs` serves, loaded once; reads files, so it is called outside of any loop."""
    with own_interpreter():
        return load_registry(read_project(GRAPHS))


def source(registry: Registry, name: str) -> GraphSource:
    """A graph that the registry has."""
    found = registry.get(name)
    assert found is not None
    return found


def graphs_file(folder: Path, graphs: Any, **more: Any) -> Path:
    """Write a `langgraph.json`."""
    path = folder / "langgraph.json"
    path.write_text(json.dumps({"graphs": graphs, **more}))
    return path


@contextmanager
def own_interpreter() -> Generator[None]:
    """Take back what loading graphs adds to this process: import paths and a variable."""
    paths = sys.path.copy()
    try:
        yield
    finally:
        sys.path[:] = paths
        os.environ.pop(ENV, None)
