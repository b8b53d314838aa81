"""The rounds as rows of text: a figure each, a contender a column, medians and their spread."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final

from bench.figures import spread
from bench.relay.contenders.relay import Contender
from bench.relay.record import Record

NOTHING: Final = "-"
_FULL: Final = 0.8
_QUIET: Final = 0.1
"""The kernel's own work for the sockets is a few hundredths."""


@dataclass(frozen=True, slots=True)
class Line:
    """One figure of one workload."""

    workload: str
    title: str
    figure: str
    digits: int = 1


LINES: Final[Sequence[Line]] = (
    Line("W1", "CPU s per million events", "server_cpu_per_million", 2),
    Line("W1", "the store's beside it", "store_cpu_per_million", 2),
    Line("W1", "deliveries/s", "deliveries_per_s", 0),
    Line("W2", "CPU s per million events", "server_cpu_per_million"),
    Line("W2", "the store's beside it", "store_cpu_per_million"),
    Line("W2", "latency p50, ms", "latency_p50_ms"),
    Line("W2", "latency p99, ms", "latency_p99_ms"),
    Line("W3", "caught up p50, ms", "caught_up_p50_ms", 0),
    Line("W3", "caught up p99, ms", "caught_up_p99_ms", 0),
    Line("W3", "lost, all listeners", "lost", 0),
    Line("W3", "repeated, all listeners", "repeated", 0),
    Line("W3", "listeners never caught up", "never_caught_up", 0),
    Line("W4", "KiB a listener", "kib_each"),
    Line("W4", "5,000 accepted, ms", "accept_ms", 0),
    Line("W5", "replays/s", "replays_per_s", 0),
    Line("W6", "CPU s per million events", "server_cpu_per_million"),
    Line("W6", "the store's beside it", "store_cpu_per_million"),
    Line("W6", "latency p50, ms", "latency_p50_ms"),
    Line("W6", "latency p99, ms", "latency_p99_ms"),
    Line("W7", "replays/s", "replays_per_s", 0),
)


def columns(contenders: Sequence[Contender]) -> list[str]:
    """The heads of the columns."""
    return ["", "", *(contender.title for contender in contenders)]


def rows(
    record: Record, workloads: Collection[str], contenders: Sequence[Contender]
) -> Iterator[list[str]]:
    """A row for each figure of the workloads that were run."""
    for line in LINES:
        if line.workload in workloads:
            yield [line.workload, line.title, *(_cell(record, line, c.name) for c in contenders)]


def _cell(record: Record, line: Line, contender: str) -> str:
    values = record.values(line.workload, contender, line.figure)
    if not values:
        return NOTHING
    text = spread(values, line.digits)
    return text if record.complete(line.workload, contender) else f"{text} *"


def notes(record: Record) -> Iterator[str]:
    """Who else was on the server's core, and what went wrong in which round, starred above."""
    shares = [s for entry in record.entries if (s := entry.figure("others_share")) is not None]
    if shares and max(shares) > _QUIET:
        yield (
            f"Other programs took {median(shares):.0%} of the server's core (median; at most"
            f" {max(shares):.0%}): trust CPU seconds and ratios more than times."
        )
    for entry in record.entries:
        if (share := entry.figure("load_share") or 0) > _FULL:
            yield (
                f"{entry.workload} {entry.contender}, round {entry.number}: store, publisher and"
                f" listeners took {share:.0%} of their core; latencies are partly their own."
            )
        if entry.shortfall:
            yield f"* {entry.workload} {entry.contender}, round {entry.number}: {entry.shortfall}"
