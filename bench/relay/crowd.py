"""A crowd of listeners: the load generator's command line, and what it counted."""

import tempfile
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal, cast

from bench.relay.processes import Json, Program, program

_GRACE_S: Final = 10.0
"""Beyond its own limit, for a program that shares its core."""


@dataclass(frozen=True, slots=True)
class Spread:
    """A percentile or two, in milliseconds."""

    p50: float
    p99: float
    max: float


@dataclass(frozen=True, slots=True)
class Counted:
    """What a crowd got; the words are `loadgen.c`'s."""

    accepted: int
    delivered: int
    lost: int
    missing: int
    repeated: int
    reordered: int
    strange: int
    garbled: int
    cut: int
    refused: int
    finished: int
    ends: int
    latency_ms: Spread | None
    finish_ms: Spread | None
    wall_s: float
    stream_s: float
    cpu_s: float
    accept_ms: float | None = None
    """None where not all were accepted."""

    @property
    def exact(self) -> bool:
        """Whether every number came once and in order."""
        wrong = (self.lost, self.missing, self.repeated, self.reordered, self.strange, self.garbled)
        return not any(wrong)

    @property
    def complete(self) -> bool:
        """Whether everybody got everything in time."""
        return self.exact and not self.cut and not self.refused


@dataclass(frozen=True, slots=True)
class Listening:
    """Who listens to what, and what they expect."""

    port: int
    paths: Sequence[str]
    connections: int
    header: str = ""
    """Whole lines, each with its CRLF."""
    count: Literal["id", "data"] = "id"
    last: int = 0
    """The number behind which a listener is done; 0 where nothing is expected."""
    seconds: float = 60
    nap_us: int | None = None
    """Pause between reads: late by so much, but the core they share is not spent on wake-ups."""
    window: int | None = None
    """Unanswered requests at most; None is all at once."""
    replays: int | None = None
    """Who is done begins again, until so many have begun."""
    drop: tuple[int, int] | None = None
    """Each listener drops at its own number in this range; the last to drop brings all back."""

    def arguments(self, paths_file: Path) -> list[str]:
        """The load generator's command line."""
        options: dict[str, object] = {
            "port": self.port,
            "paths": paths_file,
            "connections": self.connections,
            "header": self.header,
            "count": self.count,
            "last": self.last,
            "seconds": self.seconds,
            "nap-us": self.nap_us,
            "window": self.window,
            "replays": self.replays,
        }
        if self.drop is not None:
            options |= {"drop-from": self.drop[0], "drop-to": self.drop[1]}
        given = {name: value for name, value in options.items() if value is not None}
        return [text for name, value in given.items() for text in (f"--{name}", str(value))]


class Crowd:
    """Listeners that listen."""

    def __init__(self, running: Program, seconds: float) -> None:
        self._program = running
        self._seconds = seconds
        self._accept_ms: float | None = None
        self._last: Json | None = None

    async def accepted(self) -> float | None:
        """Milliseconds until all were accepted; None if they never were."""
        line = await self._program.line(self._seconds + _GRACE_S)
        if "accept_ms" in line:
            self._accept_ms = cast("float", line["accept_ms"])
        else:
            self._last = line
        return self._accept_ms

    async def counted(self) -> Counted:
        """What they got, once all are done or the time is up."""
        line = self._last or await self._program.line(self._seconds + _GRACE_S)
        return parse(line, self._accept_ms)

    def leave(self) -> None:
        """Have them hang up now."""
        self._program.stop()


def parse(line: Json, accept_ms: float | None) -> Counted:
    """The load generator's last line as a value."""
    known = dict(line)
    for name in ("latency_ms", "finish_ms"):
        spread = cast("dict[str, float] | None", known[name])
        known[name] = Spread(**spread) if spread else None
    return Counted(**cast("dict[str, Any]", known), accept_ms=accept_ms)


@asynccontextmanager
async def crowd(loadgen: Path, listening: Listening) -> AsyncGenerator[Crowd]:
    """Have listeners call; they are ended on the way out."""
    with tempfile.NamedTemporaryFile("w", prefix="paths-") as file:
        file.write("\n".join(listening.paths) + "\n")
        file.flush()
        command = (str(loadgen), *listening.arguments(Path(file.name)))
        async with program(*command) as running:
            yield Crowd(running, listening.seconds)
