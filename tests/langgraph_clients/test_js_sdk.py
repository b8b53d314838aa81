"""The JavaScript SDK, as npm has it, against a service, also where its connections break."""

import asyncio
import json
from typing import Any, cast

import pytest

from tests.langgraph_clients.conftest import HERE, NODE
from tests.support.cutting_proxy import Cut, cutting
from tests.support.processes import Service

pytestmark = [pytest.mark.asyncio(loop_scope="session"), pytest.mark.timeout(300)]


async def told(*urls: str, script: str = "sdk.mjs") -> dict[str, Any]:
    """What the SDK got."""
    process = await asyncio.create_subprocess_exec(
        *(NODE, HERE / script, *urls), stdout=asyncio.subprocess.PIPE, cwd=HERE
    )
    output, _ = await process.communicate()
    assert process.returncode == 0
    return json.loads(output)


def checked(got: dict[str, Any]) -> None:
    """Expect what an uncut run has."""
    streamed = got["streamed"]
    custom = [part["data"] for part in streamed if part["event"] == "custom"]
    assert custom == [{"i": i} for i in range(40)]
    assert [streamed[0]["event"], streamed[-1]["event"]] == ["metadata", "end"]
    assert got["joined"] == streamed
    assert got["rest"] == streamed[-2:]
    assert got["end"] == []
    assert got["run"]["thread_id"] == got["thread"]
    assert got["asked"]["__interrupt__"][0]["value"]["question"] == "Go on?"
    assert got["answered"]["answer"] == "yes"
    assert got["state"]["values"] == got["answered"] == got["history"][0]["values"]
    assert got["found"][0]["values"] == got["answered"]
    assert got["stateless"] == {"topic": "x", "steps": ["one", "two"]}
    assert "No assistant found" in got["refused"]


async def test_the_sdk_gets_what_it_asks_for(ours: Service) -> None:
    checked(await told(f"{ours.url}/langgraph"))


async def test_the_sdk_gets_the_same_over_connections_that_break(ours: Service) -> None:
    def plan(number: int) -> Cut | None:
        return None if number % 2 == 0 else Cut(1000 + 900 * number, "rst")

    async with cutting(int(ours.url.rsplit(":", 1)[1]), plan) as proxy:
        checked(await told(f"{proxy.url}/langgraph"))
        assert proxy.cuts


CUTS = 12
CONVERSATION = ["slow first", "Echo: slow first", "ask me", "Echo: yes"]
SAID = {
    "texts": ["Echo: slow hello there"],
    "output": ["slow hello there", "Echo: slow hello there"],
    "first": CONVERSATION[:2],
    "asked": [{"question": "ask me"}],
    "hydrated": CONVERSATION[:3],
    "stillAsked": [{"question": "ask me"}],
    "answered": CONVERSATION,
    "state": CONVERSATION,
}


def plain(content: Any) -> Any:
    """A message's text: npm's server tells it in blocks."""
    return cast("Any", content)[0]["text"] if isinstance(content, list) else content


async def test_the_newer_clients_of_threads_get_what_npm_s_server_tells_them(
    reference: str, ours: Service
) -> None:
    theirs = await told(reference, script="protocol.mjs")
    mine = await told(f"{ours.url}/langgraph", script="protocol.mjs")
    assert {name: list(map(plain, values)) for name, values in theirs.items()} == mine == SAID


async def test_the_newer_clients_of_threads_over_streams_that_break(ours: Service) -> None:
    def plan(number: int) -> Cut | None:
        # They ask for all events again after each cut, so that a later one has to let more through.
        return Cut(1500 + 500 * number, "rst") if number < CUTS else None

    async with cutting(int(ours.url.rsplit(":", 1)[1]), plan) as proxy:
        urls = (f"{ours.url}/langgraph", f"{proxy.url}/langgraph")
        assert await told(*urls, script="protocol.mjs") == SAID
        assert proxy.cuts > 1
