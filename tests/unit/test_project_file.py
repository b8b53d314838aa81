"""Every key of `langgraph.json` is honoured, left alone aloud, or refused by name."""

import sys
from pathlib import Path
from typing import Any, get_args

import pytest

from tailrace.shared.errors import ConfigurationError
from tailrace.shared.project.file import read_project
from tailrace.shared.project.keys import KEYS, Fate
from tailrace.shared.project.lives import bounded_lives, refuse_longer_lives
from tailrace.shared.project.values import GraphEntry, Project, StoreConfig, StoreIndex, StoreTtl
from tailrace.shared.settings import SharedSettings
from tests.support.graphs import graphs_file

HERE = f"{sys.version_info[0]}.{sys.version_info[1]}"
GRAPH = {"agent": "./agent.py:graph"}
LANGGRAPHS_OWN = {
    *("python_version", "node_version", "api_version", "_INTERNAL_docker_tag", "base_image"),
    *("image_distro", "pip_config_file", "pip_installer", "source", "dockerfile_lines"),
    *("dependencies", "graphs", "env", "store", "checkpointer", "auth", "encryption", "priority"),
    *("http", "webhooks", "ui", "ui_config", "keep_pkg_tools", "project_root", "package"),
}
"""What langgraph-cli 0.4.40 knows (`_KNOWN_CONFIG_KEYS` and `schemas.Config`)."""


def project(folder: Path, graphs: Any = GRAPH, **more: Any) -> Project:
    return read_project(graphs_file(folder, graphs, **more))


def refusal(folder: Path, graphs: Any = GRAPH, **more: Any) -> str:
    with pytest.raises(ConfigurationError) as caught:
        project(folder, graphs, **more)
    return str(caught.value)


def test_every_key_that_langgraph_knows_is_in_the_table() -> None:
    assert {key.name for key in KEYS} >= {*LANGGRAPHS_OWN, "$schema"}
    assert {key.fate for key in KEYS} == set(get_args(Fate))


TOP = [key.name for key in KEYS if "." not in key.name]
REFUSED = [key for key in KEYS if key.fate == "refused"]


def nested(name: str, value: Any) -> dict[str, Any]:
    """`{"store": {"path": value}}` for `store.path`."""
    for part in reversed(name.split(".")):
        value = {part: value}
    return value


@pytest.mark.parametrize("key", REFUSED, ids=lambda key: key.name)
def test_a_refused_key_is_named_with_what_to_do_instead(tmp_path: Path, key: Any) -> None:
    told = refusal(tmp_path, **nested(key.name, {"path": "./own.py:thing"}))

    assert f"{key.name!r} is not supported. {key.words}" in told
    assert str(tmp_path / "langgraph.json") in told


def test_all_refused_keys_are_named_at_once(tmp_path: Path) -> None:
    told = refusal(tmp_path, auth={"path": "./a.py:auth"}, http={"app": "./a.py:app"}, grahps={})

    assert all(name in told for name in ("'auth'", "'http'", "'grahps'"))


@pytest.mark.parametrize("empty", [None, {}, [], "", False], ids=repr)
@pytest.mark.parametrize("name", [name for name in TOP if name not in {"graphs", "dependencies"}])
def test_a_key_with_an_empty_value_asks_for_nothing(tmp_path: Path, name: str, empty: Any) -> None:
    assert project(tmp_path, **{name: empty}).image_only == ()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("dependancies", "; did you mean 'dependencies'?"),
        ("grahps", "; did you mean 'graphs'?"),
        ("middleware", ""),
        ("store.ttll", "; did you mean 'store.ttl'?"),
        ("checkpointer.ttl.default_tll", "; did you mean 'checkpointer.ttl.default_ttl'?"),
    ],
)
def test_an_unknown_key_is_named_with_a_likely_one(tmp_path: Path, name: str, hint: str) -> None:
    told = refusal(tmp_path, **nested(name, None))

    assert told.endswith(f"{name!r} is not a key of langgraph.json{hint}")


IMAGE = {
    "api_version": "0.8",
    "base_image": "registry/image",
    "image_distro": "wolfi",
    "dockerfile_lines": ["RUN true"],
    "keep_pkg_tools": True,
    "node_version": "20",
    "_INTERNAL_docker_tag": "tag",
}


def test_keys_for_images_are_left_alone_and_can_be_named(tmp_path: Path) -> None:
    assert set(IMAGE) == {key.name for key in KEYS if key.fate == "image"}
    assert project(tmp_path, **IMAGE).image_only == tuple(IMAGE)


def test_both_forms_of_a_graph_are_read(tmp_path: Path) -> None:
    graphs = {
        "plain": "./agent.py:graph",
        "told": {"path": "my_agent.graph:make", "description": "Makes."},
    }

    assert project(tmp_path, graphs).graphs == (
        GraphEntry("plain", "./agent.py", "graph"),
        GraphEntry("told", "my_agent.graph", "make", "Makes."),
    )


def test_an_unknown_key_of_a_graph_is_refused(tmp_path: Path) -> None:
    told = refusal(tmp_path, {"a": {"path": "./a.py:graph", "descripton": "x"}})

    assert "graph 'a': 'descripton' is not a key of a graph" in told


