"""Every key of `langgraph.json`, and what becomes of it here: one table, which the docs repeat.

The names are LangGraph's own (`langgraph_cli.schemas.Config`, and the `path` of a store).
"""

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

from tailrace.shared.errors import ConfigurationError

Fate = Literal["honoured", "image", "refused"]


@dataclass(frozen=True, slots=True)
class Key:
    """One key, by its path in the file."""

    name: str
    """With dots between; `*` stands for the name of a graph."""
    fate: Fate
    """`image`: it only matters where an image is built; the log names it once."""
    words: str
    """What is done; of a refused key, what to do instead."""


KEYS: Final = (
    Key("graphs", "honoured", "`./path.py:variable` or `package.module:variable`, by name."),
    Key("graphs.*.path", "honoured", "The same, if the graph is an object."),
    Key("graphs.*.description", "honoured", "Shown by `GET /graphs`."),
    Key(
        "dependencies",
        "honoured",
        "Folders can be imported from. Missing distributions are named at startup, "
        "and installed by `tailrace dev --install`.",
    ),
    Key("env", "honoured", "A file or a table; adds what the environment does not set."),
    Key("source", "honoured", "The uv project in `root` takes the place of `dependencies`."),
    Key("source.kind", "honoured", "`uv`, the only kind."),
    Key("source.root", "honoured", "Can be imported from, with the members of its workspace."),
    Key("source.package", "honoured", "Has no effect: every member can be imported from."),
    Key("python_version", "honoured", "An older Python is refused; a newer one is logged."),
    Key("store", "honoured", "The store that graphs get, one per tenant."),
    Key("store.ttl", "honoured", "How long items are kept."),
    Key("store.ttl.default_ttl", "honoured", "Minutes."),
    Key("store.ttl.refresh_on_read", "honoured", "Whether reading an item restarts its TTL."),
    Key(
        "store.ttl.sweep_interval_minutes",
        "honoured",
        "Has no effect: expired items are never seen.",
    ),
    Key("store.index", "honoured", "How to search by meaning."),
    Key("store.index.dims", "honoured", "The length of an embedding."),
    Key("store.index.embed", "honoured", "The embedding model, or a function of yours."),
    Key("store.index.fields", "honoured", "Which fields of an item are embedded."),
    Key(
        "store.path",
        "refused",
        "Graphs get Tailrace's own store, on Redis. Pass your own to `compile(store=...)`.",
    ),
    Key("checkpointer", "honoured", "Checkpoints are kept beside the job's log, in Redis."),
    Key("checkpointer.backend", "honoured", "`default`, the only backend."),
    Key(
        "checkpointer.ttl",
        "honoured",
        "A thread is a job, and must be kept no longer than `default_ttl`. `tailrace dev` sees to "
        "that; elsewhere, a worker whose settings keep jobs longer does not start.",
    ),
    Key("checkpointer.ttl.strategy", "honoured", "Either way, a job keeps its newest checkpoint."),
    Key("checkpointer.ttl.default_ttl", "honoured", "Minutes; at least 60."),
    Key(
        "checkpointer.ttl.sweep_interval_minutes", "honoured", "Has no effect: Redis expires keys."
    ),
    Key("checkpointer.ttl.sweep_limit", "honoured", "Has no effect: Redis expires keys."),
    Key(
        "checkpointer.serde",
        "honoured",
        "Data types that the graph has loaded are restored from a checkpoint, listed or not; "
        "nothing else is imported or called.",
    ),
    Key("checkpointer.serde.allowed_json_modules", "honoured", "Has no effect."),
    Key("checkpointer.serde.allowed_msgpack_modules", "honoured", "Has no effect."),
    Key(
        "checkpointer.serde.pickle_fallback",
        "refused",
        "Nothing is unpickled. Keep such values out of the state, or convert them to plain data.",
    ),
    Key(
        "checkpointer.path",
        "refused",
        "Checkpoints are fenced and stored with the job's log, which another checkpointer can't "
        "do. Remove the key.",
    ),
    Key(
        "auth",
        "refused",
        "Set TAILRACE_API_KEYS (`tailrace key` makes them), or put your own authentication in a "
        "proxy in front, and remove the key.",
    ),
    Key(
        "http",
        "refused",
        "Serve `http.app` as a separate process; use TAILRACE_CORS_ORIGINS instead of `http.cors`; "
        "send headers that a graph needs in `config.configurable`.",
    ),
    Key("encryption", "refused", "Encrypt the disks of Redis, or the values in your state."),
    Key(
        "priority",
        "refused",
        "Jobs run in the order they arrive. Give urgent jobs workers of their own.",
    ),
    Key("webhooks", "refused", "Follow the job's events, or ask for the job when it has ended."),
    Key("ui", "refused", "Serve the components from your own page, and remove the key."),
    Key("ui_config", "refused", "Serve the components from your own page, and remove the key."),
    Key("project_root", "refused", "LangGraph replaced it: use `source.root`."),
    Key("package", "refused", "LangGraph replaced it: use `source.package`."),
    Key("api_version", "image", "Which version of LangGraph's server an image has."),
    Key("base_image", "image", "Only used to build an image."),
    Key("image_distro", "image", "Only used to build an image."),
    Key("dockerfile_lines", "image", "Install the same things where the worker runs."),
    Key("pip_config_file", "honoured", "Used by `tailrace dev --install`, which then calls pip."),
    Key("pip_installer", "honoured", "Used by `tailrace dev --install`: `auto`, `pip` or `uv`."),
    Key("keep_pkg_tools", "image", "Which tools an image keeps."),
    Key("node_version", "image", "For graphs in JavaScript, which are refused by name."),
    Key("_INTERNAL_docker_tag", "image", "Only used to build an image."),
    Key("$schema", "honoured", "For editors."),
)

_BY_NAME: Final = {key.name: key for key in KEYS}
_OPEN: Final = frozenset({"env", "graphs", *(key.name for key in KEYS if key.fate == "refused")})
"""Objects whose names are the project's own, or whose content no longer matters."""


def check_keys(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Refuse what is not honoured; the keys that only matter for an image.

    A key with an empty value (null, false, an empty object) asks for nothing.

    Raises:
        ConfigurationError: names every key that is unknown or refused, and what to do.
    """
    found = dict(_walk(content, ""))
    wrong = [complaint for name in found if (complaint := _complaint(name))]
    if wrong:
        raise ConfigurationError("; ".join(wrong))
    return tuple(name for name in found if _BY_NAME[name].fate == "image")


def _walk(content: Mapping[str, Any], above: str) -> Iterator[tuple[str, Any]]:
    for name, value in content.items():
        path = above + name
        if value or path not in _BY_NAME:
            yield path, value
        if isinstance(value, dict) and path not in _OPEN and path in _BY_NAME:
            yield from _walk(cast("Mapping[str, Any]", value), f"{path}.")


def _complaint(name: str) -> str:
    key = _BY_NAME.get(name)
    if key is None:
        return f"{name!r} is not a key of langgraph.json{_did_you_mean(name)}"
    return f"{name!r} is not supported. {key.words}" if key.fate == "refused" else ""


def _did_you_mean(name: str) -> str:
    near = difflib.get_close_matches(name, _BY_NAME, n=1)
    return f"; did you mean {near[0]!r}?" if near else ""
