import orjson
import pytest

from tailrace.shared.catalogue import BrokenSpec, GraphSpec
from tests.support.posting import assert_problem
from tests.support.service import ANY_GRAPH, NUMBER_GRAPH, Api, Logs
from tests.support.wire import ask

JSON = "Content-Type: application/json"


async def test_graphs_are_listed_by_name_with_all_that_is_known(api: Api, logs: Logs):
    await logs.announce(NUMBER_GRAPH, ANY_GRAPH)
    exchange = await ask(api.port, "GET", "/graphs")
    assert exchange.head.status == 200
    graphs = orjson.loads(exchange.body)["graphs"]
    assert [graph["name"] for graph in graphs] == ["any", "number"]
    assert graphs[1]["input_schema"] == NUMBER_GRAPH.input_schema
    assert set(graphs[0]) == {"name", "description", "input_schema", "mermaid"}


async def test_without_workers_the_list_is_empty(api: Api):
    assert (await ask(api.port, "GET", "/graphs")).body == b'{"graphs":[]}'


@pytest.mark.parametrize(
    "schema",
    [
        {"properties": {"x": {"type": "string", "pattern": r"^\p{L}+$"}}},
        {"properties": {"x": {"$ref": "#/$defs/Missing"}}},
        {"properties": {"x": {"$ref": "https://schemas.example/x.json"}}},
        {"properties": {"x": {"type": "no-such-type"}}},
        {"properties": 5},
    ],
    ids=["pattern of another dialect", "dangling", "remote", "unknown type", "malformed"],
)
async def test_a_schema_that_cant_be_evaluated_is_no_500(
    api: Api, logs: Logs, schema: dict[str, object]
):
    await logs.announce(GraphSpec("odd", "", schema, ""))
    body = b'{"graph":"odd","input":{"x":"value"}}'
    assert (await ask(api.port, "POST", "/jobs", JSON, body=body)).head.status == 202


BROKEN = GraphSpec("odd", "", {}, "", broken=BrokenSpec("f00d", "It can't be loaded: f00d."))


async def test_a_broken_graph_is_listed_with_its_reference(api: Api, logs: Logs):
    await logs.announce(BROKEN, ANY_GRAPH)
    graphs = orjson.loads((await ask(api.port, "GET", "/graphs")).body)["graphs"]
    assert [graph.get("broken") for graph in graphs] == [
        None,
        {"reference": "f00d", "detail": "It can't be loaded: f00d."},
    ]


async def test_a_job_for_a_broken_graph_is_a_503_that_names_it(api: Api, logs: Logs):
    await logs.announce(BROKEN, ANY_GRAPH)
    exchange = await ask(api.port, "POST", "/jobs", JSON, body=b'{"graph":"odd","input":{}}')
    assert_problem(exchange, 503, "graph-broken")
    assert orjson.loads(exchange.body)["detail"] == "odd: It can't be loaded: f00d."
    exchange = await ask(api.port, "POST", "/jobs", JSON, body=b'{"graph":"any","input":{}}')
    assert exchange.head.status == 202