@pytest.mark.parametrize("entry", ["./own.py", "", 5, None, {}, {"path": "own"}, ":x"], ids=repr)
def test_an_entry_without_a_variable_is_named(tmp_path: Path, entry: Any) -> None:
    assert "graph 'a': " in refusal(tmp_path, {"a": entry})
    assert " has to look like ./path.py:variable" in refusal(tmp_path, {"a": entry})


@pytest.mark.parametrize("suffix", [".ts", ".mts", ".js", ".mjs", ".tsx"])
def test_a_graph_in_javascript_is_refused_by_name(tmp_path: Path, suffix: str) -> None:
    told = refusal(tmp_path, GRAPH | {"js": f"./src/agent{suffix}:graph"})

    assert f"graph 'js': ./src/agent{suffix} is JavaScript" in told


@pytest.mark.parametrize(
    ("env", "variables"),
    [
        ({"A": "1", "B": 2, "C": True}, {"A": "1", "B": "2", "C": "true"}),
        (".env", {"A": "from a file"}),
        (None, {}),
    ],
    ids=["a table", "a file", "nothing"],
)
def test_the_environment_is_a_table_or_a_file(tmp_path: Path, env: Any, variables: Any) -> None:
    (tmp_path / ".env").write_text("A='from a file'\nEMPTY\n")

    assert project(tmp_path, env=env).variables() == variables


def test_an_env_file_that_is_not_there_says_nothing(tmp_path: Path) -> None:
    assert project(tmp_path, env=".env").variables() == {}


def test_dependencies_are_folders_or_distributions(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    made = project(tmp_path, dependencies=[".", "./parts", "openai>=1", "git+https://host/x.git"])

    assert made.local_folders() == (tmp_path, tmp_path / "parts")
    assert made.distributions() == ("openai>=1", "git+https://host/x.git")


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    assert f"there is no folder {tmp_path}/parts" in refusal(tmp_path, dependencies=["./parts"])


def test_a_uv_source_stands_for_the_dependencies(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()

    made = project(tmp_path, source={"kind": "uv", "root": "root", "package": "agent"})
    assert made.local_folders() == (tmp_path / "root",)
    assert "pyproject.toml" in refusal(tmp_path, source={"kind": "uv"}, dependencies=["."])
    assert "source has to be" in refusal(tmp_path, source={"kind": "git"})


WRONG = {
    "dependencies": "parts",
    "env": ["A=1"],
    "store": [1],
    "store.index": {"dims": 0, "embed": "a:b"},
    "store.ttl.default_ttl": -1,
    "store.ttl.refresh_on_read": "yes",
    "checkpointer": "redis",
    "checkpointer.backend": "mongo",
    "checkpointer.ttl.default_ttl": 59,
    "python_version": "3.11.4",
    "pip_installer": "poetry",
    "pip_config_file": 5,
    "source.root": 5,
}


@pytest.mark.parametrize(("name", "value"), WRONG.items(), ids=WRONG)
def test_a_value_of_another_form_is_named_with_the_right_one(
    tmp_path: Path, name: str, value: Any
) -> None:
    content = nested(name, value)
    if name == "source.root":
        content["source"]["kind"] = "uv"

    assert f"{name} has to be " in refusal(tmp_path, **content)


def test_the_store_is_handed_over_as_a_value(tmp_path: Path) -> None:
    ttl = {"default_ttl": 60, "refresh_on_read": False, "sweep_interval_minutes": 5}
    index = {"dims": 1536, "embed": "openai:text-embedding-3-small", "fields": ["$"]}

    assert project(tmp_path, store={"index": index, "ttl": ttl}).store == StoreConfig(
        StoreTtl(60.0, False), StoreIndex(1536, "openai:text-embedding-3-small", ("$",))
    )
    assert project(tmp_path).store == StoreConfig(StoreTtl(None, True))


def test_a_python_that_is_older_than_asked_for_is_refused(tmp_path: Path) -> None:
    assert f"python_version is 3.99, and this is Python {HERE}" in refusal(
        tmp_path, python_version="3.99"
    )
    assert project(tmp_path, python_version=HERE).python_version == HERE


def test_jobs_live_no_longer_than_threads_may(tmp_path: Path) -> None:
    ttl = {"strategy": "delete", "default_ttl": 1440, "sweep_interval_minutes": 60}
    made = project(tmp_path, checkpointer={"ttl": ttl})
    day_s = 24 * 3600
    fitting = SharedSettings(open_ttl_s=day_s, events_ttl_s=day_s, retention_s=day_s)

    refuse_longer_lives(made, fitting)
    with pytest.raises(ConfigurationError, match=r"set TAILRACE_OPEN_TTL_S=86400, TAILRACE_RET"):
        refuse_longer_lives(made, SharedSettings())
    assert bounded_lives(made, SharedSettings()) == {
        "TAILRACE_OPEN_TTL_S": "86400",
        "TAILRACE_RETENTION_S": "86400",
    }


@pytest.mark.parametrize(
    "checkpointer",
    [
        {},
        {"backend": "default"},
        {"ttl": {"strategy": "delete", "default_ttl": 43200, "sweep_limit": 10}},
        {"ttl": {"strategy": "keep_latest", "default_ttl": 1}},
        {"serde": {"allowed_json_modules": [["a", "b"]], "pickle_fallback": False}},
    ],
    ids=str,
)
def test_a_checkpointer_that_keeps_no_less_than_ours_is_honoured(
    tmp_path: Path, checkpointer: Any
) -> None:
    refuse_longer_lives(project(tmp_path, checkpointer=checkpointer), SharedSettings())
