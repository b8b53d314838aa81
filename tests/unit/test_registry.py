import asyncio
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langgraph.errors import InvalidUpdateError
from langgraph.pregel import Pregel

from tailrace.shared.errors import ConfigurationError
from tailrace.worker.registry import GraphSource, Registry, load_registry
from tests.support.graphs import (
    ENV,
    GRAPHS,
    NAMES,
    graphs_file,
    own_interpreter,
    source,
    their_graphs,
)

A_GRAPH = """
\"\"\"Of one node.\"\"\"
from typing import TypedDict
from langgraph.graph import START, StateGraph

class Text(TypedDict):
    text: str

def say(state: Text) -> Text:
    return state

builder = StateGraph(Text)
builder.add_node("say", say)
builder.add_edge(START, "say")
graph = builder.compile()
"""


@pytest.fixture(autouse=True)
def restored_interpreter() -> Iterator[None]:
    with own_interpreter():
        yield


@pytest.fixture
def registry() -> Registry:
    return their_graphs()


def names(registry: Registry) -> list[str]:
    return [made.name for made in registry]


async def output(made: GraphSource, value: Any, **configurable: Any) -> Any:
    config: Any = {"configurable": configurable}
    async with made.open(config) as graph:
        return await graph.ainvoke(value, config)


def test_everything_that_the_file_names_is_loaded_in_its_order(registry: Registry) -> None:
    assert names(registry) == NAMES


def test_a_name_that_is_not_in_the_file_is_not_served(registry: Registry) -> None:
    assert registry.get("nobody") is None


@pytest.mark.parametrize(
    ("name", "value", "result"),
    [
        ("typed", {"item": "wheel", "count": 1}, {"item": "wheel", "count": 2}),
        ("uncompiled", {"item": "wheel"}, {"item": "wheel", "count": 1}),
        ("modelled", {"name": "Ada"}, {"name": "Ada", "age": 1}),
        ("configured", {"text": "you"}, {"text": "hello you"}),
        ("awaited", {"text": "you"}, {"text": "awaited you"}),
        ("held", {"text": "you"}, {"text": "held you"}),
        ("functional", "run", "RUN!"),
        ("nested", {"path": []}, {"path": ["first", "first", "inner"]}),
    ],
)
async def test_every_form_of_graph_runs(
    registry: Registry, name: str, value: Any, result: Any
) -> None:
    assert await output(source(registry, name), value) == result


async def test_a_factory_gets_the_configuration_of_the_run(registry: Registry) -> None:
    made = source(registry, "configured")

    assert await output(made, {"text": "you"}, word="bye") == {"text": "bye you"}


async def test_a_context_manager_is_left_again_behind_a_run_that_fails(registry: Registry) -> None:
    visits: list[str] = []

    with pytest.raises(InvalidUpdateError):
        await output(source(registry, "held"), "no state", visits=visits)
    assert visits == ["entered", "left"]


async def test_a_graph_that_is_no_factory_is_the_same_for_every_run(registry: Registry) -> None:
    made = source(registry, "typed")

    async with made.open({}) as one, made.open({}) as other:
        assert isinstance(one, Pregel)
        assert one is other


@pytest.mark.parametrize(
    ("name", "description"),
    [
        ("described", "Words from the file."),
        ("awaited", "Made by a coroutine."),
        ("functional", "A graph of the functional API."),
    ],
)
def test_a_description_comes_from_the_file_the_factory_or_the_module(
    registry: Registry, name: str, description: str
) -> None:
    assert source(registry, name).description == description


def test_a_module_path_works_too(tmp_path: Path) -> None:
    (tmp_path / "water_mill.py").write_text(A_GRAPH)

    assert names(load_registry(graphs_file(tmp_path, {"a": "water_mill:graph"}))) == ["a"]


def test_folders_that_are_dependencies_can_be_imported_from(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "mill_parts.py").write_text(A_GRAPH)
    (tmp_path / "own.py").write_text("from mill_parts import graph")
    path = graphs_file(tmp_path, {"a": "./own.py:graph"}, dependencies=["./parts", "openai"])

    assert names(load_registry(path)) == ["a"]


