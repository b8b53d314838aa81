"""What a soak takes for a fault: in what listeners get, and in what the API keeps."""

from collections import Counter
from urllib.parse import urlsplit

import pytest

from bench.soak.connection import connect
from bench.soak.footprint import Footprint, Verdict
from bench.soak.frames import FAULTS, Reading, event
from tests.support.sse_server import frame, in_turn, problem, serving

JOB = "0198c0de-0000-7000-8000-000000000001"


def written(*numbers: int) -> bytes:
    return b"".join(frame(n, "custom", event(JOB, n).data.decode()) for n in numbers)


def counted(data: bytes) -> dict[str, int]:
    reading = Reading(JOB, Counter())
    reading.feed(data)
    return {name: reading.counts[name] for name in FAULTS if reading.counts[name]}


@pytest.mark.parametrize(
    ("data", "faults"),
    [
        (b": hb\n" + written(1, 2) + b"retry: 5\n" + written(3), {}),
        (written(1, 4), {"lost": 2}),
        (written(1, 2, 2), {"repeated": 1}),
        (written(1, 3, 2), {"lost": 1, "repeated": 1}),
        (written(1) + frame(2, "custom", event(JOB, 3).data.decode()), {"wrong": 1}),
    ],
)
def test_a_hole_a_repeat_and_a_wrong_byte_are_faults(data: bytes, faults: dict[str, int]) -> None:
    assert counted(data) == faults


async def test_a_refusal_is_a_fault_and_its_status_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reading = Reading(JOB, Counter())
    no = problem(503, "store-unavailable", "The store is not available")
    async with serving(in_turn([no])) as server:
        connection = await connect(urlsplit(server.url).port or 0, reading, small=False)
        await connection.over
    assert reading.counts["refused"] == 1
    assert "refused: b'HTTP/1.1 503" in capsys.readouterr().err


def look(rss_mib: int = 100, files: int = 20, store_connections: int = 5) -> Footprint:
    return Footprint(rss_mib * 1024, files, store_connections)


@pytest.mark.parametrize(
    ("after", "busy_mib", "complaint"),
    [
        (look(), [100] * 8, ""),
        (look(files=22, store_connections=7), [100] * 8, ""),
        (look(files=21), [100] * 8, "1 files did not come back"),
        (look(rss_mib=133), [100] * 8, "33792 KiB did not come back"),
        (look(), [100] * 6 + [106] * 2, "memory grew to 1.060 of itself"),
    ],
)
def test_what_does_not_come_back_is_complained_of(
    after: Footprint, busy_mib: list[int], complaint: str
) -> None:
    complaints = Verdict(look(), after, [mib * 1024 for mib in busy_mib]).complaints()
    assert complaints == ([complaint] if complaint else [])
