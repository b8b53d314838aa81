"""What holds for the input of every built-in graph, as a form and the API will read it."""

import importlib
import inspect
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from langgraph.pregel import Pregel

NAMES = sorted(json.loads(Path("langgraph.json").read_text())["graphs"])

Schema = dict[str, Any]


def graph(name: str) -> Pregel[Any, Any, Any, Any]:
    return importlib.import_module(f"tailrace.worker.graphs.{name}").graph


def accepts(name: str, value: Any) -> bool:
    return jsonschema.Draft202012Validator(graph(name).get_input_jsonschema()).is_valid(value)


def plain(field: Schema) -> Schema:
    """The field without its way to be null."""
    kinds = [kind for kind in field.get("anyOf", [field]) if kind["type"] != "null"]
    return {**field, **kinds[0]}


@pytest.mark.parametrize("name", NAMES)
def test_every_field_says_what_it_is_and_how_large_it_may_be(name: str) -> None:
    schema = graph(name).get_input_jsonschema()
    assert schema["additionalProperties"] is False
    bounds = {
        "string": {"maxLength"},
        "array": {"maxItems"},
        "integer": {"minimum", "maximum"},
        "number": {"minimum", "maximum"},
    }
    for field_name, field in schema["properties"].items():
        kind = plain(field)
        assert len(field["description"]) > 5, field_name
        missing = bounds[kind["type"]] - kind.keys()
        assert not missing or field_name == "fail_at", f"{field_name} has no {missing}"


@pytest.mark.parametrize("name", NAMES)
def test_every_field_has_a_default_or_is_required(name: str) -> None:
    schema = graph(name).get_input_jsonschema()
    required = schema.get("required", [])
    for field_name, field in schema["properties"].items():
        assert ("default" in field) != (field_name in required), field_name


@pytest.mark.parametrize("name", NAMES)
def test_the_defaults_fit_their_own_schema(name: str) -> None:
    schema = graph(name).get_input_jsonschema()
    defaults = {n: f["default"] for n, f in schema["properties"].items() if "default" in f}
    assert accepts(name, {**dict.fromkeys(schema.get("required", []), "any"), **defaults})


@pytest.mark.parametrize("name", NAMES)
def test_the_first_paragraph_of_a_graph_is_one_sentence(name: str) -> None:
    text = inspect.getdoc(importlib.import_module(f"tailrace.worker.graphs.{name}")) or ""
    first = text.partition("\n\n")[0]
    assert first.endswith(".")
    assert ". " not in first


@pytest.mark.parametrize("name", NAMES)
def test_a_graph_leaves_checkpoints_to_whoever_runs_it(name: str) -> None:
    assert graph(name).checkpointer is None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("article", {}),
        ("article", {"topic": ""}),
        ("article", {"topic": "  \n"}),
        ("article", {"topic": "rivers", "length": 5}),
        ("answer", {"context": "a text"}),
        ("agent", {"question": 5}),
        ("steps", {"messages": [1]}),
        ("progress", {"total_steps": 0}),
        ("progress", {"interval_s": -1}),
        ("countdown", {"seconds": 0}),
        ("countdown", {"seconds": 61}),
        ("countdown", {"seconds": 1.5}),
        ("thinking", {"thoughts": 2}),
        ("thinking", {"thoughts": 6}),
        ("thinking", {"pace_s": 6}),
        ("counter", {"count": -1}),
        ("counter", {"count": 1_000_001}),
        ("counter", {"pad_bytes": 200_001}),
        ("counter", {"nodes": 0}),
        ("counter", {"fail_at": 0}),
        ("counter", {"tag": None}),
    ],
)
def test_an_input_out_of_bounds_is_refused(name: str, value: Any) -> None:
    assert not accepts(name, value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("article", {"topic": "rivers"}),
        ("answer", {"question": "Why?", "context": "Because.", "system": "Be brief."}),
        ("agent", {}),
        ("steps", {"messages": ["start"]}),
        ("countdown", {"seconds": 60}),
        (
            "counter",
            {
                "count": 1000,
                "interval_s": 0.0,
                "pad_bytes": 0,
                "nodes": 1,
                "fail_at": None,
                "tag": "",
            },
        ),
    ],
)
def test_an_input_within_bounds_is_accepted(name: str, value: Any) -> None:
    assert accepts(name, value)
