"""The benchmark's C programs: what they count is proved by what was done wrong on purpose."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pytest

from bench.relay.crowd import Counted, Listening, crowd
from bench.relay.processes import program
from bench.relay.programs import Programs
from bench.relay.store_logs import StoreLogs
from bench.relay.writing import publish
from bench.server import Failed
from tailrace.shared.log_store.events.event_log import EventLog
from tailrace.shared.redis.connection import connect
from tailrace.shared.settings import SharedSettings
from tests.support import needs
from tests.support.store import embedded_store

LISTENERS = 20
LAST = 2000
PATIENCE_S = 20.0
SILENCE_S = 3.0
"""Enough for all that does come."""


@pytest.fixture(scope="module")
def programs(tmp_path_factory: pytest.TempPathFactory) -> Programs:
    needs.program("cc")
    return Programs.compiled(tmp_path_factory.mktemp("programs"))


async def listened(programs: Programs, *wrong: str, seconds: float = PATIENCE_S) -> Counted:
    """What came of a burst from a server that does one thing wrong."""
    numbers = ("--connections", str(LISTENERS), "--last", str(LAST), *wrong)
    async with program(str(programs.trivial), *numbers) as server:
        port = (await server.line(PATIENCE_S))["port"]
        asked = Listening(int(str(port)), ["/"], LISTENERS, last=LAST, seconds=seconds)
        async with crowd(programs.loadgen, asked) as listeners:
            assert await listeners.accepted() is not None
            return await listeners.counted()


def wrong(counted: Counted) -> dict[str, int]:
    names = ("lost", "missing", "repeated", "reordered", "strange", "garbled", "cut", "refused")
    return {name: number for name in names if (number := asdict(counted)[name])}


async def test_every_number_of_a_whole_stream_is_counted_once(programs: Programs) -> None:
    counted = await listened(programs)
    assert wrong(counted) == {}
    assert counted.delivered == LISTENERS * LAST
    assert counted.finished == LISTENERS
    assert counted.latency_ms is not None
    assert 0 < counted.latency_ms.p50 <= counted.latency_ms.p99


@pytest.mark.parametrize(
    ("mistakes", "expected", "delivered"),
    [
        (("--lose", "7"), {"lost": LISTENERS}, LAST - 1),
        (("--repeat", "9"), {"repeated": LISTENERS}, LAST + 1),
        (("--lose", "1", "--repeat", "2"), {"lost": LISTENERS, "repeated": LISTENERS}, LAST),
    ],
)
async def test_a_lost_and_a_repeated_number_are_each_counted(
    programs: Programs, mistakes: Sequence[str], expected: dict[str, int], delivered: int
) -> None:
    counted = await listened(programs, *mistakes)
    assert wrong(counted) == expected
    assert counted.delivered == LISTENERS * delivered


async def test_what_never_comes_is_missing_and_the_wait_for_it_ends(programs: Programs) -> None:
    counted = await listened(programs, "--lose", str(LAST), seconds=SILENCE_S)
    assert wrong(counted) == {"missing": LISTENERS}
    assert counted.finished == 0


async def test_published_events_are_those_that_a_worker_would_append(
    programs: Programs, tmp_path: Path
) -> None:
    with embedded_store(tmp_path) as store:
        logs = StoreLogs(store.url)
        await logs.load_script()
        opened = await logs.open(3)
        await publish(programs.publisher, logs.gate, opened, events=4, rate=200)
        await logs.close(opened, events=4)
        client = connect(store.url)
        log = EventLog(client, SharedSettings())
        for one in opened:
            events = await log.read(one.holder.job_id, 0)
            assert [event.seq for event in events] == list(range(1, 8))
            assert [event.name for event in events[2:]] == [*["custom"] * 4, "end"]
            assert b'"stamp":"00000006@' in events[5].data
        await client.aclose()
        await logs.aclose()


async def test_a_refused_event_ends_the_publisher(programs: Programs, tmp_path: Path) -> None:
    with embedded_store(tmp_path) as store:
        logs = StoreLogs(store.url)
        [finished] = await logs.finished(1, events=1)
        with pytest.raises(Failed):
            await publish(programs.publisher, logs.gate, [finished], 1, patience_s=0.2)
        await logs.aclose()
