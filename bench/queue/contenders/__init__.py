"""Who is measured. A module here has `producer(url)` and `consume(url, ...)`, in its own terms."""

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Final, Protocol, cast

Enqueue = Callable[[], Awaitable[object]]
"""Queues one job; returns when the queue has it."""


class ContenderModule(Protocol):
    """What a module of this folder offers."""

    def producer(self, url: str) -> AbstractAsyncContextManager[Enqueue]:
        """A client of the queue on this store."""
        ...

    def consume(self, url: str, *args: float) -> None:
        """Work until SIGTERM; each job stamps its start (`bench.queue.stamps`)."""
        ...


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to run jobs."""

    name: str
    title: str
    module: str
    args: tuple[float, ...] = ()
    package: str | None = None
    """What it needs beyond our own dependencies."""

    @property
    def installed(self) -> bool:
        """Whether its package is there."""
        return self.package is None or find_spec(self.package) is not None

    def load(self) -> ContenderModule:
        """Import its module."""
        return cast("ContenderModule", import_module(f"{__name__}.{self.module}"))


OURS: Final = Contender("tailrace", "Tailrace, no-op", "tailrace")
STOCK: Final = Contender("arq", "arq, defaults", "stock_arq", (0.5,))

ALWAYS: Final = (
    OURS,
    Contender("whole", "Tailrace, counter job", "whole"),
    STOCK,
    Contender("arq-10ms", "arq, polling each 10 ms", "stock_arq", (0.01,)),
)
ON_REQUEST: Final = (
    Contender("saq", "saq", "with_saq", package="saq"),
    Contender("streaq", "streaq", "with_streaq", package="streaq"),
)
BY_NAME: Final = {contender.name: contender for contender in (*ALWAYS, *ON_REQUEST)}
