import asyncio
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from langgraph.errors import InvalidUpdateError
from langgraph.pregel import Pregel

from tailrace.shared.errors import ConfigurationError
from tailrace.shared.project.file import read_project
from tailrace.worker.catalogue.factories import Call, GraphSource
from tailrace.worker.catalogue.registry import Registry, load_registry
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


def loaded(path: Path) -> Registry:
    return load_registry(read_project(path))


async def output(made: GraphSource, value: Any, **configurable: Any) -> Any:
    config: Any = {"configurable": configurable}
    async with made.open(Call(config)) as graph:
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

    async with made.open(Call({})) as one, made.open(Call({})) as other:
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

    assert names(loaded(graphs_file(tmp_path, {"a": "water_mill:graph"}))) == ["a"]


def test_folders_that_are_dependencies_can_be_imported_from(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "mill_parts.py").write_text(A_GRAPH)
    (tmp_path / "own.py").write_text("from mill_parts import graph")
    path = graphs_file(tmp_path, {"a": "./own.py:graph"}, dependencies=["./parts", "openai"])

    assert names(loaded(path)) == ["a"]


def test_a_file_that_two_graphs_share_is_executed_once(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(A_GRAPH + "other = builder.compile()\n")
    one, other = load_registry(
        read_project(graphs_file(tmp_path, {"a": "./own.py:graph", "b": "./own.py:other"}))
    )

    assert one.made.builder is other.made.builder


def test_two_files_of_one_name_do_not_meet(tmp_path: Path) -> None:
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "graph.py").write_text(A_GRAPH.replace("Of one node", folder))
    paths = {"one": "./one/graph.py:graph", "two": "./two/graph.py:graph"}

    registry = loaded(graphs_file(tmp_path, paths))

    assert [made.description for made in registry] == ["one.", "two."]


def test_the_environment_of_the_file_fills_in_only_what_is_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded(GRAPHS)
    assert os.environ[ENV] == "their own"

    monkeypatch.setenv(ENV, "mine")
    loaded(GRAPHS)
    assert os.environ[ENV] == "mine"


def test_an_env_file_fills_in_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHON_DOTENV_DISABLED")
    (tmp_path / ".env").write_text(f"{ENV}=from a file\n")
    loaded(graphs_file(tmp_path, {}, env=".env"))

    assert os.environ[ENV] == "from a file"


def test_an_env_file_that_is_not_there_is_named_and_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "own.py").write_text(A_GRAPH)

    assert names(loaded(graphs_file(tmp_path, {"a": "./own.py:graph"}, env=".env"))) == ["a"]
    [told] = [vars(record) for record in caplog.records if record.levelname == "WARNING"]
    assert told["file"] == str(tmp_path / ".env")


def test_a_missing_file_is_named_with_the_setting_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"nowhere\.json: .*TAILRACE_GRAPHS"):
        loaded(tmp_path / "nowhere.json")


def test_a_file_that_is_no_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "langgraph.json"
    path.write_text("{graphs:")

    with pytest.raises(ConfigurationError, match=r"langgraph\.json is not JSON"):
        loaded(path)


@pytest.mark.parametrize("content", ["[]", "{}", "null", '{"graphs": ["a"]}', '"graphs"'])
def test_a_file_of_another_form_is_shown_the_right_one(tmp_path: Path, content: str) -> None:
    path = tmp_path / "langgraph.json"
    path.write_text(content)

    with pytest.raises(ConfigurationError, match=r"has to look like .*path\.py:variable"):
        loaded(path)


@pytest.mark.parametrize("dependencies", ["parts", [1], None, {"a": "b"}], ids=repr)
def test_dependencies_of_another_form_are_a_wrong_file(tmp_path: Path, dependencies: Any) -> None:
    with pytest.raises(ConfigurationError, match="dependencies"):
        loaded(graphs_file(tmp_path, {}, dependencies=dependencies))


@pytest.mark.parametrize("entry", ["./own.py", "", 5, None, {}, {"path": "own"}], ids=repr)
def test_an_entry_without_a_variable_is_named(tmp_path: Path, entry: Any) -> None:
    with pytest.raises(ConfigurationError, match=r"graph 'a': .* has to look like"):
        loaded(graphs_file(tmp_path, {"a": entry}))


