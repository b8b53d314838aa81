"""Clients of others through a line that keeps breaking: what each received is the whole log."""

import asyncio
import random
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import orjson
import pytest
from httpx_sse import aconnect_sse

from tests.support.cutting_proxy import Cut, Plan, Proxy, cutting
from tests.support.event_stream import Dispatched, EventStreamReader
from tests.support.processes import Service
from tests.support.wire import asking

SEEDS = [1, 2, 3]
MOST_CONNECTIONS = 200
LIVE: dict[str, Any] = {"count": 150, "interval_s": 0.004, "pad_bytes": 200, "nodes": 3}
BULKY: dict[str, Any] = {"count": 60, "pad_bytes": 20_000, "tag": "\u2028 é \r\n"}


@dataclass(slots=True)
class Follower:
    """A client that comes back with its last id until the stream ends cleanly."""

    url: str
    heard: EventStreamReader
    reconnects: int = -1

    @property
    def headers(self) -> dict[str, str]:
        last = self.heard.last_event_id
        return {"Last-Event-ID": last} if last else {}

    async def follow(self, once: "Callable[[Follower], Awaitable[bool]]") -> None:
        """Connect until a connection says that it was the last."""
        for _ in range(MOST_CONNECTIONS):
            self.heard.connect()
            self.reconnects += 1
            if await once(self):
                return
        raise AssertionError(f"no end after {MOST_CONNECTIONS} connections")


async def by_hand(follower: Follower) -> bool:
    """A browser's EventSource, as far as its parser goes."""
    url = httpx.URL(follower.url)
    headers = [f"{name}: {value}" for name, value in follower.headers.items()]
    try:
        async with asking(url.port or 80, "GET", url.path, *headers) as stream:
            await stream.rest()
            follower.heard.feed(stream.body)
    except (ConnectionError, asyncio.IncompleteReadError):
        return False
    return stream.ending == "clean"


async def by_curl(follower: Follower) -> bool:
    headers = [part for header in follower.headers.items() for part in ("-H", ": ".join(header))]
    command = ["curl", "--silent", "--no-buffer", "--max-time", "20", *headers, follower.url]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    body, _ = await process.communicate()
    follower.heard.feed(body)
    assert process.returncode in (0, 18, 52, 56), "clean, or one of curl's words for a cut"
    return process.returncode == 0


async def by_httpx_sse(follower: Follower) -> bool:
    try:
        async with (
            httpx.AsyncClient(timeout=20) as client,
            aconnect_sse(client, "GET", follower.url, headers=follower.headers) as source,
        ):
            if source.response.status_code == 204:
                return True
            async for event in source.aiter_sse():
                got = Dispatched(event.event, event.data.encode(), event.id)
                follower.heard.events.append(got)
                follower.heard.last_event_id = event.id
    except httpx.TransportError:
        return False
    return True


CLIENTS = [by_hand, by_curl, by_httpx_sse]


def at_random(seed: int, cuts: int, within_bytes: int) -> Plan:
    """The first connections are cut somewhere, by FIN or RST; the later ones live."""
    dice = random.Random(seed)
    plan = [Cut(dice.randint(0, within_bytes), dice.choice(["fin", "rst"])) for _ in range(cuts)]
    return lambda n: plan[n] if n < cuts else None


async def start_counter(service: Service, given: dict[str, Any]) -> str:
    """A running counter; the path of its events."""
    async with httpx.AsyncClient(base_url=service.url) as client:
        answer = await client.post("/jobs", json={"graph": "counter", "input": given})
    assert answer.status_code == httpx.codes.ACCEPTED, answer.text
    return str(answer.json()["urls"]["events"])


async def replay(service: Service, path: str) -> list[Dispatched]:
    """The whole log, read without a proxy once it has ended."""
    reader = EventStreamReader()
    async with asking(httpx.URL(service.url).port or 80, "GET", path) as stream:
        reader.feed(await stream.rest())
    assert stream.ending == "clean"
    assert reader.numbers == list(range(1, len(reader.events) + 1))
    assert reader.ended
    return reader.events


@asynccontextmanager
async def broken_line(service: Service, plan: Plan) -> AsyncGenerator[Proxy]:
    async with cutting(httpx.URL(service.url).port or 80, plan) as proxy:
        yield proxy


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("client", CLIENTS)
async def test_invariant_02_a_running_job_is_heard_whole_over_a_breaking_line(
    service: Service, client: Callable[[Follower], Awaitable[bool]], seed: int
):
    path = await start_counter(service, LIVE)
    async with broken_line(service, at_random(seed, cuts=12, within_bytes=12_000)) as proxy:
        follower = Follower(proxy.url + path, EventStreamReader())
        await follower.follow(client)
        assert proxy.cuts >= 3
    assert follower.heard.events == await replay(service, path)
    assert follower.heard.phantoms == 0
    assert follower.reconnects >= proxy.cuts


@pytest.mark.parametrize("client", CLIENTS)
async def test_invariant_02_large_events_are_heard_whole_over_a_breaking_line(
    service: Service, client: Callable[[Follower], Awaitable[bool]]
):
    path = await start_counter(service, BULKY)
    async with broken_line(service, at_random(7, cuts=10, within_bytes=200_000)) as proxy:
        follower = Follower(proxy.url + path, EventStreamReader())
        await follower.follow(client)
        assert proxy.cuts >= 3
    events = await replay(service, path)
    assert follower.heard.events == events
    assert sum(event.name == "custom" for event in events) == BULKY["count"]
    assert orjson.loads(events[-1].data)["result"]["tag"] == BULKY["tag"]


@pytest.mark.parametrize("how", ["fin", "rst"])
async def test_a_cut_at_any_byte_of_the_last_frame_loses_nothing(service: Service, how: Any):
    path = await start_counter(service, {"count": 3})
    async with broken_line(service, lambda _: None) as straight:
        whole = Follower(straight.url + path, EventStreamReader())
        await whole.follow(by_hand)
    last = whole.heard.numbers[-1]
    async with asking(httpx.URL(service.url).port or 80, "GET", f"{path}?after={last - 1}") as end:
        await end.rest()
        head, sizes = len(end.head.raw), [len(b"%x\r\n" % len(c)) + len(c) + 2 for c in end.chunks]
    for byte in range(head, head + sum(sizes) + 1):
        async with broken_line(
            service, lambda n, at=byte: Cut(at, how) if n == 0 else None
        ) as line:
            follower = Follower(line.url + path, EventStreamReader())
            follower.heard.last_event_id = str(last - 1)
            await follower.follow(by_hand)
        assert follower.heard.events == whole.heard.events[-1:]
