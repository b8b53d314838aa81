"""What happens to streams, and to the process, when an API process is stopped or may not start."""

import asyncio
import re
import signal
import time
from pathlib import Path

import httpx
import pytest

from tests.e2e.test_clients import start_counter
from tests.support.event_stream import EventStreamReader
from tests.support.processes import (
    Process,
    Service,
    answers,
    free_port,
    running,
    running_service,
)
from tests.support.wire import Exchange, asking

FEW_SECONDS = 5.0


async def heard_until(service: Service, path: str, number: int) -> Exchange:
    """A stream that has brought this number and was then left to itself until it ended."""
    async with asking(httpx.URL(service.url).port or 80, "GET", path) as stream:
        await stream.until(b"id: %d\n\n" % number)
        await stream.rest()
        return stream


async def test_a_stopping_api_asks_its_listeners_back_and_is_gone_within_seconds(tmp_path: Path):
    async with running_service(tmp_path) as service:
        path = await start_counter(service, {"count": 2000, "interval_s": 0.01})
        listeners = [asyncio.ensure_future(heard_until(service, path, 5)) for _ in range(20)]
        async with asking(httpx.URL(service.url).port or 80, "GET", path) as first:
            await first.until(b"id: 20\n\n")
            begun = time.monotonic()
            service.api.send(signal.SIGTERM)
            exit_code = await service.api.exited()
            assert time.monotonic() - begun < FEW_SECONDS
        streams = await asyncio.gather(*listeners)
        assert exit_code in (0, -signal.SIGTERM)
        assert {stream.ending for stream in streams} == {"cut"}
        waits = [re.search(rb"(?:^|\n)retry: (\d+)\n\Z", stream.body) for stream in streams]
        assert all(wait and 1000 <= int(wait[1]) <= 3000 for wait in waits)
        assert "Traceback" not in service.api.output()

        service.api.start()
        await service.ready()
        reader = EventStreamReader()
        reader.feed(streams[0].body)
        seen = len(reader.events)
        reader.connect()
        resume = f"Last-Event-ID: {reader.last_event_id}"
        async with asking(httpx.URL(service.url).port or 80, "GET", path, resume) as stream:
            await stream.until(b"id: %d\n\n" % (seen + 50))
            reader.feed(stream.body)
        assert reader.numbers == list(range(1, len(reader.events) + 1))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_idle_api_is_gone_at_once(tmp_path: Path, store_url: str, number: signal.Signals):
    port = free_port()
    env = {"TAILRACE_REDIS_URL": store_url, "TAILRACE_PORT": str(port)}
    async with running(Process("api", "tailrace.api", env, tmp_path)) as api:
        await answers(f"http://127.0.0.1:{port}/livez", (api,))
        begun = time.monotonic()
        api.send(number)
        exit_code = await api.exited()
        assert time.monotonic() - begun < FEW_SECONDS
        assert exit_code in (0, -number)
        assert "Traceback" not in api.output()


@pytest.mark.parametrize(
    ("env", "words"),
    [
        ({"TAILRACE_HOST": "0.0.0.0"}, "TAILRACE_ALLOW_OPEN=1"),
        ({"TAILRACE_PORT": "many"}, "TAILRACE_PORT"),
        ({"TAILRACE_API_KEYS": "ann:the key itself"}, "TAILRACE_API_KEYS"),
    ],
)
async def test_an_api_with_wrong_settings_does_not_start_and_says_why(
    tmp_path: Path, env: dict[str, str], words: str
):
    process = Process("api", "tailrace.api", env, tmp_path)
    process.start()
    assert await process.exited(20) == 78
    assert words in process.output()
    assert "the key itself" not in process.output()
    assert "Traceback" not in process.output()
