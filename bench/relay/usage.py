"""What a measurement cost: CPU of the server and of what works for it, and who else was there."""

import time
from collections.abc import Mapping
from dataclasses import dataclass

from bench.relay.accounting import busy_s, cpu_s
from bench.relay.contenders.relay import Relay
from bench.relay.cores import server_core

SERVER = "server"


@dataclass(frozen=True, slots=True)
class Usage:
    """Seconds from one moment on, or up to it."""

    cpu_s: Mapping[str, float]
    """By process: the server's, and of those beside it."""
    core_s: float
    """In which the server's core was busy, for whomever."""
    wall_s: float

    @classmethod
    def of(cls, relay: Relay) -> "Usage":
        """Up to now."""
        pids = {SERVER: relay.pid, **relay.beside}
        cpu = {name: cpu_s(pid) for name, pid in pids.items()}
        return cls(cpu, busy_s(server_core()), time.monotonic())

    def since(self, before: "Usage") -> "Usage":
        """From that moment to this one."""
        cpu = {name: seconds - before.cpu_s[name] for name, seconds in self.cpu_s.items()}
        return Usage(cpu, self.core_s - before.core_s, self.wall_s - before.wall_s)

    def load_share(self, *programs_s: float) -> float:
        """How much of the load's core the programs and what works for the server have taken."""
        beside = sum(seconds for name, seconds in self.cpu_s.items() if name != SERVER)
        return (beside + sum(programs_s)) / self.wall_s

    def figures(self, events: int) -> dict[str, float | None]:
        """CPU for each million events; and the share of the server's core that others took."""
        costs = {f"{n}_cpu_per_million": s * 1e6 / max(events, 1) for n, s in self.cpu_s.items()}
        others = max(0.0, self.core_s - self.cpu_s[SERVER]) / self.wall_s
        return {**costs, "others_share": others}
