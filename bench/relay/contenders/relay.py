"""What a measurement asks of a contender, whatever it is made of."""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol

from bench.relay.programs import Programs
from bench.relay.store_logs import StoreLogs
from bench.relay.writing import Gate, Log


@dataclass(frozen=True, slots=True)
class Ground:
    """What a run has for every contender."""

    folder: Path
    programs: Programs
    store_url: str
    store_pid: int
    logs: StoreLogs


class Relay(Protocol):
    """A server that runs, and its logs."""

    @property
    def pid(self) -> int:
        """The process whose CPU and memory count."""
        ...

    @property
    def beside(self) -> Mapping[str, int]:
        """Processes that work for it and are reported beside it."""
        ...

    @property
    def port(self) -> int:
        """Where it listens on loopback."""
        ...

    @property
    def header(self) -> str:
        """Lines that each request carries."""
        ...

    @property
    def count(self) -> Literal["id", "data"]:
        """Where an event's number stands."""
        ...

    @property
    def gate(self) -> Gate:
        """Where events are written."""
        ...

    async def open(self, count: int) -> Sequence[Log]:
        """New logs."""
        ...

    async def close(self, logs: Sequence[Log], events: int) -> None:
        """End logs to which so many events were written."""
        ...

    async def finished(self, count: int, events: int) -> Sequence[Log]:
        """Logs of so many events that are over."""
        ...

    def last(self, log: Log, events: int) -> int:
        """The last number of such a log."""
        ...


@dataclass(frozen=True, slots=True)
class Contender:
    """One relay that can be started."""

    name: str
    title: str
    serve: Callable[[Ground], AbstractAsyncContextManager[Relay]]
    """Start it on a free port; it is ended on the way out."""
    require: Callable[[], None] = field(default=lambda: None)
    """Raises `Unprepared` where it can't be started on this machine."""
