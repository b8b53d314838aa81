import asyncio
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from tailrace.shared.events import decode, encode
from tailrace.shared.project.file import read_project
from tailrace.shared.queue_store.catalogue import GraphSpec
from tailrace.worker.catalogue.description import describe, describe_broken
from tailrace.worker.catalogue.registry import load_registry
from tests.support.graphs import NAMES, graphs_file, own_interpreter, source, their_graphs

A_STATE = """
from typing import Any, Annotated, TypedDict
from langgraph.graph import START, MessagesState, StateGraph, add_messages
from langchain_core.messages import AnyMessage, BaseMessage, HumanMessage, ToolCall
from pydantic import BaseModel

{state}

def node(state: State) -> None:
    return None

builder = StateGraph(State)
builder.add_node("node", node)
builder.add_edge(START, "node")
graph = builder.compile()
"""


@pytest.fixture(autouse=True)
def restored_interpreter() -> Iterator[None]:
    with own_interpreter():
        yield


@cache
def described(name: str) -> GraphSpec:
    return asyncio.run(describe(source(their_graphs(), name))).spec


def described_state(folder: Path, state: str) -> GraphSpec:
    return described_file(folder, A_STATE.format(state=state))


def described_file(folder: Path, text: str) -> GraphSpec:
    (folder / "own.py").write_text(text)
    [made] = load_registry(read_project(graphs_file(folder, {"own": "./own.py:graph"})))
    return asyncio.run(describe(made)).spec


def accepts(spec: GraphSpec, value: Any) -> bool:
    schema = decode(encode(spec.input_schema))
    return Draft202012Validator(schema).is_valid(value)


@pytest.mark.parametrize("name", NAMES)
def test_every_form_of_graph_has_a_valid_schema_and_a_drawing(name: str) -> None:
    spec = described(name)

    Draft202012Validator.check_schema(spec.input_schema)
    assert spec.mermaid.startswith("---\nconfig:")
    assert "graph TD" in spec.mermaid
    assert spec.description
    assert spec.input_schema


@pytest.mark.parametrize("name", NAMES)
def test_a_description_survives_the_way_through_the_catalogue(name: str) -> None:
    spec = described(name)

    assert GraphSpec(**decode(encode(spec))) == spec


MESSAGES: dict[str, Any] = {
    "role and content": {"messages": [{"role": "user", "content": "hi"}]},
    "type and content": {"messages": [{"type": "human", "content": "hi"}]},
    "content in parts": {
        "messages": [{"role": "user", "content": [{"type": "text", "text": "h"}]}]
    },
    "one message": {"messages": {"role": "user", "content": "hi"}},
    "one text": {"messages": "hi"},
    "texts": {"messages": ["hi", "there"]},
    "pairs": {"messages": [["user", "hi"]]},
    "none yet": {"messages": []},
}


@pytest.mark.parametrize("value", MESSAGES.values(), ids=MESSAGES)
def test_messages_are_taken_in_every_form_that_langgraph_takes(value: Any) -> None:
    assert accepts(described("chat"), value)


@pytest.mark.parametrize(
    "value",
    [{"messages": 5}, {"messages": [5]}, {"messages": [{"role": "user"}]}, {"messages": None}, []],
    ids=repr,
)
def test_what_is_no_message_is_refused(value: Any) -> None:
    assert not accepts(described("chat"), value)


STATES = {
    "MessagesState": "State = MessagesState",
    "a subclass of it": "class State(MessagesState):\n    language: str",
    "add_messages over AnyMessage": (
        "class State(TypedDict):\n    messages: Annotated[list[AnyMessage], add_messages]"
    ),
    "add_messages over BaseMessage": (
        "class State(TypedDict):\n    messages: Annotated[list[BaseMessage], add_messages]"
    ),
    "pydantic": (
        "class State(BaseModel):\n    messages: Annotated[list[AnyMessage], add_messages] = []"
    ),
    "list alone": "class State(TypedDict):\n    messages: Annotated[list, add_messages]",
}


@pytest.mark.parametrize("state", STATES.values(), ids=STATES)
def test_however_messages_are_declared_role_and_content_are_taken(
    tmp_path: Path, state: str
) -> None:
    spec = described_state(tmp_path, state)

    assert accepts(spec, {"messages": [{"role": "user", "content": "hi"}]})


