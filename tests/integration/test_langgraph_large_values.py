"""Values too large for an event: LangGraph's clients, which know no references, get them whole."""

import base64
from collections.abc import AsyncIterator
from typing import Any, Final, TypedDict

import orjson
import pytest
from blockbuster import BlockBuster
from langgraph.graph import START, StateGraph

from tailrace.shared.jobs import JobId
from tailrace.shared.queue_store.catalogue import GraphSpec
from tailrace.shared.redis import keys
from tailrace.shared.threads import new_thread_id
from tests.support.langgraph_api import LangGraphApi, frames, ids
from tests.support.leased import Site, serving_graph, site, working
from tests.support.service import Api, Logs
from tests.support.wire import Exchange, ask

PHOTO: Final = base64.b64encode(b"\x89PNG\r\n\x1a\n" + bytes(range(256)) * 800).decode()
LARGE: Final[dict[str, Any]] = {
    "text": "äöü€" * 40_000,
    "twice": ["äöü€" * 40_000],
    "base64": {"type": "image", "mime_type": "image/png", "data": PHOTO},
    "data-url": f"data:image/jpeg;base64,{PHOTO}",
    "json": ["x" * 40] * 8000,
    "own": {"$blob": {"n": 1, "url": "mine"}},
}


class State(TypedDict):
    given: Any


def echo(state: State) -> Any:
    return {"given": state["given"]}


pytestmark = pytest.mark.usefixtures("place")


@pytest.fixture
def langgraph(api: Api) -> LangGraphApi:
    return LangGraphApi(api)


@pytest.fixture
async def place(
    store_url: str, logs: Logs, blocking_is_an_error: BlockBuster
) -> AsyncIterator[Site]:
    blocking_is_an_error.deactivate()
    await logs.announce(GraphSpec("graph", "", {}, ""))
    async with site(store_url) as place:
        builder: Any = StateGraph(State)
        builder.add_node("echo", echo)
        async with working(place, serving_graph(builder.add_edge(START, "echo").compile())):
            yield place


def asked(value: Any) -> dict[str, Any]:
    return {
        "assistant_id": "graph",
        "input": {"given": value},
        "stream_mode": ["values", "updates"],
    }


def told(exchange: Exchange) -> list[tuple[str, Any]]:
    parsed = [
        dict(line.split(b": ", 1) for line in f.strip().split(b"\n")) for f in frames(exchange)
    ]
    return [(f[b"event"].decode(), orjson.loads(f[b"data"])) for f in parsed]


def job_of(exchange: Exchange) -> JobId:
    return JobId(exchange.head.one("content-location").rpartition("/")[2])


@pytest.mark.parametrize("form", LARGE)
async def test_a_stream_has_the_values_themselves_at_every_place(
    langgraph: LangGraphApi, form: str
) -> None:
    value = {"$$blob": LARGE[form]["$blob"]} if form == "own" else LARGE[form]
    exchange = await langgraph.post("/runs/stream", asked(LARGE[form]))

    assert [event for event in told(exchange) if event[0] not in ("metadata", "end")] == [
        ("values", {"given": value}),
        ("updates", {"echo": {"given": value}}),
        ("values", {"given": value}),
    ]
    run, whole = job_of(exchange), frames(exchange)
    for n, id_ in enumerate(ids(whole)[:-1], 1):
        rest = await langgraph.get(f"/runs/{run}/stream", f"Last-Event-ID: {id_}")
        assert frames(rest) == whole[n:]
    plain = await ask(langgraph.api.port, "GET", f"/jobs/{run}/events")
    assert (b'{"$blob":{"n":' in plain.body) is (form != "own")
    assert len(plain.body) < 700_000


async def test_messages_that_grow_are_whole_too(langgraph: LangGraphApi) -> None:
    messages = [{"type": "human", "id": "1", "content": [{"type": "text", "text": LARGE["text"]}]}]
    run = {**asked(messages), "stream_mode": ["messages", "values"]}
    exchange = await langgraph.post("/runs/stream", run)

    whole = frames(exchange)
    assert ("values", {"given": messages}) in told(exchange)
    rest = await langgraph.get(
        f"/runs/{job_of(exchange)}/stream", f"Last-Event-ID: {ids(whole)[1]}"
    )
    assert frames(rest) == whole[2:]


async def test_who_waits_and_who_reads_a_state_get_the_values_themselves(
    langgraph: LangGraphApi,
) -> None:
    value = {name: LARGE[name] for name in ("text", "base64")}
    assert orjson.loads((await langgraph.post("/runs/wait", asked(value))).body) == {"given": value}

    thread = new_thread_id()
    run = {**asked(value), "if_not_exists": "create"}
    waited = await langgraph.post(f"/threads/{thread}/runs/wait", run)
    assert orjson.loads(waited.body) == {"given": value}
    state = orjson.loads((await langgraph.get(f"/threads/{thread}/state")).body)
    assert state["values"] == {"given": value}


async def test_a_value_that_is_gone_stays_a_reference(langgraph: LangGraphApi, logs: Logs) -> None:
    exchange = await langgraph.post("/runs/stream", asked(LARGE["text"]))
    await logs.store.delete(keys.blobs(job_of(exchange)))
    again = await langgraph.get(f"/runs/{job_of(exchange)}/stream")

    [first, *_] = [data for name, data in told(again) if name == "values"]
    assert first["given"]["$blob"]["bytes"] == len(LARGE["text"].encode())
