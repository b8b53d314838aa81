"""The goals of the relay, each a bound on one figure, judged over all rounds."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.relay.contenders import OURS, PEER
from bench.relay.record import Record
from bench.section import Goal


@dataclass(frozen=True, slots=True)
class Bound:
    """One row of the goals."""

    workload: str
    what: str
    figure: str
    over: Callable[[Record, str, str], float | None]
    """From the rounds' figures to one value."""
    at_most: float | None = None
    at_least: float | None = None
    unit: str = ""

    def judge(self, record: Record) -> Goal:
        """The value beside the goal; a round in which somebody lacked something meets none."""
        value = self.over(record, self.workload, self.figure)
        met = value is not None and record.complete(self.workload, OURS.name) and self._holds(value)
        return Goal(f"{self.workload} {self.what}", value, self._words, met)

    def _holds(self, value: float) -> bool:
        low = self.at_least is None or value >= self.at_least
        return low and (self.at_most is None or value <= self.at_most)

    @property
    def _words(self) -> str:
        sign, bound = ("<=", self.at_most) if self.at_least is None else (">=", self.at_least)
        return f"{sign} {bound:g} {self.unit}".strip()


def of_peer(record: Record, workload: str, figure: str) -> float | None:
    """Our figure as a multiple of nchan's."""
    return record.ratio(workload, figure, OURS.name, PEER.name)


def middle(record: Record, workload: str, figure: str) -> float | None:
    """The median of our figure."""
    values = record.values(workload, OURS.name, figure)
    return median(values) if values else None


def worst(record: Record, workload: str, figure: str) -> float | None:
    """The most of our figure: one event lost in one round is a loss."""
    return max(record.values(workload, OURS.name, figure), default=None)


_CPU: Final = "server_cpu_per_million"

BOUNDS: Final[Sequence[Bound]] = (
    Bound("W1", "CPU of nchan's", _CPU, of_peer, at_most=0.1),
    Bound("W2", "CPU of nchan's", _CPU, of_peer, at_most=1),
    Bound("W2", "latency p50", "latency_p50_ms", middle, at_most=3, unit="ms"),
    Bound("W3", "lost", "lost", worst, at_most=0),
    Bound("W3", "repeated", "repeated", worst, at_most=0),
    Bound("W3", "caught up p99 of nchan's", "caught_up_p99_ms", of_peer, at_most=0.1),
    Bound("W4", "memory a listener, first goal", "kib_each", middle, at_most=24, unit="KiB"),
    Bound("W4", "memory a listener", "kib_each", middle, at_most=16, unit="KiB"),
    Bound("W4", "5,000 accepted of nchan's time", "accept_ms", of_peer, at_most=10),
    Bound("W5", "replays/s of nchan's", "replays_per_s", of_peer, at_least=10),
    Bound("W6", "CPU of nchan's, first goal", _CPU, of_peer, at_most=1.3),
    Bound("W6", "CPU of nchan's", _CPU, of_peer, at_most=1.15),
    Bound("W6", "latency p99 of nchan's", "latency_p99_ms", of_peer, at_most=1.5),
    Bound("W7", "replays/s of nchan's", "replays_per_s", of_peer, at_least=3),
)


def judged(record: Record, workloads: Collection[str]) -> list[Goal]:
    """The goals of the workloads that were run."""
    return [bound.judge(record) for bound in BOUNDS if bound.workload in workloads]
