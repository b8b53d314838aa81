import orjson
import pytest

from tailrace.shared.queue_store.catalogue import BrokenSpec, GraphSpec
from tests.support.posting import assert_problem
from tests.support.service import ANY_GRAPH, NUMBER_GRAPH, Api, Logs
from tests.support.wire import Exchange, ask

JSON = "Content-Type: application/json"


async def test_graphs_are_listed_by_name_with_all_that_is_known(api: Api, logs: Logs):
    await logs.announce(NUMBER_GRAPH, ANY_GRAPH)
    exchange = await ask(api.port, "GET", "/graphs")
    assert exchange.head.status == 200
    graphs = orjson.loads(exchange.body)["graphs"]
    assert [graph["name"] for graph in graphs] == ["any", "number"]
    assert graphs[1]["input_schema"] == NUMBER_GRAPH.input_schema
    assert set(graphs[0]) == {"name", "description", "input_schema", "mermaid", "nodes"}


STRICT = GraphSpec(
    "strict",
    "Knows all names.",
    {"type": "object", "properties": {"topic": {}, "words": {}}, "additionalProperties": False},
    "",
    context_schema={
        "type": "object",
        "properties": {"user": {"type": "string"}},
        "required": ["user"],
        "additionalProperties": False,
    },
    nodes=["plan", "write"],
)
GIVEN = {"graph": "strict", "input": {"topic": "mills"}}


async def posted(api: Api, logs: Logs, change: dict[str, object]) -> Exchange:
    await logs.announce(STRICT)
    body = orjson.dumps(GIVEN | change)
    return await ask(api.port, "POST", "/jobs", JSON, body=body)


@pytest.mark.parametrize(
    ("change", "pointer", "words"),
    [
        ({"input": {"topik": 1}}, "#/input/topik", "Did you mean 'topic'?"),
        ({"input": {"x": 1}}, "#/input/x", "The fields are topic, words."),
        ({"input": None}, "#/input", "null"),
        ({"context": {"user": 5}}, "#/context/user", "'string'"),
        ({"context": {}}, "#/context", "'user' is a required property"),
        ({"context": {"user": "u", "usr": "u"}}, "#/context/usr", "Did you mean 'user'?"),
        ({"interrupt_before": ["plan", "rite"]}, "#/interrupt_before/1", "plan, write"),
        ({"interrupt_after": ["send"]}, "#/interrupt_after/0", "plan, write"),
    ],
)
async def test_what_a_graph_does_not_take_is_refused_by_name(
    api: Api, logs: Logs, change: dict[str, object], pointer: str, words: str
):
    problem = assert_problem(await posted(api, logs, change), 422, "invalid-input")
    [place] = problem["errors"]
    assert place["pointer"] == pointer
    assert words in place["detail"]


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"context": None},
        {"context": {"user": "u"}},
        {"interrupt_before": "*", "interrupt_after": ["write"]},
    ],
    ids=str,
)
async def test_what_a_graph_takes_is_accepted(api: Api, logs: Logs, change: dict[str, object]):
    assert (await posted(api, logs, change)).head.status == 202


async def test_a_context_and_stops_that_nobody_can_check_are_accepted(api: Api, logs: Logs):
    await logs.announce()
    body = {"graph": "any", "input": {}, "context": {"a": 1}, "interrupt_before": ["any"]}
    exchange = await ask(api.port, "POST", "/jobs", JSON, body=orjson.dumps(body))
    assert exchange.head.status == 202


async def test_a_schema_of_the_context_is_listed_where_there_is_one(api: Api, logs: Logs):
    await logs.announce(STRICT)
    [graph] = orjson.loads((await ask(api.port, "GET", "/graphs")).body)["graphs"]
    assert graph["context_schema"] == STRICT.context_schema
    assert graph["nodes"] == ["plan", "write"]


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
