"""LangGraph's API: assistants, runs without a thread, and what refusals look like."""

import hashlib
from typing import Any

import orjson
import pytest

from tailrace.api.settings import ApiSettings
from tailrace.shared.events import Event, encode
from tailrace.shared.jobs import Interrupt, JobError, Pause
from tailrace.shared.queue_store.catalogue import GraphSpec, announce
from tailrace.shared.queue_store.details import GraphDetails, GraphSchemas, name_of, pack
from tailrace.shared.redis import keys
from tests.support.langgraph_api import JSON, LangGraphApi, detail
from tests.support.service import Api, Logs, serving
from tests.support.wire import Exchange, ask, asking

pytestmark = pytest.mark.usefixtures("graphs")

ANY_ID = "ec7be669-c064-5512-b41e-e2d09f55d3a3"
RUN = {"assistant_id": "any", "input": {"a": 1}}


@pytest.fixture
def langgraph(api: Api) -> LangGraphApi:
    """The API under `/langgraph`."""
    return LangGraphApi(api)


def body(exchange: Exchange, status: int = 200) -> Any:
    assert exchange.head.status == status, exchange.body
    assert exchange.head.one("content-type") == "application/json"
    return orjson.loads(exchange.body)


async def test_the_service_says_that_it_is_there(langgraph: LangGraphApi):
    assert body(await langgraph.get("/ok")) == {"ok": True}
    assert body(await langgraph.get("/info"))["flags"]["assistants"] is True


async def test_each_graph_is_an_assistant_by_name_and_by_id(langgraph: LangGraphApi):
    found = body(await langgraph.get("/assistants/any"))
    assert found["graph_id"] == found["name"] == "any"
    assert found["metadata"] == {"created_by": "system"}
    # As LangGraph's own server derives it.
    assert found["assistant_id"] == ANY_ID
    assert body(await langgraph.get(f"/assistants/{found['assistant_id']}")) == found
    assert body(await langgraph.get(f"/assistants/{found['assistant_id'].upper()}")) == found


async def test_an_assistant_has_the_schemas_that_its_worker_told(langgraph: LangGraphApi):
    # An older worker tells those of input and context only.
    told = body(await langgraph.get("/assistants/number/schemas"))
    assert told["graph_id"] == "number"
    assert told["input_schema"]["required"] == ["n"]
    assert told["output_schema"] is None
    detail(await langgraph.get("/assistants/nope/schemas"), 404)


@pytest.mark.parametrize(
    ("xray", "drawn"),
    [
        ("", 0),
        ("?xray=false", 0),
        ("?xray=1", 1),
        ("?xray=2", 2),
        ("?xray=9", 2),
        ("?xray=True", 2),
    ],
)
async def test_a_drawing_goes_as_deep_as_it_is_asked_for(
    langgraph: LangGraphApi, logs: Logs, xray: str, drawn: int
):
    packed, _ = pack(GraphDetails(drawings=[{"nodes": [n], "edges": []} for n in range(3)]))
    spec = GraphSpec("any", "", {}, "", details=name_of(packed))
    await announce(logs.store, "worker-of-a-test", [spec], {name_of(packed): packed})
    told = body(await langgraph.get(f"/assistants/any/graph{xray}"))
    assert told == {"nodes": [drawn], "edges": []}


@pytest.mark.parametrize("xray", ["0", "-1", "1.5", "deep", "1000"])
async def test_another_depth_is_refused(langgraph: LangGraphApi, xray: str):
    assert "xray" in detail(await langgraph.get(f"/assistants/any/graph?xray={xray}"), 422)


async def test_a_graph_of_which_nothing_is_told_has_no_drawing(langgraph: LangGraphApi):
    assert "no drawing" in detail(await langgraph.get("/assistants/any/graph"), 404)
    assert body(await langgraph.get("/assistants/any/subgraphs")) == {}
    detail(await langgraph.get("/assistants/nope/graph"), 404)
    detail(await langgraph.get("/assistants/nope/subgraphs"), 404)
    detail(await langgraph.get("/assistants/nope/subgraphs/inner"), 404)