def test_a_file_that_two_graphs_share_is_executed_once(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(A_GRAPH + "other = builder.compile()\n")
    one, other = load_registry(
        graphs_file(tmp_path, {"a": "./own.py:graph", "b": "./own.py:other"})
    )

    assert one.made.builder is other.made.builder


def test_two_files_of_one_name_do_not_meet(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "graph.py").write_text(A_GRAPH.replace("Of one node", folder))
    paths = {"one": "./one/graph.py:graph", "two": "./two/graph.py:graph"}

    registry = load_registry(graphs_file(tmp_path, paths))

    assert [made.description for made in registry] == ["one.", "two."]


def test_the_environment_of_the_file_fills_in_only_what_is_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    load_registry(GRAPHS)
    assert os.environ[ENV] == "their own"

    monkeypatch.setenv(ENV, "mine")
    load_registry(GRAPHS)
    assert os.environ[ENV] == "mine"


def test_an_env_file_fills_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHON_DOTENV_DISABLED")
    (tmp_path / ".env").write_text(f"{ENV}=from a file\n")
    load_registry(graphs_file(tmp_path, {}, env=".env"))

    assert os.environ[ENV] == "from a file"


def test_a_missing_file_is_named_with_the_setting_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.json: .*TAILRACE_GRAPHS"):
        load_registry(tmp_path / "nowhere.json")


def test_a_file_that_is_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "langgraph.json"
    path.write_text("{graphs:")

    with pytest.raises(ConfigurationError, match=r"langgraph\.json is not JSON"):
        load_registry(path)


@pytest.mark.parametrize("content", ["[]", "{}", "null", '{"graphs": ["a"]}', '"graphs"'])
def test_a_file_of_another_form_is_shown_the_right_one(tmp_path: Path, content: str) -> None:
    path = tmp_path / "langgraph.json"
    path.write_text(content)

    with pytest.raises(ConfigurationError, match=r"has to look like .*path\.py:variable"):
        load_registry(path)


@pytest.mark.parametrize("dependencies", ["parts", [1], None, {"a": "b"}], ids=repr)
def test_dependencies_of_another_form_are_a_wrong_file(tmp_path: Path, dependencies: Any) -> None:
    with pytest.raises(ConfigurationError, match="dependencies"):
        load_registry(graphs_file(tmp_path, {}, dependencies=dependencies))


@pytest.mark.parametrize("entry", ["./own.py", "", 5, None, {}, {"path": "own"}], ids=repr)
def test_an_entry_without_a_variable_is_named(tmp_path: Path, entry: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"graph 'a': .* has to look like"):
        load_registry(graphs_file(tmp_path, {"a": entry}))


BROKEN = {
    "no such file": ("./nowhere.py:graph", r"FileNotFoundError"),
    "no such module": ("water_mill_nowhere:graph", r"ModuleNotFoundError"),
    "no such variable": ("./own.py:nothing", r"AttributeError.*nothing"),
    "a module that raises": ("./raises.py:graph", r"ZeroDivisionError"),
    "a module that is no Python": ("./wrong.py:graph", r"SyntaxError"),
    "a file of another kind": ("./notes.txt:graph", r"not a Python file"),
}


@pytest.mark.parametrize(("entry", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_graph_that_cannot_be_loaded_is_named_with_the_reason(
    tmp_path: Path, entry: str, reason: str
) -> None:
    (tmp_path / "own.py").write_text(A_GRAPH)
    (tmp_path / "raises.py").write_text("1 / 0")
    (tmp_path / "wrong.py").write_text("def")
    (tmp_path / "notes.txt").write_text("notes")

    with pytest.raises(ConfigurationError, match=rf"graph 'a' can't be loaded: .*{reason}"):
        load_registry(graphs_file(tmp_path, {"a": entry}))


@pytest.mark.parametrize("made", ["5", "None", "'graph'", "lambda: 5"])
def test_what_is_no_graph_and_makes_none_is_named_when_it_is_opened(
    tmp_path: Path, made: str
) -> None:
    (tmp_path / "own.py").write_text(f"thing = {made}")
    [source_of_it] = load_registry(graphs_file(tmp_path, {"a": "./own.py:thing"}))

    with pytest.raises(ConfigurationError, match=r"graph 'a': it is no graph"):
        asyncio.run(output(source_of_it, {}))
