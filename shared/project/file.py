"""Reads and checks a project's `langgraph.json`. Imports nothing of the project."""

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NoReturn, cast

import orjson

from tailrace.shared.errors import ConfigurationError
from tailrace.shared.project.keys import check_keys
from tailrace.shared.project.values import GraphEntry, Project, StoreConfig, StoreIndex, StoreTtl

Content = Mapping[str, Any]

_FORM: Final = '{"graphs": {"name": "./path.py:variable"}}'
_JAVASCRIPT: Final = frozenset({".ts", ".mts", ".cts", ".tsx", ".js", ".mjs", ".cjs", ".jsx"})
_INSTALLERS: Final = ("auto", "pip", "uv")
_SHORTEST_TTL_MIN: Final = 60
"""Checkpoints of an ended job live an hour."""


def read_project(path: Path) -> Project:
    """Read and check the file; nothing of the project is imported.

    Raises:
        ConfigurationError: says which key is wrong, unknown or not supported, and what to do.
    """
    content = _content(path)
    try:
        return _project(path.resolve(), content, check_keys(content))
    except ConfigurationError as error:
        raise ConfigurationError(f"{path}: {error}") from error


def _content(path: Path) -> Content:
    try:
        content = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror} (TAILRACE_GRAPHS names it)") from error
    except ValueError as error:
        raise ConfigurationError(f"{path} is not JSON: {error}") from error
    if not isinstance(content, dict) or not isinstance(
        cast("Content", content).get("graphs"), dict
    ):
        raise ConfigurationError(f"{path} has to look like {_FORM}")
    return cast("Content", content)


def _project(path: Path, content: Content, image_only: tuple[str, ...]) -> Project:
    installer = content.get("pip_installer") or "auto"
    if installer not in _INSTALLERS:
        _wrong("pip_installer", "auto, pip or uv")
    _check_python(_text(content, "python_version"))
    project = Project(
        path=path,
        graphs=tuple(_graph(name, told) for name, told in content["graphs"].items()),
        dependencies=_dependencies(path.parent, content),
        env=_env(content.get("env")),
        store=_store(content.get("store") or {}),
        thread_ttl_s=_thread_ttl_s(content.get("checkpointer") or {}),
        python_version=_text(content, "python_version"),
        pip_config_file=_text(content, "pip_config_file"),
        pip_installer=installer,
        image_only=image_only,
    )
    for folder in project.local_folders():
        if not folder.is_dir():
            raise ConfigurationError(f"dependencies: there is no folder {folder}")
    return project


def _graph(name: str, told: Any) -> GraphEntry:
    entry = cast("Content", told) if isinstance(told, dict) else {"path": told}
    if unknown := set(entry) - {"path", "description"}:
        raise ConfigurationError(f"graph {name!r}: {min(unknown)!r} is not a key of a graph")
    place, colon, variable = str(entry.get("path")).rpartition(":")
    if not (colon and place and variable):
        target = str(entry.get("path"))
        raise ConfigurationError(f"graph {name!r}: {target!r} has to look like ./path.py:variable")
    if Path(place).suffix in _JAVASCRIPT:
        raise ConfigurationError(
            f"graph {name!r}: {place} is JavaScript, and graphs here are in Python; remove it from"
            " the file, and serve it with LangGraph's own server"
        )
    return GraphEntry(name, place, variable, str(entry.get("description") or ""))


def _dependencies(folder: Path, content: Content) -> tuple[str, ...]:
    told = _texts("dependencies", content.get("dependencies", []))
    source = content.get("source")
    if not source:
        return told
    if not isinstance(source, dict) or cast("Content", source).get("kind") != "uv":
        _wrong("source", 'an object with "kind": "uv"')
    if told:
        raise ConfigurationError("dependencies: with source, they are in its pyproject.toml")
    root = cast("Content", source).get("root") or "."
    if not isinstance(root, str) or not (folder / root).is_dir():
        _wrong("source.root", "a folder")
    return (root if root.startswith((".", "/")) else f"./{root}",)


def _env(told: Any) -> Mapping[str, str] | str:
    if not told:
        return {}
    if isinstance(told, str):
        return told
    table = _object("env", told)
    if not all(isinstance(value, (str, int, float, bool)) for value in table.values()):
        _wrong("env", "an object of texts")
    return {
        name: value if isinstance(value, str) else _shown(value) for name, value in table.items()
    }


def _shown(value: bool | float) -> str:
    return orjson.dumps(value).decode()


def _store(told: Any) -> StoreConfig:
    config = _object("store", told)
    ttl = _object("store.ttl", config.get("ttl") or {})
    refresh = ttl.get("refresh_on_read", True)
    if not isinstance(refresh, bool):
        _wrong("store.ttl.refresh_on_read", "true or false")
    life = StoreTtl(_minutes("store.ttl.default_ttl", ttl.get("default_ttl")), refresh)
    return StoreConfig(life, _index(config.get("index")))


def _index(told: Any) -> StoreIndex | None:
    if not told:
        return None
    index = _object("store.index", told)
    dims, embed, fields = index.get("dims"), index.get("embed"), index.get("fields")
    if not isinstance(dims, int) or dims < 1 or not isinstance(embed, str) or not embed:
        _wrong("store.index", '{"dims": 1536, "embed": "provider:model or ./path.py:function"}')
    return StoreIndex(dims, embed, None if fields is None else _texts("store.index.fields", fields))


def _thread_ttl_s(told: Any) -> float | None:
    config = _object("checkpointer", told)
    if config.get("backend", "default") != "default":
        _wrong("checkpointer.backend", '"default": checkpoints are kept beside the log, in Redis')
    ttl = _object("checkpointer.ttl", config.get("ttl") or {})
    minutes = _minutes("checkpointer.ttl.default_ttl", ttl.get("default_ttl"))
    if minutes is None or ttl.get("strategy", "delete") == "keep_latest":
        return None
    if minutes < _SHORTEST_TTL_MIN:
        _wrong("checkpointer.ttl.default_ttl", f"at least {_SHORTEST_TTL_MIN} minutes")
    return minutes * 60


def _minutes(name: str, told: Any) -> float | None:
    if told is None:
        return None
    if isinstance(told, bool) or not isinstance(told, (int, float)) or told <= 0:
        _wrong(name, "minutes, more than 0")
    return float(told)


def _object(name: str, told: Any) -> Content:
    if not isinstance(told, dict):
        _wrong(name, "an object")
    return cast("Content", told)


def _texts(name: str, told: Any) -> tuple[str, ...]:
    items: list[Any] = cast("list[Any]", told) if isinstance(told, list) else [told]
    if not isinstance(told, list) or not all(isinstance(item, str) for item in items):
        _wrong(name, "a list of texts")
    return tuple(items)


def _text(content: Content, name: str) -> str:
    told = content.get(name) or ""
    if not isinstance(told, str):
        _wrong(name, "a text")
    return told


def _check_python(wanted: str) -> None:
    if not wanted:
        return
    found = re.fullmatch(r"(\d+)\.(\d+)(-.*)?", wanted)
    if found is None:
        _wrong("python_version", 'a text such as "3.12"')
    if (int(found[1]), int(found[2])) > sys.version_info[:2]:
        here = f"{sys.version_info[0]}.{sys.version_info[1]}"
        raise ConfigurationError(
            f"python_version is {wanted}, and this is Python {here}: install Tailrace and the"
            f" project into a Python {wanted}"
        )


def _wrong(name: str, form: str) -> NoReturn:
    raise ConfigurationError(f"{name} has to be {form}")
