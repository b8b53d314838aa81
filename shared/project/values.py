"""What a LangGraph project asks for, as values. Knows nothing of the file's form."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, cast

from dotenv import dotenv_values


@dataclass(frozen=True, slots=True)
class GraphEntry:
    """One graph as the file names it."""

    name: str
    place: str
    """A file, relative to the project's folder, or a module."""
    variable: str
    description: str = ""

    @property
    def is_file(self) -> bool:
        """Whether the place is a file; otherwise it is a module's name."""
        return "/" in self.place or self.place.endswith(".py")


@dataclass(frozen=True, slots=True)
class StoreIndex:
    """How a store makes semantic search possible."""

    dims: int
    embed: str
    """`provider:model`, or `path.py:function` of the project."""
    fields: tuple[str, ...] | None = None
    """Paths of what is embedded; None: the whole item."""


@dataclass(frozen=True, slots=True)
class StoreTtl:
    """How long a store's items live."""

    default_min: float | None = None
    """Minutes; None: items without a TTL of their own are kept."""
    refresh_on_read: bool = True


@dataclass(frozen=True, slots=True)
class StoreConfig:
    """The store that the project's graphs ask for."""

    ttl: StoreTtl = field(default_factory=StoreTtl)
    index: StoreIndex | None = None


@dataclass(frozen=True, slots=True)
class Project:
    """What `langgraph.json` says, and where it is."""

    path: Path
    """Of the file; absolute."""
    graphs: tuple[GraphEntry, ...]
    dependencies: tuple[str, ...] = ()
    env: Mapping[str, str] | str = field(default_factory=dict[str, str])
    """Variables, or the file that has them, relative to the project's folder."""
    store: StoreConfig = field(default_factory=StoreConfig)
    thread_ttl_s: float | None = None
    """A job must live no longer than this."""
    python_version: str = ""
    pip_config_file: str = ""
    pip_installer: Literal["auto", "pip", "uv"] = "auto"
    image_only: tuple[str, ...] = ()
    """Keys that only matter when an image is built."""

    @property
    def folder(self) -> Path:
        """The folder that the paths in the file are relative to."""
        return self.path.parent

    def local_folders(self) -> tuple[Path, ...]:
        """The dependencies that are folders on this machine."""
        return tuple((self.folder / d).resolve() for d in self.dependencies if self._is_local(d))

    def distributions(self) -> tuple[str, ...]:
        """The dependencies that have to be installed from elsewhere."""
        return tuple(d for d in self.dependencies if not self._is_local(d))

    def env_file(self) -> Path | None:
        """The file with the project's variables, if they are in one."""
        return self.folder / self.env if isinstance(self.env, str) else None

    def variables(self) -> Mapping[str, str]:
        """The project's own environment; empty if its file does not exist.

        Such a file is mostly kept out of the repository, and its variables are then set elsewhere.
        """
        file = self.env_file()
        if file is None:
            return cast("Mapping[str, str]", self.env)
        return {name: value for name, value in dotenv_values(file).items() if value is not None}

    def fill_environment(self) -> None:
        """Set those of the project's variables that the environment does not set."""
        for name, value in self.variables().items():
            os.environ.setdefault(name, value)

    def _is_local(self, dependency: str) -> bool:
        return dependency.startswith((".", "/")) or (self.folder / dependency).is_dir()