async def test_the_graphs_inside_are_chosen_by_namespace_and_depth(
    langgraph: LangGraphApi, logs: Logs
):
    inside = {ns: GraphSchemas(state={"title": ns}) for ns in ("a", "a|b", "c")}
    packed, _ = pack(GraphDetails(subgraphs=inside))
    spec = GraphSpec("any", "", {}, "", details=name_of(packed))
    await announce(logs.store, "worker-of-a-test", [spec], {name_of(packed): packed})

    async def told(rest: str) -> list[str]:
        found = body(await langgraph.get(f"/assistants/any/subgraphs{rest}"))
        assert all(schemas["state_schema"]["title"] == ns for ns, schemas in found.items())
        return sorted(found)

    assert await told("") == ["a", "c"]
    assert await told("?recurse=true") == ["a", "a|b", "c"]
    assert await told("/a") == ["a"]
    assert await told("/a%7Cb") == []
    assert await told("/a%7Cb?recurse=true") == ["a|b"]
    assert await told("/nope?recurse=true") == []


@pytest.mark.parametrize("name", ["nope", "6ba7b810-9dad-11d1-80b4-00c04fd430c8", "not-a-uuid-6ba"])
async def test_there_is_no_other_assistant(langgraph: LangGraphApi, name: str):
    assert detail(await langgraph.get(f"/assistants/{name}"), 404) == "Assistant not found"


async def search(langgraph: LangGraphApi, **asked: Any) -> list[str]:
    rows = body(await langgraph.post("/assistants/search", asked))
    return [row["graph_id"] for row in rows]


async def test_assistants_are_searched(langgraph: LangGraphApi, logs: Logs):
    await logs.announce(*(GraphSpec(name, "", {}, "") for name in ("one", "two", "three")))
    assert await search(langgraph) == ["one", "three", "two"]
    assert await search(langgraph, sort_by="name", sort_order="desc") == ["two", "three", "one"]
    assert await search(langgraph, graph_id="two") == ["two"]
    assert await search(langgraph, name="T") == ["three", "two"]
    assert await search(langgraph, metadata={"created_by": "system"}, limit=1) == ["one"]
    assert await search(langgraph, metadata={"created_by": "me"}) == []
    page = await langgraph.post("/assistants/search", {"limit": 2, "offset": 1, "select": ["name"]})
    assert body(page) == [{"name": "three"}, {"name": "two"}]
    assert page.head.one("x-pagination-total") == "3"
    assert page.head.values("x-pagination-next") == []
    first = await langgraph.post("/assistants/search", {"limit": 2})
    assert first.head.one("x-pagination-next") == "2"
    assert body(await langgraph.post("/assistants/count", {"name": "t"})) == 2


async def test_a_run_is_a_job(langgraph: LangGraphApi):
    exchange = await langgraph.post("/runs", {**RUN, "metadata": {"m": 1}})
    run = body(exchange)
    assert exchange.head.one("content-location") == f"/runs/{run['run_id']}"
    assert run["status"] == "pending"
    assert run["metadata"] == {"created_by": "system", "m": 1}
    assert run["kwargs"]["input"] == {"a": 1}
    job = orjson.loads((await ask(langgraph.api.port, "GET", f"/jobs/{run['run_id']}")).body)
    assert (job["graph"], job["status"], job["metadata"]) == ("any", "queued", {"m": 1})


async def test_a_run_is_created_once_for_each_key(langgraph: LangGraphApi):
    key = "Idempotency-Key: once"
    first, second = [body(await langgraph.post("/runs", RUN, key)) for _ in range(2)]
    assert first == second
    other = await langgraph.post("/runs", {**RUN, "stream_mode": "updates"}, key)
    assert "different body" in detail(other, 409)


@pytest.mark.parametrize("path", ["/runs", "/runs/stream", "/runs/wait"])
@pytest.mark.parametrize(
    ("fields", "status", "said"),
    [
        ({"assistant_id": "nope"}, 404, 'No assistant found for "nope"'),
        ({"webhook": "https://example.com"}, 422, "webhook: "),
        ({"command": {"resume": 1}}, 422, "command: "),
        ({"bogus": 1}, 422, "bogus: "),
        ({"input": None}, 422, "input: "),
    ],
)
async def test_a_refusal_has_its_reason(
    langgraph: LangGraphApi, path: str, fields: dict[str, Any], status: int, said: str
):
    assert said in detail(await langgraph.post(path, {**RUN, **fields}), status)


