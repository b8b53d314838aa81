"""Where a project's folder is imported from, as if it were installed: from its own metadata.

What only an installation can do, such as naming a package differently from its folder, is left to
`tailrace dev --install`.
"""

import configparser
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final, cast

Table = Mapping[str, Any]

_METADATA: Final = ("pyproject.toml", "setup.py", "setup.cfg")


def is_package(folder: Path) -> bool:
    """Whether the folder is a project that can be installed."""
    return any((folder / name).is_file() for name in _METADATA)


def import_paths(folder: Path) -> tuple[Path, ...]:
    """What has to be on `sys.path` for the folder's packages to be found, most specific first.

    The folder itself, and the place below it where its metadata, or a `src` without `__init__.py`,
    says that packages are. A folder that is a package itself is imported from its parent.
    """
    found = [folder, *(folder / root for root in _roots(folder))]
    if (folder / "src").is_dir() and not (folder / "src" / "__init__.py").exists():
        found.append(folder / "src")
    if (folder / "__init__.py").exists():
        found.append(folder.parent)
    existing = (path.resolve() for path in found if path.is_dir())
    return tuple(dict.fromkeys(existing))


def workspace_members(folder: Path) -> tuple[Path, ...]:
    """The members of the uv workspace whose root this is."""
    patterns = _at(read_pyproject(folder), "tool", "uv", "workspace").get("members", [])
    found = (path for pattern in _texts(patterns) for path in sorted(folder.glob(pattern)))
    return tuple(path for path in found if is_package(path))


def read_pyproject(folder: Path) -> Table:
    """The folder's `pyproject.toml`; empty if there is none or it can't be read."""
    try:
        return tomllib.loads((folder / "pyproject.toml").read_text())
    except (OSError, ValueError):
        return {}


def _roots(folder: Path) -> Iterator[str]:
    """Folders that hold packages, as declared for the common build backends."""
    tool = _at(read_pyproject(folder), "tool")
    setuptools = _at(tool, "setuptools")
    yield from _texts(_at(setuptools, "packages", "find").get("where", []))
    yield from _package_dir(_at(setuptools, "package-dir"))
    wheel = _at(tool, "hatch", "build", "targets", "wheel")
    yield from (str(PurePosixPath(path).parent) for path in _texts(wheel.get("packages", [])))
    yield from _texts(wheel.get("sources", []))
    packages = _at(tool, "poetry").get("packages", [])
    yield from _texts([table.get("from") for table in packages if isinstance(table, dict)])
    yield from _texts([_at(tool, "pdm", "build").get("package-dir")])
    yield from _texts([_at(tool, "uv", "build-backend").get("module-root")])
    yield from _of_setup_cfg(folder)


def _package_dir(table: Table) -> Iterator[str]:
    """From setuptools' map of packages to folders, as far as a path can express it."""
    for name, place in table.items():
        parts, path = [part for part in name.split(".") if part], PurePosixPath(str(place))
        if parts == list(path.parts[len(path.parts) - len(parts) :]):
            yield str(path.parents[len(parts) - 1] if parts else path)


def _of_setup_cfg(folder: Path) -> Iterator[str]:
    parser = configparser.ConfigParser()
    try:
        parser.read(folder / "setup.cfg")
    except configparser.Error:
        return
    yield from parser.get("options.packages.find", "where", fallback="").split()
    lines = parser.get("options", "package_dir", fallback="").split("\n")
    pairs = (line.partition("=") for line in lines if "=" in line)
    yield from _package_dir({name.strip(): place.strip() for name, _, place in pairs})


def _at(table: Any, *names: str) -> Table:
    for name in names:
        table = cast("Table", table).get(name) if isinstance(table, dict) else None
    return cast("Table", table) if isinstance(table, dict) else {}


def _texts(values: Iterable[Any]) -> list[str]:
    return [value for value in values if isinstance(value, str)]
