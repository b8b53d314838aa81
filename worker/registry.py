"""From `langgraph.json` to graphs: finds them, loads them once, opens one for a run."""

import importlib
import importlib.util
import inspect
import os
import sys
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any, Final, cast

import orjson
from dotenv import load_dotenv
from langchain_core.runnables import RunnableConfig
from langgraph.graph import StateGraph
from langgraph.pregel import Pregel

from tailrace.shared.errors import ConfigurationError

Graph = Pregel[Any, Any, Any, Any]
Factory = Callable[..., Any]
Entry = dict[str, Any]

_FORM: Final = '{"graphs": {"name": "./path.py:variable"}}'


@dataclass(frozen=True, slots=True)
class GraphSource:
    """One named graph, or the function that makes it for each run, as LangGraph's server does."""

    name: str
    description: str
    made: Any

    @asynccontextmanager
    async def open(self, config: RunnableConfig) -> AsyncGenerator[Graph]:
        """The compiled graph for one run.

        A factory is called with no argument or with the run's config; it may be a coroutine
        function or an async context manager.

        Raises:
            ConfigurationError: what the file names is no graph.
        """
        made = self._make(config)
        if inspect.isawaitable(made):
            made = await made
        if hasattr(made, "__aenter__"):
            async with made as entered:
                yield self._compiled(entered)
        else:
            yield self._compiled(made)

    def _make(self, config: RunnableConfig) -> Any:
        if isinstance(self.made, (Pregel, StateGraph)) or not callable(self.made):
            return cast("Any", self.made)
        factory = cast("Factory", self.made)
        return factory(config) if inspect.signature(factory).parameters else factory()

    def _compiled(self, made: Any) -> Graph:
        if isinstance(made, StateGraph):
            return cast("Any", made).compile()
        if not isinstance(made, Pregel):
            raise ConfigurationError(f"graph {self.name!r}: it is no graph, and no factory of one")
        return cast("Graph", made)


class Registry:
    """The graphs of one `langgraph.json`, by name."""

    def __init__(self, sources: Mapping[str, GraphSource]) -> None:
        self._sources = sources

    def __iter__(self) -> Any:
        return iter(self._sources.values())

    def get(self, name: str) -> GraphSource | None:
        """The graph of that name, if it is served here."""
        return self._sources.get(name)


def load_registry(path: Path) -> Registry:
    """Load every graph that the file names.

    Paths in it are relative to the file; `dependencies` that are folders can be imported from; an
    `env` file or mapping fills in the environment.

    Raises:
        ConfigurationError: says what is wrong with the file, or which graph can't be loaded.
    """
    content = _read(path)
    folder = path.resolve().parent
    for dependency in (".", *content.get("dependencies", [])):
        _importable(folder / dependency)
    _fill_environment(folder, content.get("env"))
    sources = {name: _load(name, entry, folder) for name, entry in content["graphs"].items()}
    return Registry(sources)


def _read(path: Path) -> Entry:
    try:
        content = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror} (TAILRACE_GRAPHS names it)") from error
    except ValueError as error:
        raise ConfigurationError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict) or not isinstance(cast("Entry", content).get("graphs"), dict):
        raise ConfigurationError(f"{path} has to look like {_FORM}")
    entries = cast("Entry", content)
    dependencies = entries.get("dependencies", [])
    if not isinstance(dependencies, list) or not all(
        isinstance(d, str) for d in cast("list[Any]", dependencies)
    ):
        raise ConfigurationError(f"{path}: dependencies has to be a list of texts")
    return entries


def _importable(folder: Path) -> None:
    if folder.is_dir() and str(folder.resolve()) not in sys.path:
        sys.path.insert(0, str(folder.resolve()))


def _fill_environment(folder: Path, env: str | Mapping[str, str] | None) -> None:
    if isinstance(env, str):
        load_dotenv(folder / env, override=False)
    elif env:
        for name, value in env.items():
            os.environ.setdefault(name, value)


def _load(name: str, entry: Any, folder: Path) -> GraphSource:
    details = cast("Entry", entry) if isinstance(entry, dict) else {"path": entry}
    target = str(details.get("path"))
    place, colon, variable = target.rpartition(":")
    if not colon:
        raise ConfigurationError(f"graph {name!r}: {target!r} has to look like ./path.py:variable")
    try:
        module = _module(place, folder)
        made = getattr(module, variable)
    except Exception as error:  # other people's modules may raise anything
        reason = f"{type(error).__name__}: {error}"
        raise ConfigurationError(f"graph {name!r} can't be loaded: {reason}") from error
    description = details.get("description") or _first_paragraph(made, module)
    return GraphSource(name, str(description), made)


def _module(place: str, folder: Path) -> ModuleType:
    if "/" not in place and not place.endswith(".py"):
        return importlib.import_module(place)
    file = (folder / place).resolve()
    module_name = "__".join(file.with_suffix("").parts[1:]).replace(".", "_")
    if module_name in sys.modules:
        return sys.modules[module_name]
    spec = importlib.util.spec_from_file_location(module_name, file)
    if spec is None or spec.loader is None:
        raise ImportError(f"{file} is not a Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[module_name] = module
    spec.loader.exec_module(module)
    return module


def _first_paragraph(made: Any, module: ModuleType) -> str:
    text = (inspect.getdoc(made) if inspect.isfunction(made) else None) or module.__doc__ or ""
    return " ".join(inspect.cleandoc(text).partition("\n\n")[0].split())
