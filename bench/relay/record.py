"""Every round of a run: kept as it was measured, and looked up by workload and contender."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from statistics import median

from bench.relay.workloads import Round


@dataclass(frozen=True, slots=True)
class Entry:
    """One workload on one contender in one round; `failed` says why there is nothing."""

    workload: str
    contender: str
    number: int
    round: Round | None
    failed: str = ""

    @property
    def complete(self) -> bool:
        """Whether everybody got everything in time."""
        return self.round is not None and self.round.complete

    def figure(self, name: str) -> float | None:
        """One of its figures, if it has it."""
        return self.round.figures.get(name) if self.round else None

    @property
    def shortfall(self) -> str:
        """What went wrong, in words; empty where nothing did."""
        if self.round is None:
            return self.failed
        counted = self.round.counted
        words = ("lost", "missing", "repeated", "reordered", "strange", "garbled", "cut", "refused")
        wrong = [(getattr(counted, word), word) for word in words]
        return ", ".join(f"{count:,} {word}" for count, word in wrong if count)


@dataclass(frozen=True, slots=True)
class Record:
    """All rounds, in the order in which they were run."""

    entries: Sequence[Entry]

    def of(self, workload: str, contender: str) -> list[Entry]:
        """The rounds of one workload on one contender."""
        return [e for e in self.entries if (e.workload, e.contender) == (workload, contender)]

    def values(self, workload: str, contender: str, figure: str) -> list[float]:
        """One figure over the rounds that have it."""
        found = (entry.figure(figure) for entry in self.of(workload, contender))
        return [value for value in found if value is not None]

    def complete(self, workload: str, contender: str) -> bool:
        """Whether there were rounds, and in all of them everybody got everything."""
        entries = self.of(workload, contender)
        return bool(entries) and all(entry.complete for entry in entries)

    def ratio(self, workload: str, figure: str, ours: str, theirs: str) -> float | None:
        """The median of our figure over theirs, round by round: neighbours in time."""
        peers = {entry.number: entry.figure(figure) for entry in self.of(workload, theirs)}
        ratios = [
            value / peer
            for entry in self.of(workload, ours)
            if (value := entry.figure(figure)) is not None and (peer := peers.get(entry.number))
        ]
        return median(ratios) if ratios else None

    def raw(self) -> list[dict[str, object]]:
        """Everything, as JSON."""
        return [asdict(entry) for entry in self.entries]