BROKEN_FILES = {
    "raises.py": "1 / 0",
    "exits.py": "raise SystemExit(3)",
    "wrong.py": "def",
    "notes.txt": "notes",
    "uncompilable.py": (
        "from langgraph.graph import StateGraph\ngraph = StateGraph(dict).add_edge('a', 'b')"
    ),
    "things.py": "thing = 5\ndef odd(one, other): ...",
}
BROKEN = {
    "no such file": ("./nowhere.py:graph", r"FileNotFoundError"),
    "no such module": ("water_mill_nowhere:graph", r"ModuleNotFoundError"),
    "no such variable": ("./own.py:nothing", r"AttributeError.*no 'nothing'; it has .*graph"),
    "a module that raises": ("./raises.py:graph", r"ZeroDivisionError"),
    "a module that is no Python": ("./wrong.py:graph", r"SyntaxError"),
    "a module that exits": ("./exits.py:graph", r"SystemExit"),
    "a graph that can't be compiled": ("./uncompilable.py:graph", r"ValueError.*unknown node"),
    "what is no graph": ("./things.py:thing", r"it is neither a graph nor a factory"),
    "a factory of unknown arguments": ("./things.py:odd", r"'one' is neither"),
    "a file of another kind": ("./notes.txt:graph", r"not a Python file"),
}


@pytest.mark.parametrize(("entry", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_graph_that_cannot_be_loaded_is_broken_and_the_others_are_not(
    tmp_path: Path, entry: str, reason: str, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "own.py").write_text(A_GRAPH)
    for name, text in BROKEN_FILES.items():
        (tmp_path / name).write_text(text)

    registry = loaded(graphs_file(tmp_path, {"a": entry, "b": "./own.py:graph"}))

    assert names(registry) == ["b"]
    assert re.search(reason, registry.broken["a"].reason)
    [record] = [record for record in caplog.records if record.levelname == "ERROR"]
    told: Any = record
    assert (told.graph, told.reference) == ("a", registry.broken["a"].reference)
    assert record.exc_info


def test_two_graphs_of_a_module_that_raises_are_broken_for_the_same_reason(tmp_path: Path) -> None:
    (tmp_path / "raises.py").write_text("graph = 1\n1 / 0")
    registry = loaded(graphs_file(tmp_path, {"a": "./raises.py:graph", "b": "./raises.py:other"}))

    reasons = [broken.reason for broken in registry.broken.values()]
    assert reasons == ["ZeroDivisionError: division by zero"] * 2


def test_a_factory_that_makes_no_graph_fails_when_it_is_opened(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("thing = lambda: 5")
    [source_of_it] = loaded(graphs_file(tmp_path, {"a": "./own.py:thing"}))

    with pytest.raises(ConfigurationError, match=r"graph 'a': its factory did not return a graph"):
        asyncio.run(output(source_of_it, {}))


def test_a_missing_module_is_named_and_never_guessed_into_a_distribution(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "own.py").write_text("import yaml_nowhere")
    loaded(graphs_file(tmp_path, {"a": "./own.py:graph"}))

    [told] = [vars(record) for record in caplog.records if record.levelname == "ERROR"]
    assert told["reason"] == "ModuleNotFoundError: No module named 'yaml_nowhere'"
    assert told["todo"].startswith("add the distribution that has it to the project's dependencies")


def test_a_missing_module_of_a_project_that_declares_what_is_missing_gets_the_command(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "own.py").write_text("import water_mill_nowhere")
    loaded(graphs_file(tmp_path, {"a": "./own.py:graph"}, dependencies=["water-mill>=2", "orjson"]))

    missing, broken = (vars(r) for r in caplog.records if r.levelname in {"WARNING", "ERROR"})
    assert missing["missing"] == ["water-mill>=2"]
    for told in (missing, broken):
        assert "tailrace dev --install, or pip install 'water-mill>=2' orjson" in told["todo"]