async def test_what_is_no_json_or_no_path_is_refused_in_the_same_form(langgraph: LangGraphApi):
    detail(await langgraph.post("/runs", b"{"), 400)
    detail(await langgraph.get("/nowhere"), 404)
    detail(await langgraph.get("/runs"), 405)
    assert detail(await langgraph.get("/runs/nope/stream"), 404) == "Run not found"


async def test_a_run_is_waited_for(langgraph: LangGraphApi, logs: Logs):
    data = orjson.dumps(RUN)
    port, path = langgraph.api.port, "/langgraph/runs/wait"
    async with asking(port, "POST", path, JSON, body=data) as waiting:
        await waiting.until(b"\n\n")
        attempt = await logs.taken(_run(waiting))
        told = [Event("values", encode({"ns": [], "data": {"a": n}})) for n in (1, 2)]
        inside = Event("values", encode({"ns": ["inner:1"], "data": {"a": 3}}))
        attempt.seq = await attempt.log.append(attempt.holder, attempt.seq + 1, [*told, inside])
        await attempt.close(result=b'{"a":4}')
        await waiting.rest()
    assert waiting.ending == "clean"
    assert orjson.loads(waiting.body) == {"a": 2}


async def test_a_run_that_fails_says_so_to_who_waits(langgraph: LangGraphApi, logs: Logs):
    data = orjson.dumps(RUN)
    port, path = langgraph.api.port, "/langgraph/runs/wait"
    async with asking(port, "POST", path, JSON, body=data) as waiting:
        attempt = await logs.taken(_run(waiting))
        await attempt.close("failed", error=JobError("internal", "It broke."))
        await waiting.rest()
    assert orjson.loads(waiting.body) == {
        "__error__": {"error": "internal", "message": "It broke."}
    }


async def test_a_run_that_asks_something_is_over_for_who_waits(langgraph: LangGraphApi, logs: Logs):
    data = orjson.dumps(RUN)
    port, path = langgraph.api.port, "/langgraph/runs/wait"
    async with asking(port, "POST", path, JSON, body=data) as waiting:
        attempt = await logs.taken(_run(waiting))
        asked = {"ns": [], "data": {"a": 1}, "interrupts": [{"id": "i", "value": "Go on?"}]}
        event = Event("values", encode(asked))
        attempt.seq = await attempt.log.append(attempt.holder, attempt.seq + 1, [event])
        await logs.jobs.pause(attempt.holder, Pause((Interrupt("i", "Go on?"),), ("ask",)))
        await waiting.rest()
    assert waiting.ending == "clean"
    asked = [{"id": "i", "value": "Go on?"}]
    assert orjson.loads(waiting.body) == {"a": 1, "__interrupt__": asked}


def _run(waiting: Exchange) -> Any:
    return waiting.head.one("content-location").removeprefix("/runs/")


async def test_a_key_comes_in_either_header(store_url: str, logs: Logs):
    hashed = hashlib.sha256(b"secret").hexdigest()
    async with serving(ApiSettings(redis_url=store_url, api_keys={hashed: "mine"})) as api:
        langgraph = LangGraphApi(api)
        for header in ("X-Api-Key: secret", "Authorization: Bearer secret"):
            run = body(await langgraph.post("/runs", RUN, header))
            assert (await langgraph.get("/assistants/any", header)).head.status == 200
            owner = await logs.store.hget(keys.job(run["run_id"]), "tenant")  # type: ignore[misc]
            assert owner == b"mine"
        for header in ("X-Api-Key: wrong", "X-Other: secret"):
            refused = await langgraph.post("/runs", RUN, header)
            detail(refused, 401)
            assert refused.head.one("www-authenticate") == "Bearer"
        # Native calls know one header.
        assert (await ask(api.port, "GET", "/graphs", "X-Api-Key: secret")).head.status == 401


async def test_another_tenant_s_run_is_unknown(langgraph: LangGraphApi, logs: Logs):
    foreign = await logs.queued("other")
    assert detail(await langgraph.stream(foreign), 404) == "Run not found"
