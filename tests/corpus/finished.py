"""What had finished when a worker was killed, by its job's log; and whether any of it ran again.

Finished is what the log says has ended: a `tasks` event with a result, or a node's `updates`.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tailrace.shared.events import encode
from tests.corpus.counting import Start
from tests.corpus.normal import Told


@dataclass(slots=True)
class Kills:
    """What the kills of one job's workers have met, one after another."""

    finished: dict[str, str] = field(default_factory=dict[str, str])
    """What had begun in tasks that had finished, by task."""
    unfinished: Counter[str] = field(default_factory=Counter[str])
    """How often what had begun was cut off: it may run again as often."""
    again: list[str] = field(default_factory=list[str])
    """What ran in a task that had finished already."""
    cut: int = 0
    """Attempts that were killed while they ran."""
    _known: int = 0

    def note(self, log: Sequence[Told], starts: Sequence[Start]) -> None:
        """Take a kill into account: the log and the starts as it left them."""
        self.look(starts)
        ended = _ended(log, starts)
        self.finished |= {start.task: start.name for start in starts if start.task in ended}
        since = _running_since(log)
        if since is not None:
            self.cut += 1
            cut_off = [s for s in starts if s.at >= since and s.task not in ended]
            self.unfinished.update(start.name for start in cut_off)

    def look(self, starts: Sequence[Start]) -> None:
        """Look through what has begun since the last look for what had finished before."""
        new = starts[self._known :]
        self.again += [start.name for start in new if start.task in self.finished]
        self._known = len(starts)


def ran_too_often(kills: Kills, alone: Counter[str], starts: Sequence[Start]) -> Iterator[str]:
    """What ran more often than LangGraph runs it and kills explain, whatever its tasks' ids."""
    allowed = alone + kills.unfinished
    for name, count in Counter(start.name for start in starts).items():
        if count > allowed[name]:
            cut = kills.unfinished[name]
            yield f"{name} {count} times for {alone[name]}, cut off {cut} times"


def _ended(log: Sequence[Told], starts: Sequence[Start]) -> set[str]:
    """The tasks that the log says have ended well."""
    results = [told.data for told in log if told.name == "tasks" and _is_well(told.data["data"])]
    ended = {told["data"]["id"] for told in results}
    more = Counter(map(_place, _only_updated(log)))
    for start in starts:
        place = (tuple(start.ns.split("|")[:-1]), start.node)
        if more[place] > 0 and start.task not in ended:
            more[place] -= 1
            ended.add(start.task)
    return ended


def _only_updated(log: Sequence[Told]) -> Iterator[Any]:
    """The ends that `updates` alone tell: all, where `tasks` is not streamed, else the last event.

    LangGraph tells an update again where it goes on behind it.
    """
    updates = [told.data for told in log if told.name == "updates"]
    if not any(told.name == "tasks" for told in log):
        yield from {encode(told): told for told in updates}.values()
    elif log[-1].name == "updates" and updates[-1] not in updates[:-1]:
        yield updates[-1]


def _is_well(told: dict[str, Any]) -> bool:
    return "result" in told and not told["error"] and not told["interrupts"]


def _place(told: Any) -> tuple[tuple[str, ...], str]:
    return tuple(told["ns"]), told["node"]


def _running_since(log: Sequence[Told]) -> float | None:
    """When the attempt began that runs; None where none does."""
    last = [told.data for told in log if told.name in {"status", "end"}][-1]
    if last["status"] != "running":
        return None
    return datetime.fromisoformat(last["at"]).timestamp()