def test_a_tool_call_in_a_state_is_no_message(tmp_path: Path) -> None:
    state = "class State(TypedDict):\n    calls: list[ToolCall]\n    messages: list[AnyMessage]"
    spec = described_state(tmp_path, state)

    assert accepts(spec, {"calls": [{"name": "f", "args": {}, "id": "1"}]})
    assert not accepts(spec, {"calls": ["not a call"]})


def test_a_graph_that_takes_one_message_takes_role_and_content(tmp_path: Path) -> None:
    spec = described_state(tmp_path, "class State(TypedDict):\n    question: HumanMessage")

    assert accepts(spec, {"question": {"role": "user", "content": "hi"}})


@pytest.mark.parametrize("value", [{}, {"item": "wheel"}, {"count": 1, "note": "n"}], ids=repr)
def test_a_part_of_a_typed_dict_is_taken(value: Any) -> None:
    assert accepts(described("typed"), value)


@pytest.mark.parametrize("value", [{"item": 5}, {"count": "many"}, "wheel", None], ids=repr)
def test_a_typed_dict_with_wrong_types_is_refused(value: Any) -> None:
    assert not accepts(described("typed"), value)


@pytest.mark.parametrize(
    ("value", "taken"),
    [
        ({"name": "Ada"}, True),
        ({}, False),
        ({"name": ""}, False),
        ({"name": "A", "age": "x"}, False),
    ],
    ids=repr,
)
def test_a_pydantic_state_keeps_its_own_rules(value: Any, taken: bool) -> None:
    assert accepts(described("modelled"), value) == taken


def test_an_entrypoint_takes_what_its_function_takes() -> None:
    spec = described("functional")

    assert accepts(spec, "hi")
    assert not accepts(spec, {"text": "hi"})


UNTELLABLE = {
    "a type that has no schema": (
        "class Odd: ...\nclass State(TypedDict):\n    odd: Odd\n    text: str"
    ),
    "a type that is not there": "class State(TypedDict):\n    text: 'str'\n    any: Any",
}


@pytest.mark.parametrize("state", UNTELLABLE.values(), ids=UNTELLABLE)
def test_a_state_that_no_schema_tells_of_takes_anything(tmp_path: Path, state: str) -> None:
    spec = described_state(tmp_path, state)

    assert accepts(spec, {"text": "hi"})


def test_a_typed_dict_made_in_a_function_can_still_be_described(tmp_path: Path) -> None:
    text = (
        "def graph():\n"
        + "".join(
            f"    {line}\n"
            for line in A_STATE.format(state="class State(TypedDict):\n    text: str").splitlines()
            if not line.startswith("graph =")
        )
        + "    return builder\n"
    )
    spec = described_file(tmp_path, text)

    assert accepts(spec, {"text": "hi"})


def test_a_drawing_shows_what_lies_inside_a_node() -> None:
    spec = described("nested")

    assert "inner" in spec.mermaid


FACTORIES = {
    "raises": "def graph(config):\n    return config['configurable']['user']\n",
    "exits": "def graph(config):\n    raise SystemExit(3)\n",
    "makes no graph": "def graph(config):\n    return 5\n",
}


@pytest.mark.parametrize("text", FACTORIES.values(), ids=FACTORIES)
def test_a_factory_that_cannot_be_called_without_a_run_takes_any_input_and_says_so(
    tmp_path: Path, text: str, caplog: pytest.LogCaptureFixture
) -> None:
    spec = described_file(tmp_path, text)

    assert accepts(spec, {"text": "hi"})
    assert "made for each job" in spec.input_schema["description"]
    assert spec.broken is None
    assert [record.message for record in caplog.records] == ["graph can't be described"]


def test_a_broken_graph_is_described_by_its_reference_and_without_its_error(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text("raise ValueError('secret')")
    registry = load_registry(read_project(graphs_file(tmp_path, {"own": "./own.py:graph"})))
    [broken] = registry.broken.values()
    spec = describe_broken(broken)

    assert spec.broken is not None
    assert broken.reference in spec.broken.detail
    assert "secret" not in str(spec)
