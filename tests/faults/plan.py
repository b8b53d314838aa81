"""What a run does: how many faults of each kind and when, and which jobs are posted meanwhile.

Everything here follows from the seed. It knows no process and no store.
"""

import math
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import cycle, islice
from typing import Any, Final, Literal

FaultKind = Literal["worker kill", "api kill", "store restart", "zombie", "sigterm", "partition"]

FULL: Final[Mapping[FaultKind, int]] = {
    "worker kill": 60,
    "api kill": 15,
    "store restart": 10,
    "zombie": 20,
    "sigterm": 20,
    "partition": 6,
}
FULL_JOBS: Final = 300
FULL_TALKS: Final = 30
"""Conversations."""
FULL_SPAN_S: Final = 540.0
DEFAULT_LEASE_KILLS: Final = 10
MANY_ATTEMPTS: Final = 100
"""As many as a job may have: here it is the workers that are at fault, again and again."""

LONGEST: Final = 160
"""Events of the longest job: 13 s at most."""

HOW: Final[Mapping[FaultKind, tuple[str, ...]]] = {
    "worker kill": ("SIGKILL",),
    "api kill": ("SIGKILL",),
    "store restart": ("SIGKILL", "SIGTERM"),
    "zombie": ("after claim", "before close", "anywhere", "after close"),
    "sigterm": ("worker", "api", "worker"),
    "partition": (
        "worker both",
        "worker down",
        "api both",
        "worker up",
        "worker reset",
        "api down",
    ),
}
"""The ways of each kind, taken in turn."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong."""

    at_s: float
    """When, since the load began; later if there is nothing to break just then."""
    kind: FaultKind
    how: str
    lasts: float
    """How long, from 0 (as short as this kind can be) to 1."""


@dataclass(frozen=True, slots=True)
class Pass:
    """One service with its settings, what is done to it and how much work it has."""

    name: str
    seed: int
    counts: Mapping[FaultKind, int]
    jobs: int
    span_s: float
    lease_s: float = 2.0
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    workers: int = 4
    apis: int = 2
    listeners: int = 6
    talks: int = 0
    """How many conversations."""
    longest: int = LONGEST
    """How many events a job has at most."""
    namespaces: bool = False
    """Give each worker a network of its own, where the harness is root; otherwise its link is all
    that can be cut."""

    def faults(self) -> list[Fault]:
        """The schedule: kinds mixed, moments spread over the whole span."""
        rng = random.Random(f"{self.seed} {self.name} faults")
        kinds: list[tuple[FaultKind, str]] = [
            (kind, how)
            for kind, count in self.counts.items()
            for how in islice(cycle(HOW[kind]), count)
        ]
        rng.shuffle(kinds)
        step_s = self.span_s / max(len(kinds), 1)
        return [
            Fault((n + rng.random()) * step_s, kind, how, rng.random())
            for n, (kind, how) in enumerate(kinds)
        ]


@dataclass(frozen=True, slots=True)
class PlannedJob:
    """A job to post, and how it may end."""

    graph: str
    input: Mapping[str, Any]
    ends: frozenset[str]
    max_attempts: int | None = MANY_ATTEMPTS
    cancel_after_s: float | None = None

    @property
    def body(self) -> dict[str, Any]:
        """As it is posted."""
        body: dict[str, Any] = {"graph": self.graph, "input": dict(self.input)}
        return body if self.max_attempts is None else body | {"max_attempts": self.max_attempts}

    @property
    def firsts(self) -> set[int]:
        """The numbers at which an attempt may begin to count: the first of each node."""
        count, nodes = self.input["count"], self.input.get("nodes", 2)
        return {count * node // nodes + 1 for node in range(nodes)}


def passes(seed: int, scale: float) -> list[Pass]:
    """The two passes of a run: everything under a short lease, and kills under the default one.

    Args:
        seed: the same seed, the same schedule.
        scale: 1 is a whole run; below it there are as many times fewer faults and jobs.
    """

    def scaled(number: int) -> int:
        return max(1, math.ceil(number * scale))

    short = {
        "TAILRACE_LEASE_S": "2",
        "TAILRACE_RENEWAL_S": "0.4",
        "TAILRACE_GRACE_S": "2",
        "TAILRACE_HEARTBEAT_S": "1",
    }
    counts: dict[FaultKind, int] = {kind: scaled(count) for kind, count in FULL.items()}
    kills = scaled(DEFAULT_LEASE_KILLS)
    return [
        Pass(
            "every fault",
            seed,
            counts,
            scaled(FULL_JOBS),
            FULL_SPAN_S * scale,
            2.0,
            short,
            talks=scaled(FULL_TALKS),
            namespaces=True,
        ),
        Pass("default lease", seed, {"worker kill": kills}, 3 * kills, 6.0 * kills, 5.0, {}, 3),
    ]


def planned_job(seed: int, number: int, longest: int = LONGEST) -> PlannedJob:
    """The job of this number; there is no last one. It counts to `longest` at most."""
    rng = random.Random(f"{seed} job {number}")
    count = rng.randint(longest // 4, longest)
    value = {
        "count": count,
        "interval_s": round(rng.uniform(0.03, 0.08), 3),
        "pad_bytes": rng.choice((0, 0, 20, 300)),
    }
    counted = value | {"nodes": rng.randint(1, 8), "tag": f"job {number}"}
    match rng.random():
        case p if p < 0.08:
            ends = frozenset({"cancelled", "succeeded"})
            return PlannedJob("counter", counted, ends, cancel_after_s=rng.uniform(0, 5))
        case p if p < 0.15:
            return PlannedJob("question", value, frozenset({"succeeded"}))
        case p if p < 0.18:
            failing = counted | {"fail_at": rng.randint(1, count)}
            return PlannedJob("counter", failing, frozenset({"failed"}))
        case p if p < 0.23:
            return PlannedJob("counter", counted, frozenset({"succeeded", "worker-lost"}), None)
        case _:
            return PlannedJob("counter", counted, frozenset({"succeeded"}))
