"""Writing events into logs through the C publisher: its command line, and what it did."""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import orjson

from bench.relay.processes import program

NUMBER: Final = "NNNNNNNN"
STAMP: Final = "TTTTTTTTTTTTTTTT"
DATA: Final = orjson.dumps(
    {
        "ns": [],
        "data": {
            "stamp": f"{NUMBER}@{STAMP}",
            "node": "writer",
            "delta": "and the river went on",
        },
    }
)
"""One event, as a graph with a custom stream would write it; about a hundred bytes."""

_MANY: Final = 8
_WITHIN_S: Final = 90.0


@dataclass(frozen=True, slots=True)
class Log:
    """One log of a contender, open for more events."""

    path: str
    """Under which its relay serves it."""
    first: int
    """The number of the next event."""
    request: bytes
    """Appends one event, with `NUMBER` and `STAMP` where these belong."""


@dataclass(frozen=True, slots=True)
class Gate:
    """Where requests go: the address as the publisher's options, and what a good reply says."""

    address: tuple[str, str]
    reply: str


@dataclass(frozen=True, slots=True)
class Published:
    """What the publisher did; the words are `publisher.c`'s."""

    published: int
    wall_s: float
    late_most_ms: float
    late_over_5_ms: int
    cpu_s: float


async def publish(
    publisher: Path,
    gate: Gate,
    logs: Sequence[Log],
    events: int,
    rate: float = 0,
    patience_s: float = 10,
) -> Published:
    """Write events into each log, at a rate for each log a second, or for 0 all at once.

    Args:
        publisher: the program.
        gate: where events are written.
        logs: each gets as many.
        events: how many.
        rate: as above.
        patience_s: it ends where no reply has come for so long.

    Raises:
        Failed: one was rejected or got no reply; the publisher has said which.
    """
    with tempfile.NamedTemporaryFile(prefix="requests-") as file:
        for log in logs:
            file.write(b"%d\n%b" % (len(log.request), log.request))
        file.flush()
        options: dict[str, object] = {
            "--requests": file.name,
            "--reply": gate.reply,
            "--first": logs[0].first,
            "--count": events,
            "--rate": rate,
            "--connections": min(_MANY, len(logs)),
            "--window": 4096,
            "--patience": patience_s,
        }
        texts = [str(text) for pair in options.items() for text in pair]
        async with program(str(publisher), *gate.address, *texts) as running:
            line = await running.line(_WITHIN_S)
    return Published(**cast("dict[str, Any]", line))


def event(number: int) -> bytes:
    """The data of a finished log's event, long past."""
    return DATA.replace(NUMBER.encode(), b"%08d" % number).replace(STAMP.encode(), b"%016d" % 0)
